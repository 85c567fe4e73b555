//! `mirror set`, `off`, `on` and `reset`: changes through the control router.

use std::{collections::BTreeMap, time::Duration};

use mirror_dashboard::{Change, Changed};
use serde_json::Value;

use super::said;
use crate::{
    args::{Access, duration},
    client::{Address, Client},
    exit::{Exit, Stop},
    output, text,
};

/// Set the share of the requests that is copied to a target
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  export URL=http://localhost:8080/admin/mirror-control
  mirror set $URL --mirror orders --target rewrite --percentage 5
  mirror set $URL --mirror orders --target rewrite --percentage 50 --for 1h --reason 'load test'

The URL is that of the control router. Exits with 0 if it is done, 1 if it was refused, 3 if the
control router cannot be reached.")]
pub(crate) struct SetArgs {
    #[command(flatten)]
    to: To,
    /// Name of the mirror
    #[arg(long, value_name = "NAME")]
    mirror: String,
    /// Name of the target
    #[arg(long, value_name = "NAME")]
    target: String,
    /// Share of the requests, from 0 to 100
    #[arg(long, value_name = "NUMBER", value_parser = percentage, allow_negative_numbers = true)]
    percentage: f64,
    #[command(flatten)]
    how: How,
}

/// Switch a mirror off: no copies are made
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mirror off http://localhost:8080/admin/mirror-control --mirror orders --reason 'shadow is down'
  mirror off http://localhost:8080/admin/mirror-control --mirror orders --fleet --for 1h
  mirror off http://localhost:8080/admin/mirror-control --all --for 30m")]
pub(crate) struct OffArgs {
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    how: How,
}

/// Switch a mirror on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mirror on http://localhost:8080/admin/mirror-control --mirror orders
  mirror on http://localhost:8080/admin/mirror-control --all")]
pub(crate) struct OnArgs {
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    how: How,
}

/// Remove what was set in the process, or with `--fleet` for all: the layers below decide again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mirror reset http://localhost:8080/admin/mirror-control --mirror orders
  mirror reset http://localhost:8080/admin/mirror-control --mirror orders --fleet
  mirror reset http://localhost:8080/admin/mirror-control --all")]
pub(crate) struct ResetArgs {
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    which: Which,
}

/// Begin the report on a mirror anew: what was compared so far counts for nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Do so when a new build of the shadow is deployed, unless it says its version. In one instance of a
fleet or with `--fleet`, all instances begin anew.

Examples:
  mirror restart-report http://localhost:8080/admin/mirror-control --mirror orders
  mirror restart-report http://localhost:8080/admin/mirror-control --mirror orders --fleet
  mirror restart-report http://localhost:8080/admin/mirror-control --all --reason 'build 2.1.0'")]
pub(crate) struct RestartReportArgs {
    #[command(flatten)]
    to: To,
    #[command(flatten)]
    which: Which,
    /// Why, for the log
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
struct To {
    /// URL of the control router
    url: String,
    #[command(flatten)]
    access: Access,
    /// In all instances of the service, whichever of them is asked
    #[arg(long)]
    fleet: bool,
    /// Print the state as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Name of the mirror
    #[arg(long, value_name = "NAME")]
    mirror: Option<String>,
    /// All mirrors, also those that are made later
    #[arg(long)]
    all: bool,
}

#[derive(Debug, clap::Args)]
struct How {
    /// For how long; then it is again as it was
    #[arg(long = "for", value_name = "TIME", value_parser = whole_seconds)]
    span: Option<Duration>,
    /// Why, for the log and for those who look at the page
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl How {
    fn apply(self, change: Change) -> Change {
        let change = match self.span {
            Some(span) => change.for_seconds(span.as_secs()),
            None => change,
        };
        match self.reason {
            Some(reason) => change.because(reason),
            None => change,
        }
    }
}

impl SetArgs {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let change = Change::default().percentage(&self.target, self.percentage);
        let changed = self.to.send(Some(&self.mirror), &self.how.apply(change))?;
        let off = changed.iter().find(|changed| !changed.control.is_enabled);
        if let Some(off) = off {
            let mirror = text::name(&off.mirror);
            output::note(&format!(
                "note: `{mirror}` is off, so nothing is copied before `mirror on`"
            ));
        }
        Ok(Exit::Good)
    }
}

impl OffArgs {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let change = self.how.apply(Change::default().enabled(false));
        self.to.send(self.which.mirror.as_deref(), &change)?;
        Ok(Exit::Good)
    }
}

