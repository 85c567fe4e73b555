//! The state behind a report, which can be merged, kept and sent.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    MatchRate, RouteReport, TargetReport, Thresholds, WindowReport,
    by_reason::ByReason,
    counted::{Class, Counted, Merged},
    distinct::Distinct,
    routes::{Routes, RoutesRecord},
    seen::Seen,
    slow::Slow,
    suggest::Advice,
    verdict::{Findings, Judged, Standing},
    windows::{Tally, Windows, WindowsRecord},
};
use crate::{
    latency::{Buckets, Latency},
    model::NotComparedReason,
};

/// All that the comparisons with one target have shown: counts, latencies and differences by place.
///
/// It can be serialized, read back by another process, and merged. Comparisons that are split over
/// any number of [`Recorder`](super::Recorder)s, whose evidence is merged in any order, give the
/// counts, the evidence and the verdict of a single one, as long as no bounded table overflows: 100
/// routes, 400 places and 200 groups of differences, and 32 values and 12 forms of values at each
/// place. Beyond that, the counts of responses are still exact. Of a table with room for `k` places
/// that were met `n` times in all, what was met more than `n / k` times is there, with all of its
/// counts but `n / k` at most; routes beyond 100 are one row. What a comparison was told depends on what its recorder had seen by then. The examples
/// of a group are some of those that were kept. What a single recorder says beyond that, of its last
/// 256 comparisons, is no evidence.
///
/// Evidence is about one version of the shadow. Merged with that of another version, what began
/// last stays, and the rest is forgotten.
///
/// ```
/// use mirror_compare::{NotComparedReason, report::{Evidence, Recorder, Standing, Thresholds}};
///
/// let thresholds = Thresholds::default();
/// let recorders = [(); 2].map(|()| Recorder::new("staging", thresholds));
/// for recorder in &recorders {
///     recorder.not_compared(NotComparedReason::TooLarge, Some("/orders"));
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
    pub(super) counted: Counted,
    pub(super) seen: Seen,
}

