//! Snapshots, added up.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use mirror_runtime::{
    Evidence, Latency, Standing, TargetReport, TargetStats, Thresholds, VersionsSeen,
};

use super::snapshot::Snapshot;

/// A snapshot, and what is known of its instance.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Known {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// When it was written, by one clock for all.
    pub written: SystemTime,
    /// Whether its instance is there. If not, its circuit says nothing.
    pub is_running: bool,
}

impl Known {
    /// A snapshot of an instance that is there, or is not.
    #[must_use]
    pub const fn new(snapshot: Snapshot, written: SystemTime, is_running: bool) -> Self {
        Self {
            snapshot,
            written,
            is_running,
        }
    }
}

/// What all instances together know of a target.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sum {
    /// Its counters.
    pub stats: TargetStats,
    /// Which of the targets it is, from 0.
    pub index: usize,
    /// Whether it is the baseline.
    pub is_baseline: bool,
    /// In how many instances that are there its circuit is open.
    pub open_circuits: u64,
    /// Of how many instances the evidence is; of a target that is not compared, the counters.
    pub instances: u64,
    /// The comparisons; `None` if there are none.
    compared: Option<Merged>,
}

#[derive(Clone, Debug)]
struct Merged {
    evidence: Evidence,
    standing: Standing,
    thresholds: Thresholds,
    /// When the snapshot with the thresholds was written.
    written: SystemTime,
}

impl Sum {
    /// The report on all comparisons; `None` if there are none.
    #[must_use]
    pub fn report(&self) -> Option<TargetReport> {
        let merged = self.compared.as_ref()?;
        let evidence = &merged.evidence;
        Some(evidence.report(&self.stats.name, &merged.thresholds, merged.standing))
    }

    /// The same, judged by other bars than those of the last snapshot.
    #[must_use]
    pub fn with_thresholds(mut self, thresholds: Thresholds) -> Self {
        if let Some(merged) = &mut self.compared {
            merged.thresholds = thresholds;
        }
        self
    }

    fn new(snapshot: &Snapshot) -> Self {
        Self {
            stats: TargetStats::from_counts(&snapshot.target, &BTreeMap::new()),
            index: snapshot.index,
            is_baseline: snapshot.is_baseline,
            open_circuits: 0,
            instances: 0,
            compared: None,
        }
    }
}

/// Adds up the snapshots of one mirror, whoever has written them, in whatever order: a sum for each
/// target, in the order of the targets.
///
/// Evidence of several versions of a shadow does not add up. That of the version counts that the
/// shadow is [of](mirror_runtime::VersionsSeen::current) by what all of them have seen until `now`,
/// with `wait` until each has said so.
#[must_use]
pub fn add_up<'k>(
    known: impl IntoIterator<Item = &'k Known>,
    wait: Duration,
    now: SystemTime,
) -> Vec<Sum> {
    let mut by_target = BTreeMap::<&str, Vec<&Known>>::new();
    for known in known {
        let target = &*known.snapshot.target;
        by_target.entry(target).or_default().push(known);
    }
    let mut sums: Vec<_> = by_target
        .into_values()
        .filter_map(|mut known| {
            // So that examples are the same, too, whoever adds them up.
            known.sort_by_key(|of| (&of.snapshot.instance, &of.snapshot.run));
            sum(&known, wait, now)
        })
        .collect();
    sums.sort_by(|one, other| {
        (one.is_baseline, one.index, &one.stats.name).cmp(&(
            other.is_baseline,
            other.index,
            &other.stats.name,
        ))
    });
    sums
}

fn sum(known: &[&Known], wait: Duration, now: SystemTime) -> Option<Sum> {
    let newest = known.iter().max_by_key(|of| of.written)?;
    let mut sum = Sum::new(&newest.snapshot);
    let mut counts = BTreeMap::<&str, u64>::new();
    let [mut latency, mut first_byte] = [Latency::default(), Latency::default()];
    let mut counted = 0;
    let version = current_version(known, wait, now);
    for Known {
        snapshot,
        written,
        is_running,
    } in known
    {
        counted += snapshot.of.max(1);
        for (name, count) in &snapshot.counts {
            let sum = counts.entry(name).or_default();
            *sum = sum.saturating_add(*count);
        }
        if let Ok([of_all, of_heads]) = snapshot.latencies() {
            latency.merge(&of_all);
            first_byte.merge(&of_heads);
        }
        sum.open_circuits += u64::from(snapshot.is_circuit_open && *is_running);
        let Some(compared) = &snapshot.compared else {
            continue;
        };
        let evidence = &compared.evidence;
        if !evidence.is_of_any_version() && evidence.version() != version {
            continue;
        }
        sum.instances += snapshot.of.max(1);
        let standing = compared
            .standing
            .with_open_circuit(compared.standing.is_open && *is_running);
        match &mut sum.compared {
            None => {
                sum.compared = Some(Merged {
                    evidence: evidence.clone(),
                    standing,
                    thresholds: compared.thresholds,
                    written: *written,
                });
            }
            Some(merged) => {
                merged.evidence.merge(evidence);
                merged.standing.merge(&standing);
                if *written > merged.written {
                    merged.written = *written;
                    merged.thresholds = compared.thresholds;
                }
            }
        }
    }
    if sum.compared.is_none() {
        sum.instances = counted;
    }
    let counts = counts
        .into_iter()
        .map(|(name, count)| (name.to_owned(), count));
    sum.stats = TargetStats::from_counts(&newest.snapshot.target, &counts.collect());
    sum.stats.latency = latency;
    sum.stats.first_byte = first_byte;
    sum.stats.is_circuit_open = sum.open_circuits > 0;
    Some(sum)
}

/// When which versions of a shadow have responded to any instance.
pub(super) fn versions<'k>(
    known: impl IntoIterator<Item = &'k Known>,
    now: SystemTime,
) -> VersionsSeen {
    let mut versions = VersionsSeen::default();
    for of in known {
        if let Some(compared) = &of.snapshot.compared {
            let later = now.duration_since(of.written).unwrap_or_default();
            versions.merge(&compared.seen.clone().later(later));
        }
    }
    versions
}

/// The version of the shadow that the evidence is to be about.
fn current_version<'k>(known: &[&'k Known], wait: Duration, now: SystemTime) -> Option<&'k str> {
    let compared = known.iter().filter_map(|of| of.snapshot.compared.as_ref());
    let of_builds = compared.filter(|compared| !compared.evidence.is_of_any_version());
    let of_builds: BTreeSet<_> = of_builds
        .map(|compared| compared.evidence.version())
        .collect();
    let versions = versions(known.iter().copied(), now);
    let current = versions.current(wait, |version| of_builds.contains(&version));
    let mut all = of_builds.iter().copied();
    let current = current.and_then(|version| all.find(|of| *of == version));
    // Nobody has told anything of versions.
    current.or(of_builds.last().copied()).flatten()
}