impl OnArgs {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let change = self.how.apply(Change::default().enabled(true));
        self.to.send(self.which.mirror.as_deref(), &change)?;
        Ok(Exit::Good)
    }
}

impl ResetArgs {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let change = Change::default().reset();
        self.to.send(self.which.mirror.as_deref(), &change)?;
        Ok(Exit::Good)
    }
}

impl RestartReportArgs {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let how = How {
            span: None,
            reason: self.reason,
        };
        let change = how.apply(Change::default().restart_report());
        self.to.send(self.which.mirror.as_deref(), &change)?;
        Ok(Exit::Good)
    }
}

impl To {
    /// Sends a change to one mirror, or to all, and prints the state that is answered.
    fn send(&self, mirror: Option<&str>, change: &Change) -> Result<Vec<Changed>, Stop> {
        if mirror == Some("") {
            return Err(Stop::usage("the name of the mirror is empty"));
        }
        let change = if self.fleet {
            &change.clone().for_fleet()
        } else {
            change
        };
        let address = Address::new(&self.url)?;
        let client = Client::new(&self.access, &address)?;
        let body = client.change(&address.control(mirror), change)?;
        let changed = understood(&body, mirror).ok_or_else(|| {
            Stop::new(
                Exit::Bad,
                format_args!(
                    "{address} has responded, but not as a control router does: give the URL of the control router, like http://localhost:8080/admin/mirror-control"
                ),
            )
        })?;
        if self.json {
            // It has just been read as JSON.
            output::json(&serde_json::from_slice(&body).unwrap_or(Value::Null));
        } else {
            for changed in &changed {
                if change.restart_report {
                    let mirror = text::name(&changed.mirror);
                    output::line(format_args!("{mirror}: the report is begun anew"));
                } else {
                    print(changed);
                }
            }
            if changed.is_empty() {
                output::note(
                    "note: the program has no mirrors yet; those that are made later obey",
                );
            }
        }
        Ok(changed)
    }
}

fn understood(body: &[u8], mirror: Option<&str>) -> Option<Vec<Changed>> {
    if mirror.is_some() {
        return Some(vec![serde_json::from_slice(body).ok()?]);
    }
    let mut all: BTreeMap<String, Value> = serde_json::from_slice(body).ok()?;
    serde_json::from_value(all.remove("mirrors")?).ok()
}

fn print(changed: &Changed) {
    let mirror = text::name(&changed.mirror);
    let here = said::switch(&changed.control);
    match &changed.fleet {
        Some(settings) => {
            for told in said::fleet(settings) {
                output::line(format_args!("{mirror}: {told}"));
            }
            output::line(format_args!("  in the instance that was asked: {here}"));
        }
        None => {
            output::line(format_args!("{mirror}: {here}"));
        }
    }
    for (target, share) in &changed.targets {
        output::line(format_args!(
            "  {}: {}",
            text::name(target),
            said::share(share)
        ));
    }
}

fn percentage(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    match number.parse() {
        Ok(percentage) if (0.0..=100.0).contains(&percentage) => Ok(percentage),
        Ok(_) => Err("it must be between 0 and 100".to_owned()),
        Err(_) => Err("it must be a number between 0 and 100, like `2.5`".to_owned()),
    }
}

fn whole_seconds(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.subsec_nanos() != 0 {
        return Err("it must be a whole number of seconds".to_owned());
    }
    Ok(duration)
}
