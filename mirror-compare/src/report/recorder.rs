//! Noting comparisons.

use std::{
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::{
    Evidence, TargetReport, Thresholds,
    by_reason::ByReason,
    evidence::{Beside, Seen, load},
    verdict::Standing,
};
use crate::{
    latency::LatencyRecorder,
    model::{Comparison, DifferenceKind, NotComparedReason, Verdict},
};

/// Notes the comparisons with one target, in bounded memory.
///
/// It has a lock that is held for as long as it takes to note the differences of one comparison.
/// Requests have no business with it.
pub struct Recorder {
    target: String,
    thresholds: Thresholds,
    has_baseline: bool,
    primary: LatencyRecorder,
    shadow: LatencyRecorder,
    baseline: LatencyRecorder,
    /// Apart from what is seen: a request may count these, and must not wait for anybody.
    not_compared: ByReason<AtomicU64>,
    seen: Mutex<Seen>,
}

impl Recorder {
    /// Nothing yet, of this target.
    #[must_use]
    pub fn new(target: &str, thresholds: Thresholds) -> Self {
        Self {
            target: target.to_owned(),
            thresholds,
            has_baseline: false,
            primary: LatencyRecorder::new(),
            shadow: LatencyRecorder::new(),
            baseline: LatencyRecorder::new(),
            not_compared: Default::default(),
            seen: Mutex::default(),
        }
    }

    /// The same, of a mirror with a baseline: a mismatch for which it gave no response is not
    /// compared. Default: there is none.
    #[must_use]
    pub const fn with_baseline(mut self, has_baseline: bool) -> Self {
        self.has_baseline = has_baseline;
        self
    }

    /// Notes a comparison with the target, and the one of the response that a baseline gave to the
    /// same request with the primary's.
    ///
    /// Says of each difference whether it is noise, as far as that is known by now. If nothing can be
    /// said, because there is no baseline to ask or all of the body is noise, the comparison becomes
    /// [`NotCompared`](Verdict::NotCompared).
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
        let beside = match baseline {
            Some(baseline) => Beside::Baseline(baseline),
            None if self.has_baseline => Beside::Missing,
            None => Beside::Nothing,
        };
        let reason = self.lock().note(comparison, beside, &self.thresholds);
        if let Some(reason) = reason {
            comparison.verdict = Verdict::NotCompared(reason);
            self.not_compared(reason);
        }
    }

    /// Notes that two responses were not compared. This never blocks.
    pub fn not_compared(&self, reason: NotComparedReason) {
        self.not_compared[reason as usize].fetch_add(1, Relaxed);
    }

    /// The groups of differences that are noise, as far as that is known by now.
    #[must_use]
    pub fn noise(&self) -> Vec<(String, DifferenceKind)> {
        let seen = self.lock();
        let groups = seen.groups(&self.thresholds).into_iter();
        groups
            .filter(|group| group.noise)
            .map(|group| (group.pointer, group.kind))
            .collect()
    }

    /// All that is known by now, to be kept, or merged with that of other processes.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence {
            primary: self.primary.snapshot(),
            shadow: self.shadow.snapshot(),
            baseline: self.baseline.snapshot(),
            not_compared: load(&self.not_compared),
            seen: self.lock().clone(),
        }
    }

    /// Adds what was known before: by this process in an earlier run, or by another.
    pub fn merge(&self, evidence: &Evidence) {
        self.primary.merge(&evidence.primary);
        self.shadow.merge(&evidence.shadow);
        self.baseline.merge(&evidence.baseline);
        for (count, more) in self.not_compared.iter().zip(evidence.not_compared) {
            count.fetch_add(more, Relaxed);
        }
        self.lock().merge(&evidence.seen);
    }

    /// The report about the target by now, which stands like this.
    #[must_use]
    pub fn report(&self, standing: Standing) -> TargetReport {
        self.evidence()
            .report(&self.target, &self.thresholds, standing)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many, and nothing of what they say.
impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.lock();
        let not_compared = self.not_compared.iter();
        f.debug_struct("Recorder")
            .field("target", &self.target)
            .field("counts", &seen.counts())
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