impl Evidence {
    /// The version of the shadow that this is about; `None` if it does not say one.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.counted.version.as_deref()
    }

    /// When its first comparison was; `None` if there is none.
    #[must_use]
    pub fn since(&self) -> Option<SystemTime> {
        let since = self.counted.since?;
        Some(UNIX_EPOCH + Duration::from_millis(since))
    }

    /// How many requests it is about, compared or not.
    #[must_use]
    pub fn count(&self) -> u64 {
        let compared = self.seen.counts().compared();
        compared.saturating_add(self.counted.not_compared_in_all())
    }

    /// Adds the evidence of other comparisons with the same target.
    ///
    /// Evidence in which nothing was compared is about no version, and is added to any: a process
    /// that cannot reach the shadow does not know its version.
    pub fn merge(&mut self, other: &Self) {
        if self.is_of_any_version() {
            self.counted.version.clone_from(&other.counted.version);
        }
        if other.is_of_any_version() && other.counted.version != self.counted.version {
            let mut of_ours = other.counted.clone();
            of_ours.version.clone_from(&self.counted.version);
            self.counted.merge(&of_ours);
            return self.seen.merge(&other.seen);
        }
        match self.counted.merge(&other.counted) {
            Merged::Ours => {}
            Merged::Theirs => self.seen.clone_from(&other.seen),
            Merged::Both => self.seen.merge(&other.seen),
        }
    }

    /// Whether it says nothing about a build of the shadow: of none was a response compared.
    #[must_use]
    pub fn is_of_any_version(&self) -> bool {
        self.counted.version.is_none() && self.seen.counts().compared() == 0
    }

    /// The report on a target with this name, whose counters are these since the evidence began.
    #[must_use]
    pub fn report(
        &self,
        target: &str,
        thresholds: &Thresholds,
        standing: Standing,
    ) -> TargetReport {
        self.judged(target, thresholds, standing, None)
    }

    /// The same, if the last comparisons are known as well.
    pub(super) fn judged(
        &self,
        target: &str,
        thresholds: &Thresholds,
        standing: Standing,
        recent: Option<Tally>,
    ) -> TargetReport {
        let Self { counted, seen } = self;
        let counts = seen.counts();
        let match_rate = MatchRate::new(counts.matched(), counts.compared());
        let shapes = seen.shapes();
        let groups = seen.groups(thresholds);
        let findings = Findings {
            counted,
            compared: counts.compared(),
            noise: counts.noise,
            responses: seen.paired(),
            places: seen.places().filter(|(_, paired)| paired.b > 0).collect(),
            other_places: seen.other_places(),
            unfit_baseline: seen.unfit_baseline(thresholds),
            coverage: seen.median_coverage(),
            shapes: &shapes,
            standing,
            recent,
            match_rate,
            groups: &groups,
            thresholds,
        };
        let whole = Tally {
            responses: seen.paired(),
            asked: findings.asked(),
            slow: counted.slow[0],
        };
        let Judged {
            verdict,
            reason,
            needed,
        } = findings.judge();
        let windows = counted.windows.iter().chain([(counted.watched(), whole)]);
        TargetReport {
            name: target.to_owned(),
            verdict,
            reason,
            needed,
            since: counted
                .since
                .map(|since| UNIX_EPOCH + Duration::from_millis(since)),
            version: counted.version.as_deref().map(str::to_owned),
            compared: counts.compared(),
            matched: counts.matched(),
            equal: counts.equal,
            noise: counts.noise,
            mismatched: counts.mismatched,
            schema_mismatch: counts.schema_mismatch,
            not_compared: counted.not_compared_in_all(),
            by_reason: counted.not_compared,
            unanswered: standing.unanswered,
            responses: seen.paired(),
            slow: counted.slow[0],
            distinct: counted.distinct.count(),
            by_class: counted.classes.map(|class| class.compared),
            match_rate,
            primary_latency: counted.primary.clone(),
            shadow_latency: counted.shadow.clone(),
            baseline_latency: counted.baseline.clone(),
            groups,
            other_differences: seen.other_differences(),
            shapes,
            unfit_baseline: seen.unfit_baseline(thresholds),
            coverage: seen.median_coverage(),
            routes: counted.routes.iter().map(RouteReport::new).collect(),
            windows: windows.map(WindowReport::new).collect(),
            uncompared_headers: counted.advice.headers(),
            unused_rules: counted.advice.unused(),
            suggestions: counted.advice.suggestions(),
        }
    }
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
    since: Option<u64>,
    until: u64,
    version: Option<Box<str>>,
    with_baseline: u64,
    slow: Slow,
    classes: [Class; 5],
    faults: u64,
    not_compared: BTreeMap<NotComparedReason, u64>,
    distinct: Distinct,
    routes: RoutesRecord,
    windows: WindowsRecord,
    advice: Advice,
    primary_latency: Buckets,
    shadow_latency: Buckets,
    baseline_latency: Buckets,
    seen: Seen,
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { counted, seen } = self;
        let not_compared = NotComparedReason::ALL
            .iter()
            .copied()
            .zip(counted.not_compared);
        let record = Versions::V1(Version1 {
            since: counted.since,
            until: counted.until,
            version: counted.version.clone(),
            with_baseline: counted.with_baseline,
            slow: counted.slow,
            classes: counted.classes,
            faults: counted.faults,
            not_compared: not_compared.filter(|(_, count)| *count > 0).collect(),
            distinct: counted.distinct.clone(),
            routes: counted.routes.record(),
            windows: counted.windows.record(),
            advice: counted.advice.clone(),
            primary_latency: counted.primary.to_buckets(),
            shadow_latency: counted.shadow.to_buckets(),
            baseline_latency: counted.baseline.to_buckets(),
            seen: seen.clone(),
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
        let version = self.version.as_deref();
        let counted = Counted {
            since: self.since,
            until: self.until,
            version: version.map(|version| super::epoch::Versions::cut(version).into()),
            with_baseline: self.with_baseline,
            slow: self.slow,
            classes: self.classes,
            faults: self.faults,
            not_compared,
            distinct: self.distinct,
            routes: Routes::from_record(self.routes)?,
            windows: Windows::from_record(&self.windows),
            advice: self.advice.checked()?,
            primary: Latency::from_buckets(&self.primary_latency)?,
            shadow: Latency::from_buckets(&self.shadow_latency)?,
            baseline: Latency::from_buckets(&self.baseline_latency)?,
        };
        Ok(Evidence {
            counted,
            seen: self.seen,
        })
    }
}

/// How many, and nothing of what they say.
impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence")
            .field("seen", &self.seen)
            .field("not_compared", &self.counted.not_compared_in_all())
            .finish_non_exhaustive()
    }
}
