//! What a mirror needs to compare answers.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use super::MirrorTarget;
#[cfg(feature = "record")]
use crate::record::Recording;
use crate::{
    comparison::{CompareMode, Comparison, Rules},
    outcome::ShedReason,
    report::{Recorder, Report, Standing, Thresholds, Unanswered},
    stats::TargetStats,
    workers::Patience,
};

pub(crate) type OnMismatch = Box<dyn Fn(&Comparison) + Send + Sync>;

/// How the answers of a mirror are compared, and what was found.
pub(crate) struct Comparing {
    pub(crate) mode: CompareMode,
    pub(crate) rules: Rules,
    /// One for each target; none for a baseline.
    pub(crate) recorders: Box<[Recorder]>,
    pub(crate) on_mismatch: Option<OnMismatch>,
    /// Where mismatches are written down.
    #[cfg(feature = "record")]
    pub(crate) recording: Option<Recording>,
    /// The first mismatch, where one is to fail a test.
    pub(crate) raised: OnceLock<String>,
    /// With answers that wait for the primary's.
    pub(crate) patience: Arc<Patience>,
}

impl Comparing {
    pub(crate) fn new<'a>(
        mode: CompareMode,
        rules: Rules,
        thresholds: Thresholds,
        targets: impl Iterator<Item = &'a str>,
    ) -> Self {
        Self {
            mode,
            rules,
            recorders: targets
                .map(|target| Recorder::new(target, thresholds))
                .collect(),
            on_mismatch: None,
            #[cfg(feature = "record")]
            recording: None,
            raised: OnceLock::new(),
            patience: Arc::default(),
        }
    }

    pub(crate) fn with_callback(self, on_mismatch: Option<OnMismatch>) -> Self {
        Self {
            on_mismatch,
            ..self
        }
    }

    #[cfg(feature = "record")]
    pub(crate) fn with_recording(self, recording: Option<Recording>) -> Self {
        Self { recording, ..self }
    }

    /// Whether a target of the mirror is its baseline: that comes after the targets.
    pub(crate) fn is_baseline(&self, index: usize) -> bool {
        index >= self.recorders.len()
    }

    /// How much of a body is to be noted, where it matters.
    pub(crate) fn max_body(&self) -> Option<usize> {
        let max = self.rules.max_compare_body();
        (!matches!(self.mode, CompareMode::Status)).then_some(max)
    }

    /// What is known of each target: of what was compared, and of what it has not answered.
    pub(crate) fn report(&self, mirror: &str, targets: &[MirrorTarget]) -> Report {
        let unanswered =
            |target: &MirrorTarget| unanswered_of(&target.counters.snapshot(target.target.name()));
        let baseline = targets.get(self.recorders.len()).map(unanswered);
        let of = |(recorder, target): (&Recorder, &MirrorTarget)| {
            let standing = Standing::new(unanswered(target));
            let standing = standing.with_open_circuit(target.gate.is_shut());
            recorder.report(standing.with_baseline(baseline))
        };
        let targets = self.recorders.iter().zip(targets).map(of);
        Report::new(mirror, targets.collect())
    }
}

/// What a target has not answered, by its counters.
fn unanswered_of(stats: &TargetStats) -> Unanswered {
    let [circuit_open, in_flight_limit] =
        [ShedReason::CircuitOpen, ShedReason::InFlightLimit].map(|reason| stats.shed_for(reason));
    Unanswered::new(stats.answered, stats.failed, circuit_open, in_flight_limit)
}

impl fmt::Debug for Comparing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("Comparing");
        all.field("mode", &self.mode)
            .field("rules", &self.rules)
            .field("recorders", &self.recorders)
            .field("on_mismatch", &self.on_mismatch.is_some());
        #[cfg(feature = "record")]
        all.field("recording", &self.recording);
        all.finish_non_exhaustive()
    }
}
