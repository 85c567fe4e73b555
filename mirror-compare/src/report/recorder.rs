//! Noting comparisons.

mod seen;

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use self::seen::Seen;
use super::{
    MatchRate, TargetReport, Thresholds,
    verdict::{Evidence, Standing},
};
use crate::{
    latency::LatencyRecorder,
    model::{Comparison, DifferenceKind, NotComparedReason, Verdict},
};

/// Notes the comparisons with one target, in bounded memory.
///
/// It has a lock that is held for as long as it takes to note the differences of one comparison. Requests have no
/// business with it.
pub struct Recorder {
    target: String,
    thresholds: Thresholds,
    primary: LatencyRecorder,
    shadow: LatencyRecorder,
    baseline: LatencyRecorder,
    /// Apart from what is seen: a request may count these, and must not wait for anybody.
    not_compared: [AtomicU64; NotComparedReason::ALL.len()],
    seen: Mutex<Seen>,
}

impl Recorder {
    /// Nothing yet, of this target.
    #[must_use]
    pub fn new(target: &str, thresholds: Thresholds) -> Self {
        Self {
            target: target.to_owned(),
            thresholds,
            primary: LatencyRecorder::new(),
            shadow: LatencyRecorder::new(),
            baseline: LatencyRecorder::new(),
            not_compared: Default::default(),
            seen: Mutex::default(),
        }
    }

    /// Notes a comparison with the target, and the one of the response that a baseline gave to the same request with the
    /// primary's. Says of each difference whether it is noise, as far as that is known by now.
    pub fn record(&self, comparison: &mut Comparison, baseline: Option<&Comparison>) {
        if let Verdict::NotCompared(reason) = comparison.verdict {
            self.not_compared(reason);
            return;
        }
        if let (Some(latency), true) = (comparison.shadow_latency, is_compared(comparison)) {
            self.primary.record(comparison.primary_latency);
            self.shadow.record(latency);
        }
        let baseline = baseline.filter(|baseline| is_compared(baseline));
        if let Some(latency) = baseline.and_then(|baseline| baseline.shadow_latency) {
            self.baseline.record(latency);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.note(comparison, baseline);
        comparison.mark_noise(|group| seen.is_noise(group, &self.thresholds));
    }

    /// Notes that two responses were not compared. This waits for nobody.
    pub fn not_compared(&self, reason: NotComparedReason) {
        self.not_compared[reason as usize].fetch_add(1, Relaxed);
    }

    /// The groups of differences that are noise, as far as that is known by now.
    #[must_use]
    pub fn noise(&self) -> Vec<(String, DifferenceKind)> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let groups = seen.groups(&self.thresholds).into_iter();
        groups
            .filter(|group| group.noise)
            .map(|group| (group.pointer, group.kind))
            .collect()
    }

    /// What is known by now of a target that stands like this.
    #[must_use]
    pub fn report(&self, standing: Standing) -> TargetReport {
        let thresholds = &self.thresholds;
        let (primary, shadow) = (self.primary.snapshot(), self.shadow.snapshot());
        let baseline = self.baseline.snapshot();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = seen.counts(thresholds);
        let by_reason = self
            .not_compared
            .each_ref()
            .map(|count| count.load(Relaxed));
        let not_compared = by_reason.iter().sum();
        let match_rate = MatchRate::of(counts.matched, counts.compared());
        let reference = if baseline.count() >= thresholds.min_compared.max(1) {
            ("baseline", &baseline)
        } else {
            ("primary", &primary)
        };
        let evidence = Evidence {
            compared: counts.compared(),
            not_compared,
            noise: counts.noise,
            baseline_status_rate: seen.baseline_status_rate(),
            standing,
            match_rate,
            shadow: &shadow,
            reference,
        };
        let (verdict, reason) = evidence.verdict(thresholds);
        TargetReport {
            name: self.target.clone(),
            verdict,
            reason,
            compared: counts.compared(),
            matched: counts.matched,
            noise: counts.noise,
            mismatched: counts.mismatched,
            schema_mismatch: counts.schema_mismatch,
            not_compared,
            by_reason,
            unanswered: standing.unanswered,
            match_rate,
            primary_latency: primary,
            shadow_latency: shadow,
            baseline_latency: baseline,
            groups: seen.groups(thresholds),
            other_differences: seen.other_differences(),
        }
    }
}

/// How many, and nothing of what they say.
impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let not_compared = self.not_compared.iter();
        f.debug_struct("Recorder")
            .field("target", &self.target)
            .field("counts", &seen.counts(&self.thresholds))
            .field(
                "not_compared",
                &not_compared.map(|count| count.load(Relaxed)).sum::<u64>(),
            )
            .finish_non_exhaustive()
    }
}

fn is_compared(comparison: &Comparison) -> bool {
    !matches!(comparison.verdict, Verdict::NotCompared(_))
}
