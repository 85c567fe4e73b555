//! The counters behind the statistics: written without locks, and read so that they always add up.

use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;

use super::{TargetStats, class};
use crate::outcome::{FailureKind, NotSent, ShedReason, SkipReason};

/// The counters of one target.
///
/// Only ends are counted: what was received and what is in flight follow from them, so that no reader can see a sum
/// whose parts disagree.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    sent: AtomicU64,
    answered: [AtomicU64; 5],
    failed: [AtomicU64; FailureKind::ALL.len()],
    skipped: [AtomicU64; SkipReason::ALL.len()],
    shed: [AtomicU64; ShedReason::ALL.len()],
}

impl Counters {
    pub(crate) fn not_sent(&self, outcome: NotSent) {
        let counter = match outcome {
            NotSent::Skipped(reason) => &self.skipped[reason as usize],
            NotSent::Shed(reason) => &self.shed[reason as usize],
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A copy leaves. It must be counted as answered or failed later, by something that happens after this.
    pub(crate) fn sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn answered(&self, status: StatusCode) {
        // `Release`, with the `Acquire` in `snapshot`: who sees this copy's end sees its start.
        self.answered[class(status)].fetch_add(1, Ordering::Release);
    }

    pub(crate) fn failed(&self, kind: FailureKind) {
        self.failed[kind as usize].fetch_add(1, Ordering::Release);
    }

    pub(crate) fn snapshot(&self, name: &str) -> TargetStats {
        // The ends of copies are read before their starts, so that no copy has ended that has not started.
        let answered_by_class = load(&self.answered, Ordering::Acquire);
        let failed_by_kind = load(&self.failed, Ordering::Acquire);
        let sent = self.sent.load(Ordering::Relaxed);
        let skipped_by_reason = load(&self.skipped, Ordering::Relaxed);
        let shed_by_reason = load(&self.shed, Ordering::Relaxed);
        let [answered, failed] = [
            answered_by_class.iter().sum(),
            failed_by_kind.iter().sum::<u64>(),
        ];
        let [skipped, shed] = [
            skipped_by_reason.iter().sum(),
            shed_by_reason.iter().sum::<u64>(),
        ];
        TargetStats {
            name: name.to_owned(),
            received: sent + skipped + shed,
            sent,
            answered,
            failed,
            in_flight: sent - answered - failed,
            skipped,
            shed,
            answered_by_class,
            failed_by_kind,
            skipped_by_reason,
            shed_by_reason,
        }
    }
}

fn load<const N: usize>(counters: &[AtomicU64; N], ordering: Ordering) -> [u64; N] {
    std::array::from_fn(|i| counters[i].load(ordering))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_counter_of_its_own() {
        let counters = Counters::default();
        for reason in SkipReason::ALL {
            counters.not_sent(reason.into());
        }
        for reason in ShedReason::ALL {
            counters.not_sent(reason.into());
        }
        for kind in FailureKind::ALL {
            counters.sent();
            counters.failed(kind);
        }
        let stats = counters.snapshot("x");
        assert!(
            SkipReason::ALL
                .into_iter()
                .all(|reason| stats.skipped_for(reason) == 1)
        );
        assert!(
            ShedReason::ALL
                .into_iter()
                .all(|reason| stats.shed_for(reason) == 1)
        );
        assert!(
            FailureKind::ALL
                .into_iter()
                .all(|kind| stats.failed_with(kind) == 1)
        );
    }

    #[test]
    fn answers_are_counted_by_class() {
        let counters = Counters::default();
        for status in [200, 202, 404, 500, 799] {
            counters.sent();
            counters.answered(StatusCode::from_u16(status).unwrap());
        }
        let stats = counters.snapshot("x");
        let with = |status: u16| stats.answered_with(StatusCode::from_u16(status).unwrap());
        assert_eq!([with(200), with(301), with(400), with(500)], [2, 0, 1, 2]);
    }

    #[test]
    fn every_snapshot_adds_up_while_threads_count() {
        let counters = Counters::default();
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        for i in 0..20_000_u32 {
                            match i % 3 {
                                0 => counters.not_sent(SkipReason::NotSampled.into()),
                                1 => counters.not_sent(ShedReason::InFlightLimit.into()),
                                _ => {
                                    counters.sent();
                                    counters.answered(StatusCode::OK);
                                }
                            }
                        }
                    })
                })
                .collect();
            while !writers
                .iter()
                .all(std::thread::ScopedJoinHandle::is_finished)
            {
                // The subtraction in `snapshot` would panic if a copy could end before it started.
                let stats = counters.snapshot("x");
                assert_eq!(stats.received, stats.sent + stats.skipped + stats.shed);
            }
        });
        assert_eq!(counters.snapshot("x").received, 40_000);
    }
}
