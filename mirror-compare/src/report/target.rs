//! The report on one target.

use serde::{Serialize, Serializer};

use super::{DifferenceGroup, MatchRate, ReportVerdict, Unanswered, by_reason::ByReason};
use crate::{latency::Latency, model::NotComparedReason};

/// The comparisons with one target, taken together.
///
/// `compared == matched + mismatched + schema_mismatch`. A comparison counts as a match, and in
/// `noise`, if all its differences are of groups that are noise. Noise is decided again for each
/// report, from all comparisons so far.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TargetReport {
    /// The name of the target.
    pub name: String,
    /// Whether the shadow can take over.
    pub verdict: ReportVerdict,
    /// Why.
    pub reason: String,
    /// Responses that were compared.
    pub compared: u64,
    /// Those that agree, or differ in noise only.
    pub matched: u64,
    /// Those of `matched` that differ in noise.
    pub noise: u64,
    /// Those that differ.
    pub mismatched: u64,
    /// Those whose body is no longer a value of the handler's return type.
    pub schema_mismatch: u64,
    /// Responses that were not compared.
    pub not_compared: u64,
    #[serde(rename = "not_compared_by_reason", serialize_with = "by_reason")]
    pub(super) by_reason: ByReason,
    /// Requests that were sampled and not answered. Failed copies are in `not_compared` too,
    /// requests that were not sent are not.
    pub unanswered: Unanswered,
    /// The share of `compared` that matched; `None` if nothing was compared.
    pub match_rate: Option<MatchRate>,
    /// How long the primary took for what was compared: from the call of the handler to the last
    /// byte of its response.
    pub primary_latency: Latency,
    /// How long the shadow took: from the moment the copy left to the last byte of its response.
    pub shadow_latency: Latency,
    /// How long the baseline took, measured like the shadow's. If there is enough of it, the
    /// shadow's is compared with this one.
    pub baseline_latency: Latency,
    /// The places at which the responses differ, the most frequent first, and noise last; at most
    /// 200 groups.
    pub groups: Vec<DifferenceGroup>,
    /// Differences of further groups.
    pub other_differences: u64,
}

impl TargetReport {
    /// Responses that were not compared for one reason, of [`not_compared`](Self::not_compared).
    #[must_use]
    pub fn not_compared_for(&self, reason: NotComparedReason) -> u64 {
        self.by_reason[reason as usize]
    }

    /// The reasons that occurred, with their counts.
    pub(super) fn reasons(&self) -> impl Iterator<Item = (NotComparedReason, u64)> {
        let counts = NotComparedReason::ALL.iter().copied().zip(self.by_reason);
        counts.filter(|(_, count)| *count > 0)
    }
}

fn by_reason<S: Serializer>(counts: &ByReason, serializer: S) -> Result<S::Ok, S::Error> {
    let counts = NotComparedReason::ALL.iter().zip(counts);
    serializer.collect_map(counts.filter(|(_, count)| **count > 0))
}
