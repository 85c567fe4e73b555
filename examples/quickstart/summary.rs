//! The tables at the end.

use std::time::Duration;

use mirror_runtime::{FailureKind, MirrorStats, ShedReason, SkipReason, TargetStats};

use crate::traffic::Latencies;

#[derive(Default)]
pub(crate) struct Summary {
    latencies: Vec<(&'static str, Latencies)>,
}

impl Summary {
    pub(crate) fn add(&mut self, phase: &'static str, latencies: Latencies) {
        self.latencies.push((phase, latencies));
    }

    pub(crate) fn print(&self, stats: &MirrorStats) {
        println!("      copies            received  sent  answered  failed  skipped  shed");
        for target in &stats.targets {
            print_target(target);
        }
        println!("\n      clients waited    requests       p50       p99");
        for (phase, latencies) in &self.latencies {
            println!(
                "      {phase:<17} {:>8}  {:>8}  {:>8}",
                latencies.count(),
                millis(latencies.percentile(50)),
                millis(latencies.percentile(99))
            );
        }
    }
}

fn print_target(target: &TargetStats) {
    println!(
        "      {:<17} {:>8}  {:>4}  {:>8}  {:>6}  {:>7}  {:>4}   {}",
        target.name,
        target.received,
        target.sent,
        target.answered,
        target.failed,
        target.skipped,
        target.shed,
        reasons(target)
    );
}

/// Why copies failed, or were not sent.
fn reasons(target: &TargetStats) -> String {
    let failed = FailureKind::ALL.iter();
    let failed = failed.map(|kind| (kind.as_str(), target.failed_with(*kind)));
    let skipped = SkipReason::ALL.iter();
    let skipped = skipped.map(|reason| (reason.as_str(), target.skipped_for(*reason)));
    let shed = ShedReason::ALL.iter();
    let shed = shed.map(|reason| (reason.as_str(), target.shed_for(*reason)));
    let all = failed.chain(skipped).chain(shed);
    let some = all.filter(|(_, count)| *count > 0);
    some.map(|(reason, count)| format!("{reason} {count}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}
