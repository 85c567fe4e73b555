//! The counters of one target: written without locks, and read so that they always add up.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use http::StatusCode;
#[cfg(feature = "compare")]
use mirror_compare::{Comparison, Verdict};
use mirror_compare::{DifferenceKind, NotComparedReason};

use super::{Latency, LatencyRecorder, Measured, TargetStats, tally::Tally};
use crate::outcome::{
    Callback, CallbackOutcome, FailureKind, FixtureOutcome, ShedReason, SkipReason,
};

const SKIPS: usize = SkipReason::ALL.len();
const SHEDS: usize = ShedReason::ALL.len();
const FAILURES: usize = FailureKind::ALL.len();
const NOT_COMPARED: usize = NotComparedReason::ALL.len();
const DIFFERENCES: usize = DifferenceKind::ALL.len();
const CALLBACKS: usize = Callback::ALL.len();
const CALLS: usize = CallbackOutcome::ALL.len();
const FIXTURES: usize = FixtureOutcome::ALL.len();
/// Statuses from `1xx` to `5xx`.
const CLASSES: usize = 5;
/// Where those begin whose responses had not ended when the time of their copies was over.
const CUT: usize = CLASSES + FAILURES;

/// What was skipped and shed did not start; what was sent started, and is answered or failed when
/// it has ended. What was received and what is in flight follow from these, so that no reader can
/// see a sum whose parts disagree.
#[derive(Debug)]
pub(crate) struct Counters {
    outcomes: Tally<{ SKIPS + SHEDS }, { 2 * CLASSES + FAILURES }>,
    bytes: AtomicU64,
    resends: AtomicU64,
    latency: LatencyRecorder,
    first_byte: LatencyRecorder,
    matched: AtomicU64,
    mismatched: AtomicU64,
    schema_mismatch: AtomicU64,
    not_compared: [AtomicU64; NOT_COMPARED],
    differing: [AtomicU64; DIFFERENCES],
    callbacks: [[AtomicU64; CALLS]; CALLBACKS],
    fixtures: [AtomicU64; FIXTURES],
    /// For the feature `metrics`.
    pub(crate) measured: Measured,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            outcomes: Tally::new(),
            bytes: AtomicU64::new(0),
            resends: AtomicU64::new(0),
            latency: LatencyRecorder::new(),
            first_byte: LatencyRecorder::new(),
            matched: AtomicU64::new(0),
            mismatched: AtomicU64::new(0),
            schema_mismatch: AtomicU64::new(0),
            not_compared: [const { AtomicU64::new(0) }; NOT_COMPARED],
            differing: [const { AtomicU64::new(0) }; DIFFERENCES],
            callbacks: [const { [const { AtomicU64::new(0) }; CALLS] }; CALLBACKS],
            fixtures: [const { AtomicU64::new(0) }; FIXTURES],
            measured: Measured::new(),
        }
    }

    /// A response was compared, or was not.
    #[cfg(feature = "compare")]
    pub(crate) fn compared(&self, verdict: Verdict) {
        let counter = match verdict {
            Verdict::Match => &self.matched,
            Verdict::SchemaMismatch => &self.schema_mismatch,
            Verdict::NotCompared(reason) => &self.not_compared[reason as usize],
            _ => &self.mismatched,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// The places at which two responses differ.
    #[cfg(feature = "compare")]
    pub(crate) fn differ(&self, comparison: &Comparison) {
        for difference in &comparison.differences {
            let place = DifferenceKind::ALL
                .iter()
                .position(|kind| *kind == difference.kind);
            if let Some(place) = place {
                self.differing[place].fetch_add(1, Relaxed);
            }
        }
    }

    /// Code of the program was called, or was to be.
    pub(crate) fn called(&self, callback: Callback, outcome: CallbackOutcome) {
        self.callbacks[callback as usize][outcome as usize].fetch_add(1, Relaxed);
    }

    /// A mismatch was recorded, or was to be.
    #[cfg(feature = "record")]
    pub(crate) fn recorded(&self, outcome: FixtureOutcome) {
        self.fixtures[outcome as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn not_sent(&self, reason: SkipReason) {
        self.outcomes.not_started(match reason.index() {
            Ok(skipped) => skipped,
            Err(shed) => SKIPS + shed as usize,
        });
    }

    /// A copy leaves, with so many bytes of body.
    pub(crate) fn sent(&self, bytes: u64) {
        self.outcomes.started();
        self.bytes.fetch_add(bytes, Relaxed);
    }

    /// A copy that has left is sent once more.
    pub(crate) fn resent(&self) {
        self.resends.fetch_add(1, Relaxed);
    }

    /// The head of a response came after `first_byte`, and its end after `latency`; `None` if the
    /// copy's time was over before that.
    pub(crate) fn answered(
        &self,
        status: StatusCode,
        first_byte: Duration,
        latency: Option<Duration>,
    ) {
        self.first_byte.record(first_byte);
        if let Some(latency) = latency {
            self.latency.record(latency);
            self.outcomes.ended(class(status));
        } else {
            self.outcomes.ended(CUT + class(status));
        }
    }

    pub(crate) fn failed(&self, kind: FailureKind) {
        self.outcomes.ended(CLASSES + kind as usize);
    }

    pub(crate) fn snapshot(&self, name: &str) -> TargetStats {
        TargetStats {
            latency: self.latency.snapshot(),
            first_byte: self.first_byte.snapshot(),
            ..self.counts(name)
        }
    }

    /// A number that changes whenever one of them does: each only grows.
    pub(crate) fn sum(&self) -> u64 {
        let all = [
            &self.bytes,
            &self.resends,
            &self.matched,
            &self.mismatched,
            &self.schema_mismatch,
        ];
        let all = all.into_iter().chain(&self.not_compared);
        let all = all.chain(&self.differing).chain(&self.fixtures);
        let all = all.chain(self.callbacks.as_flattened());
        let all = all.map(|count| count.load(Relaxed));
        all.fold(self.outcomes.sum(), u64::wrapping_add)
    }

    /// The counters without the two distributions, which are most of what there is to read.
    pub(crate) fn counts(&self, name: &str) -> TargetStats {
        let outcomes = self.outcomes.snapshot();
        let (skipped_by_reason, shed_by_reason) = split(&outcomes.not_started);
        let (ended, cut_by_class) = split::<CUT, CLASSES, _>(&outcomes.ended);
        let (mut answered_by_class, failed_by_kind) = split::<CLASSES, FAILURES, _>(&ended);
        for (answered, cut) in answered_by_class.iter_mut().zip(cut_by_class) {
            *answered += cut;
        }
        let [skipped, shed] = [sum(&skipped_by_reason), sum(&shed_by_reason)];
        let [answered, failed] = [sum(&answered_by_class), sum(&failed_by_kind)];
        let compared = [&self.matched, &self.mismatched, &self.schema_mismatch];
        let [matched, raw_mismatched, schema_mismatch] = compared.map(|count| count.load(Relaxed));
        let not_compared_by_reason = loaded(&self.not_compared);
        let differences_by_kind = loaded(&self.differing);
        TargetStats {
            name: name.to_owned(),
            received: outcomes.started + skipped + shed,
            sent: outcomes.started,
            answered,
            cut: sum(&cut_by_class),
            failed,
            in_flight: outcomes.started - answered - failed,
            // These two are not counted: the target that has the counters says them.
            max_in_flight: 0,
            is_circuit_open: false,
            resends: self.resends.load(Relaxed),
            floods: 0,
            skipped,
            shed,
            bytes: self.bytes.load(Relaxed),
            latency: Latency::none(),
            first_byte: Latency::none(),
            compared: matched + raw_mismatched + schema_mismatch,
            raw_mismatched,
            schema_mismatch,
            not_compared: sum(&not_compared_by_reason),
            not_compared_by_reason,
            differences: sum(&differences_by_kind),
            differences_by_kind,
            callbacks_by_outcome: self.callbacks.each_ref().map(loaded),
            fixtures_by_outcome: loaded(&self.fixtures),
            // The mirror says it, if it compares.
            report_since: None,
            answered_by_class,
            failed_by_kind,
            skipped_by_reason,
            shed_by_reason,
        }
    }
}

fn split<const A: usize, const B: usize, const ALL: usize>(
    all: &[u64; ALL],
) -> ([u64; A], [u64; B]) {
    const { assert!(A + B == ALL) };
    (
        std::array::from_fn(|index| all[index]),
        std::array::from_fn(|index| all[A + index]),
    )
}

fn loaded<const N: usize>(counts: &[AtomicU64; N]) -> [u64; N] {
    counts.each_ref().map(|count| count.load(Relaxed))
}

fn sum(counts: &[u64]) -> u64 {
    counts.iter().sum()
}

/// `1xx` to `5xx` as 0 to 4; a status above 599 counts as a server error (RFC 9110 section 15).
pub(super) fn class(status: StatusCode) -> usize {
    usize::from(status.as_u16() / 100).clamp(1, CLASSES) - 1
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_counter_of_its_own() {
        let counters = Counters::new();
        for reason in SkipReason::ALL {
            counters.not_sent(*reason);
        }
        for reason in ShedReason::ALL {
            counters.not_sent((*reason).into());
        }
        for kind in FailureKind::ALL {
            counters.sent(10);
            counters.failed(*kind);
        }
        let stats = counters.snapshot("x");
        assert!(
            SkipReason::ALL
                .iter()
                .all(|reason| stats.skipped_for(*reason) == 1)
        );
        assert!(
            ShedReason::ALL
                .iter()
                .all(|reason| stats.shed_for(*reason) == 1)
        );
        assert!(
            FailureKind::ALL
                .iter()
                .all(|kind| stats.failed_with(*kind) == 1)
        );
        assert_eq!(stats.bytes, 10 * stats.sent);
    }

    #[test]
    fn what_was_told_and_what_was_recorded_is_counted_each_on_its_own() {
        let counters = Counters::new();
        let calls = Callback::ALL
            .iter()
            .flat_map(|callback| CallbackOutcome::ALL.iter().map(move |of| (*callback, *of)));
        for (times, (callback, outcome)) in calls.clone().enumerate() {
            (0..=times).for_each(|_| counters.called(callback, outcome));
        }
        let stats = counters.snapshot("x");
        for (times, (callback, outcome)) in calls.enumerate() {
            assert_eq!(stats.callbacks_with(callback, outcome), 1 + times as u64);
        }
        let json = serde_json::to_value(&stats).unwrap();
        assert_eq!(json["callbacks_by_outcome"]["on_error"]["panicked"], 6);
        assert_eq!(json["fixtures_by_outcome"]["recorded"], 0);
        assert_eq!(json["differences_by_kind"]["not_modified"], 0);
    }

    #[test]
    fn answers_are_counted_by_class() {
        let counters = Counters::new();
        for status in [200, 202, 404, 500, 799] {
            counters.sent(0);
            let status = StatusCode::from_u16(status).unwrap();
            counters.answered(status, Duration::ZERO, Some(Duration::from_millis(1)));
        }
        let stats = counters.snapshot("x");
        let with = |status: u16| stats.answered_with(StatusCode::from_u16(status).unwrap());
        assert_eq!([with(200), with(301), with(400), with(500)], [2, 0, 1, 2]);
        assert_eq!(stats.latency.count(), 5);
        assert_eq!(
            stats.to_string(),
            "x: 5 received, 5 sent (5 answered (4xx 1, 5xx 2), 0 failed, 0 in flight), 0 skipped, 0 shed"
        );
    }

    #[test]
    fn what_was_cut_is_answered_and_has_a_number_of_its_own() {
        let counters = Counters::new();
        for (status, latency) in [(200, None), (200, Some(Duration::ZERO)), (503, None)] {
            counters.sent(0);
            let status = StatusCode::from_u16(status).unwrap();
            counters.answered(status, Duration::from_millis(1), latency);
        }
        let stats = counters.snapshot("x");
        assert_eq!((stats.answered, stats.cut, stats.in_flight), (3, 2, 0));
        assert_eq!(stats.answered_with(StatusCode::OK), 2);
        assert_eq!((stats.latency.count(), stats.first_byte.count()), (1, 3));
        let text = stats.to_string();
        assert!(text.contains("3 answered (5xx 1, cut 2)"), "{text}");
    }

    #[test]
    fn every_snapshot_adds_up_while_threads_count() {
        let counters = Counters::new();
        let count = || {
            for i in 0..20_000_u32 {
                match i % 3 {
                    0 => counters.not_sent(SkipReason::NotSampled),
                    1 => counters.not_sent(ShedReason::InFlightLimit.into()),
                    _ => {
                        counters.sent(1);
                        counters.answered(StatusCode::OK, Duration::ZERO, Some(Duration::ZERO));
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            let writers = [scope.spawn(count), scope.spawn(count)];
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
