//! `mirror report`: what is known of the mirrors, as text or JSON.

use std::fmt::Write as _;

use mirror_dashboard::snapshot::{Counts, MirrorSnapshot, Report, Snapshot, TargetSnapshot};
use serde_json::json;

use super::said;
use crate::{
    args::Access,
    client::{Address, Client},
    exit::{Exit, Stop},
    fleet::of_fleet,
    output, text,
};

/// How many places are shown of each target, unless all are asked for.
const PLACES: usize = 10;

/// Print what is known of each mirror: verdict, counts and differences
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mirror report http://localhost:8080/admin/mirror
  mirror report http://localhost:8080/admin/mirror --mirror orders --fleet
  mirror report http://localhost:8080/admin/mirror --fleet --json

Exits with 0, whatever the verdict: `mirror check` exits with it. 2 if there is no such mirror, 3 if
the page cannot be reached, or with `--fleet` the numbers are old: they are printed all the same.")]
pub(crate) struct Args {
    /// URL of the page, or of its snapshot.json
    url: String,
    /// Name of the mirror [default: all]
    #[arg(long, value_name = "NAME")]
    mirror: Option<String>,
    /// Of all instances of the service together, whichever of them is asked
    #[arg(long)]
    fleet: bool,
    /// All places that differ, and not the first ten of each target
    #[arg(long)]
    all: bool,
    /// Print one object of JSON: the snapshot
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

impl Args {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let address = Address::new(&self.url)?;
        let client = Client::new(&self.access, &address)?;
        let all = address.snapshot(&[]);
        let snapshot = client.snapshot(&all, client.timeout());
        let unreachable = |text: String| Stop::new(Exit::Unreachable, text);
        let mut snapshot: Snapshot = snapshot.map_err(|failure| unreachable(failure.text))?;
        if let Some(name) = &self.mirror {
            snapshot.mirrors.retain(|mirror| mirror.name == *name);
            if snapshot.mirrors.is_empty() {
                let error = format!("there is no mirror `{name}`");
                return Err(Stop::new(Exit::Undecided, error));
            }
        }
        let old = if self.fleet {
            of_fleet(&mut snapshot, None).map_err(unreachable)?
        } else {
            None
        };
        // What was known is better than nothing, and not what was asked for.
        let exit = match old {
            Some(old) => {
                output::warning(&text::message(&old));
                Exit::Unreachable
            }
            None => Exit::Good,
        };
        if self.json {
            output::json(&json!(snapshot));
            return Ok(exit);
        }
        if snapshot.mirrors.is_empty() {
            output::line("the program has no mirrors");
        }
        for mirror in &snapshot.mirrors {
            self.print(mirror);
        }
        Ok(exit)
    }

    fn print(&self, mirror: &MirrorSnapshot) {
        let name = text::name(&mirror.name);
        if let Some(fleet) = mirror.fleet.as_ref().filter(|_| self.fleet) {
            output::line(format_args!("{name}: {}", said::instances(fleet)));
            for told in said::fleet(&fleet.settings) {
                output::line(format_args!("  {told}"));
            }
            let here = said::switch(&mirror.control);
            output::line(format_args!("  in the instance that was asked: {here}"));
            for target in &mirror.targets {
                if matches!(&*target.share.source, "fleet" | "api") && mirror.control.is_enabled {
                    let (name, share) = (text::name(&target.name), said::share(&target.share));
                    output::line(format_args!(
                        "  in the instance that was asked: {name}: {share}"
                    ));
                }
            }
            if fleet.read_unix_ms.is_none() {
                output::line("  nothing is known of the other instances yet");
                return;
            }
        } else {
            output::line(format_args!("{name}: {}", said::switch(&mirror.control)));
        }
        if !mirror.has_traffic {
            output::line("  no traffic yet");
            return;
        }
        for target in &mirror.targets {
            self.print_target(target);
        }
    }

    fn print_target(&self, target: &TargetSnapshot) {
        let style = output::style_of(target.verdict);
        let word = match target.verdict {
            Some(verdict) => verdict.as_str(),
            None if target.is_baseline => "baseline",
            None => "not_compared",
        };
        let (name, reason) = (text::name(&target.name), text::message(&target.reason));
        output::line(format_args!("  {name}: {style}{word}{style:#}: {reason}"));
        let stats = &target.stats;
        let shown = |word: &str, count: u64, by: &Counts| format!("{count} {word}{}", reasons(by));
        let in_flight = match stats.in_flight {
            0 => String::new(),
            count => format!(", {count} in flight"),
        };
        output::line(format_args!(
            "    {} received, {} sent, {} answered, {}{in_flight}, {}, {}",
            stats.received,
            stats.sent,
            stats.answered,
            shown("failed", stats.failed, &stats.failed_by_kind),
            shown("skipped", stats.skipped, &stats.skipped_by_reason),
            shown("shed", stats.shed, &stats.shed_by_reason),
        ));
        if let Some(report) = &target.report {
            output::line(format_args!("    {}", compared(report)));
            self.print_places(report);
        }
    }

    fn print_places(&self, report: &Report) {
        let most = if self.all { usize::MAX } else { PLACES };
        for group in report.differences.iter().take(most) {
            let place = match (&*group.pointer, &*group.kind) {
                ("", "status" | "not_modified") => "status".to_owned(),
                ("", _) => "(body)".to_owned(),
                (pointer, _) => text::name(pointer),
            };
            let noise = if group.noise { ", noise" } else { "" };
            let option = match &group.option {
                Some(option) => format!("  {}", text::message(option)),
                None => String::new(),
            };
            let responses = match group.comparisons {
                1 => "1 response".to_owned(),
                count => format!("{count} responses"),
            };
            output::line(format_args!(
                "      {place} ({}{noise}): {responses}{option}",
                text::name(&group.kind),
            ));
        }
        let left = report.differences.len().saturating_sub(most);
        if left > 0 {
            output::line(format_args!("      and {left} more: `--all` shows them"));
        }
        if report.other_differences > 0 {
            let other = match report.other_differences {
                1 => "1 difference".to_owned(),
                count => format!("{count} differences"),
            };
            output::line(format_args!("      and {other} elsewhere"));
        }
    }
}

/// ` (timeout 3, connect 1)`, if there is something.
fn reasons(counts: &Counts) -> String {
    let mut told: Vec<_> = counts.iter().filter(|(_, count)| **count > 0).collect();
    if told.is_empty() {
        return String::new();
    }
    told.sort_by_key(|(word, count)| (std::cmp::Reverse(**count), (*word).clone()));
    let told = told.iter();
    let told: Vec<_> = told
        .map(|(word, count)| format!("{} {count}", text::name(word)))
        .collect();
    format!(" ({})", told.join(", "))
}

fn compared(report: &Report) -> String {
    let differ = report.mismatched.saturating_add(report.schema_mismatch);
    let mut line = format!(
        "{} compared, {differ} differ, {} differ in noise, {} not compared{}",
        report.compared,
        report.noise,
        report.not_compared,
        reasons(&report.not_compared_by_reason),
    );
    if let (Some(shadow), Some(primary)) =
        (report.shadow_latency.p95_us, report.primary_latency.p95_us)
    {
        let _ = write!(
            line,
            "; p95 {}, the primary's {}",
            time(shadow),
            time(primary)
        );
    }
    if let Some(version) = &report.version {
        let _ = write!(line, "; version {}", text::name(version));
    }
    if let Some(since) = report.since_unix_s {
        let _ = write!(line, "; since {}", said::time(since));
    }
    line
}

fn time(micros: u64) -> String {
    format!("{:.1?}", std::time::Duration::from_micros(micros))
}
