//! The report on one target.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};

use super::{
    DifferenceGroup, MatchRate, Paired, ReportVerdict, RouteReport, ShapeFinding, Suggestion,
    Unanswered, UnfitBaseline, WindowReport, by_reason::ByReason, counted::CLASSES,
};
use crate::{latency::Latency, model::NotComparedReason};

/// The comparisons with one target, taken together.
///
/// `compared == matched + mismatched + schema_mismatch`. A comparison counts as a match, and in
/// `noise`, if all its differences are noise by what is known at that moment: what it is told is what
/// is counted. Whether a group is noise is decided again for each report, from all comparisons so
/// far.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TargetReport {
    /// The name of the target.
    pub name: String,
    /// Whether the shadow can take over.
    pub verdict: ReportVerdict,
    /// Why.
    pub reason: String,
    /// How many more requests without a difference, a failure or a slow response it takes to
    /// promote, if nothing but evidence is missing; 0 if none is.
    pub needed: u64,
    /// Since when: all numbers are of the epoch that began then, with the first response of this
    /// version of the shadow, or with `restart_report`. `None` if nothing was seen yet.
    #[serde(rename = "since_unix_s", serialize_with = "unix")]
    pub since: Option<SystemTime>,
    /// What the shadow says its version is.
    pub version: Option<String>,
    /// Responses that were compared.
    pub compared: u64,
    /// Those that agree, or differ in noise only.
    pub matched: u64,
    /// Those of `matched` that are equal: they rest on no forgiveness.
    pub equal: u64,
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
    /// The evidence: responses in which only the shadow differs, and only the baseline.
    pub responses: Paired,
    /// Responses for which the shadow is slow, and for which the baseline is, or, without a
    /// baseline, the primary.
    pub slow: Paired,
    /// Different requests among those that were compared, by method, path, query and body: exact up
    /// to 63, and then about.
    pub distinct: u64,
    #[serde(rename = "compared_by_class", serialize_with = "by_class")]
    pub(super) by_class: [u64; CLASSES.len()],
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
    /// Values of the shadow that are foreign to the old version, at places that are noise.
    pub shapes: Vec<ShapeFinding>,
    /// Why the baseline confirms nothing, if it is none.
    pub unfit_baseline: Option<UnfitBaseline>,
    /// How much of both documents was equal in the middle of all comparisons, from 0 to 1, rounded
    /// down to a tenth.
    pub coverage: Option<f64>,
    /// The comparisons by route: at most 100, and one row `_other`.
    pub routes: Vec<RouteReport>,
    /// The last five minutes, the last hour, and the whole epoch.
    pub windows: Vec<WindowReport>,
    /// Headers that differ and were not compared, with the number of responses in which they do, the
    /// most frequent first; at most 64.
    pub uncompared_headers: Vec<(String, u64)>,
    /// Rules that were about nothing in any document that was looked into, as they are written: 20
    /// documents at least. Of the first 64 rules.
    pub unused_rules: Vec<String>,
    /// Rules that would settle mismatches, those that settle most first; at most 64 of an option.
    pub suggestions: Vec<Suggestion>,
}

impl TargetReport {
    /// Responses that were not compared for one reason, of [`not_compared`](Self::not_compared).
    #[must_use]
    pub fn not_compared_for(&self, reason: NotComparedReason) -> u64 {
        self.by_reason[reason as usize]
    }

    /// Responses of [`compared`](Self::compared) to which the primary's status is of a class: 2 for
    /// 200 to 299.
    #[must_use]
    pub fn compared_with_class(&self, class: usize) -> u64 {
        let index = class.checked_sub(1);
        let count = index.and_then(|index| self.by_class.get(index));
        count.copied().unwrap_or_default()
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

fn by_class<S: Serializer>(counts: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    let counts = CLASSES.iter().zip(counts);
    serializer.collect_map(counts.filter(|(_, count)| **count > 0))
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn unix<S: Serializer>(since: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    let since = since.and_then(|since| since.duration_since(UNIX_EPOCH).ok());
    since.map(|since| since.as_secs()).serialize(serializer)
}
