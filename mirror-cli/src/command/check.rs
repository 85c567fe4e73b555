//! `mirror check`: the verdict as a status of the process.

mod judged;

use std::{
    thread,
    time::{Duration, Instant},
};

use mirror_dashboard::snapshot::Snapshot;

use self::judged::{Asked, Judged};
use crate::{
    args::{Access, duration, interval},
    client::{Address, Client, Failure, Kind},
    exit::{Exit, Stop},
    fleet::of_fleet,
    output,
};

/// How often somebody who waits is told that the reason is another one.
const TELL_AGAIN: Duration = Duration::from_secs(30);

/// The last request of a wait has at least this long.
const LAST_REQUEST: Duration = Duration::from_secs(1);

/// Exit with the verdict on a shadow: 0 is `promote`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits with
  0  promote
  1  regressed
  2  hold, or too little is known: not enough data, not compared, no such mirror or target
  3  unreachable, or no snapshot there
 64  the command line is wrong

Examples:
  mirror check http://localhost:8080/admin/mirror --mirror orders --target rewrite
  mirror check https://shop.internal/admin/mirror --mirror orders --wait 10m --json
  mirror check http://shop/admin/mirror --mirror orders --fleet --wait 1h
  mirror check http://localhost:8080/admin/mirror && ./switch-over")]
pub(crate) struct Args {
    /// URL of the page, or of its snapshot.json
    url: String,
    /// Name of the mirror [default: all that compare]
    #[arg(long, value_name = "NAME")]
    mirror: Option<String>,
    /// Name of the target [default: all that are compared must be `promote`]
    #[arg(long, value_name = "NAME", requires = "mirror")]
    target: Option<String>,
    /// Judge all instances of the service together, whichever of them is asked
    #[arg(long)]
    fleet: bool,
    /// Ask again until it is `promote` or `regressed`, for so long at most
    #[arg(long, value_name = "TIME", value_parser = duration)]
    wait: Option<Duration>,
    /// How often to ask, from 100ms to 1h
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval, requires = "wait")]
    interval: Duration,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

impl Args {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let address = Address::new(&self.url)?;
        let client = Client::new(&self.access, &address)?;
        let source = Source {
            client,
            address,
            asked: Asked {
                mirror: self.mirror.as_deref(),
                target: self.target.as_deref(),
            },
            fleet: self.fleet,
        };
        let judged = match self.wait {
            None => source.judge(source.client.timeout()).0,
            Some(wait) => source.wait(wait, self.interval),
        };
        if self.json {
            output::json(&judged.to_json());
        } else {
            let style = output::style_of(judged.verdict);
            let (word, rest) = judged.line();
            output::line(format_args!("{style}{word}{style:#}: {rest}"));
        }
        Ok(judged.exit)
    }
}

struct Source<'a> {
    client: Client,
    address: Address,
    asked: Asked<'a>,
    fleet: bool,
}

impl Source<'_> {
    /// Asks once, and says whether it is of use to ask again.
    fn judge(&self, timeout: Duration) -> (Judged, bool) {
        match self.snapshot(timeout) {
            Ok(mut snapshot) => {
                if self.fleet {
                    let old = of_fleet(&mut snapshot, self.asked.mirror);
                    if let Some(error) = old.unwrap_or_else(Some) {
                        return (Judged::unreachable(error), true);
                    }
                }
                let judged = Judged::new(&snapshot, self.asked);
                let is_open = judged.exit == Exit::Undecided;
                (judged, is_open)
            }
            Err(failure) => {
                let is_open = failure.kind != Kind::Final;
                (Judged::unreachable(failure.text), is_open)
            }
        }
    }

    /// A snapshot of the mirror, or of all if the page does not know it: then there are others to
    /// name, or no page at all.
    fn snapshot(&self, timeout: Duration) -> Result<Snapshot, Failure> {
        let all = self.address.snapshot(&[]);
        let Some(mirror) = self.asked.mirror else {
            return self.client.snapshot(&all, timeout);
        };
        let one = self.address.snapshot(&[("mirror", mirror)]);
        match self.client.snapshot(&one, timeout) {
            Err(failure) if failure.kind == Kind::NotFound => self.client.snapshot(&all, timeout),
            heard => heard,
        }
    }

    /// Asks again and again, until a verdict is known or the time is over.
    fn wait(&self, wait: Duration, interval: Duration) -> Judged {
        let end = Instant::now() + wait;
        let mut timeout = self.client.timeout();
        let mut told: Option<(String, String, Instant)> = None;
        loop {
            let (judged, is_open) = self.judge(timeout);
            let left = end.saturating_duration_since(Instant::now());
            if !is_open || left.is_zero() {
                return judged;
            }
            let (word, rest) = judged.line();
            let is_told = told.as_ref().is_some_and(|(last_word, last_rest, at)| {
                *last_word == word && (*last_rest == rest || at.elapsed() < TELL_AGAIN)
            });
            if !is_told {
                output::note(&format!("waiting: {word}: {rest}"));
                told = Some((word, rest, Instant::now()));
            }
            thread::sleep(interval.min(left));
            // So that it ends when it should, whatever the server does.
            let left = end.saturating_duration_since(Instant::now());
            timeout = self.client.timeout().min(left.max(LAST_REQUEST));
        }
    }
}
