//! The state behind a report, which can be merged, kept and sent.

mod seen;

use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub(super) use self::seen::Seen;
use self::seen::SeenRecord;
use super::{
    MatchRate, TargetReport, Thresholds,
    by_reason::ByReason,
    verdict::{Findings, Standing},
};
use crate::{
    latency::{Buckets, Latency},
    model::NotComparedReason,
};

/// All that the comparisons with one target have shown: counts, latencies and differences by place.
///
/// It can be serialized, read back by another process, and merged. Comparisons that are split over
/// any number of [`Recorder`](super::Recorder)s, whose evidence is merged in any order, give the
/// counts and the verdict of a single one, as long as no bounded table overflows: 200 groups of
/// differences, 200 of the baseline's, and 1,000 sets of groups. A mismatch that has no room there
/// is never noise. The examples of a group are some of those that were kept.
///
/// ```
/// use mirror_compare::{NotComparedReason, report::{Evidence, Recorder, Standing, Thresholds}};
///
/// let thresholds = Thresholds::default();
/// let recorders = [(); 2].map(|()| Recorder::new("staging", thresholds));
/// for recorder in &recorders {
///     recorder.not_compared(NotComparedReason::TooLarge);
/// }
/// let mut all = Evidence::default();
/// for recorder in &recorders {
///     let sent = serde_json::to_string(&recorder.evidence())?;
///     all.merge(&serde_json::from_str(&sent)?);
/// }
/// let report = all.report("staging", &thresholds, Standing::default());
/// assert_eq!(report.not_compared, 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Evidence {
    pub(super) primary: Latency,
    pub(super) shadow: Latency,
    pub(super) baseline: Latency,
    pub(super) not_compared: ByReason,
    pub(super) seen: Seen,
}

impl Evidence {
    /// Adds the evidence of other comparisons with the same target.
    pub fn merge(&mut self, other: &Self) {
        self.primary.merge(&other.primary);
        self.shadow.merge(&other.shadow);
        self.baseline.merge(&other.baseline);
        for (count, more) in self.not_compared.iter_mut().zip(other.not_compared) {
            *count = count.saturating_add(more);
        }
        self.seen.merge(&other.seen);
    }

    /// The report on a target with this name and this state.
    #[must_use]
    pub fn report(
        &self,
        target: &str,
        thresholds: &Thresholds,
        standing: Standing,
    ) -> TargetReport {
        let Self {
            primary,
            shadow,
            baseline,
            not_compared: by_reason,
            seen,
        } = self;
        let counts = seen.counts(thresholds);
        let not_compared = self.not_compared_in_all();
        let match_rate = MatchRate::new(counts.matched, counts.compared());
        let reference = if baseline.count() >= thresholds.min_compared.max(1) {
            ("baseline", baseline)
        } else {
            ("primary", primary)
        };
        let findings = Findings {
            compared: counts.compared(),
            not_compared,
            noise: counts.noise,
            baseline_status_rate: seen.baseline_status_rate(),
            standing,
            match_rate,
            shadow,
            reference,
        };
        let (verdict, reason) = findings.verdict(thresholds);
        TargetReport {
            name: target.to_owned(),
            verdict,
            reason,
            compared: counts.compared(),
            matched: counts.matched,
            noise: counts.noise,
            mismatched: counts.mismatched,
            schema_mismatch: counts.schema_mismatch,
            not_compared,
            by_reason: *by_reason,
            unanswered: standing.unanswered,
            match_rate,
            primary_latency: primary.clone(),
            shadow_latency: shadow.clone(),
            baseline_latency: baseline.clone(),
            groups: seen.groups(thresholds),
            other_differences: seen.other_differences(),
        }
    }
}

impl Evidence {
    fn not_compared_in_all(&self) -> u64 {
        self.not_compared
            .iter()
            .copied()
            .fold(0, u64::saturating_add)
    }
}

/// The counts at this moment.
pub(super) fn load(counts: &ByReason<AtomicU64>) -> ByReason {
    counts.each_ref().map(|count| count.load(Relaxed))
}

/// Evidence as it is serialized. A version that is not known is an error that names it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Versions {
    V1(Version1),
}

/// In an order of its own, so that equal evidence is equal text.
#[derive(Serialize, Deserialize)]
struct Version1 {
    not_compared: BTreeMap<NotComparedReason, u64>,
    primary_latency: Buckets,
    shadow_latency: Buckets,
    baseline_latency: Buckets,
    seen: SeenRecord,
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let not_compared = NotComparedReason::ALL
            .iter()
            .copied()
            .zip(self.not_compared);
        let record = Versions::V1(Version1 {
            not_compared: not_compared.filter(|(_, count)| *count > 0).collect(),
            primary_latency: self.primary.buckets(),
            shadow_latency: self.shadow.buckets(),
            baseline_latency: self.baseline.buckets(),
            seen: self.seen.record(),
        });
        record.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Versions::V1(record) = Versions::deserialize(deserializer)?;
        record.evidence().map_err(D::Error::custom)
    }
}

impl Version1 {
    fn evidence(self) -> Result<Evidence, &'static str> {
        let mut not_compared = ByReason::default();
        for (reason, count) in self.not_compared {
            not_compared[reason as usize] = count;
        }
        Ok(Evidence {
            primary: Latency::from_buckets(&self.primary_latency)?,
            shadow: Latency::from_buckets(&self.shadow_latency)?,
            baseline: Latency::from_buckets(&self.baseline_latency)?,
            not_compared,
            seen: Seen::from_record(self.seen)?,
        })
    }
}

/// How many, and nothing of what they say.
impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence")
            .field("seen", &self.seen)
            .field("not_compared", &self.not_compared_in_all())
            .finish_non_exhaustive()
    }
}
