//! Reports, as `mirror-compare` makes them, and what they are made of.

pub(crate) use mirror_compare::report::Recorder;
pub use mirror_compare::report::{
    DifferenceGroup, Evidence, Example, MatchRate, Paired, Report, ReportVerdict, RouteReport,
    ShapeFinding, Standing, Suggestion, TargetReport, Thresholds, Unanswered, UnfitBaseline,
    VersionsSeen, WindowReport,
};

/// All that the comparisons with one target have shown, to be added to that of other processes:
/// [`Mirror::evidence`](crate::Mirror::evidence).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TargetEvidence {
    /// The name of the target.
    pub name: String,
    /// Counts, latencies and differences.
    pub evidence: Evidence,
    /// The counters of the target since the evidence began, and its circuit.
    pub standing: Standing,
    /// The bars of its verdict.
    pub thresholds: Thresholds,
    /// The versions that the shadow has said it is of.
    pub versions: VersionsSeen,
}

impl TargetEvidence {
    /// Evidence of a target with this name, which stands like this since it began.
    #[must_use]
    pub fn new(
        name: String,
        evidence: Evidence,
        standing: Standing,
        thresholds: Thresholds,
    ) -> Self {
        Self {
            name,
            evidence,
            standing,
            thresholds,
            versions: VersionsSeen::default(),
        }
    }

    /// The same, of a shadow that has said it is of these versions.
    #[must_use]
    pub fn with_versions(mut self, versions: VersionsSeen) -> Self {
        self.versions = versions;
        self
    }
}
