//! Snapshots, added up.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use mirror_runtime::{Evidence, Latency, Standing, TargetReport, TargetStats, Thresholds};

use super::snapshot::{Compared, Snapshot};

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
/// Evidence of several versions of a shadow does not add up. That of the version counts which was
/// seen first last, among those of which an instance has compared a response at most `window` before
/// the last comparison of all: a version that is being replaced is older than the one that replaces
/// it, and one that was rolled back has no responses any more.
#[must_use]
pub fn add_up<'k>(known: impl IntoIterator<Item = &'k Known>, window: Duration) -> Vec<Sum> {
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
            sum(&known, window)
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

fn sum(known: &[&Known], window: Duration) -> Option<Sum> {
    let newest = known.iter().max_by_key(|of| of.written)?;
    let mut sum = Sum::new(&newest.snapshot);
    let mut counts = BTreeMap::<&str, u64>::new();
    let [mut latency, mut first_byte] = [Latency::default(), Latency::default()];
    let mut counted = 0;
    let version = current_version(known, window);
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

/// The version of the shadow that the evidence is to be about.
fn current_version<'k>(known: &[&'k Known], window: Duration) -> Option<&'k str> {
    let of_build = known.iter().filter_map(|of| {
        let compared = of.snapshot.compared.as_ref()?;
        let is_about_one = !compared.evidence.is_of_any_version();
        is_about_one.then_some((*of, compared))
    });
    let of_build: Vec<_> = of_build.collect();
    let before = |of: &Known, millis: u64| {
        let ago = Duration::from_millis(millis);
        of.written.checked_sub(ago).unwrap_or(of.written)
    };
    let grown = |of: &Known, compared: &Compared| before(of, compared.idle_ms);
    let last = of_build.iter().map(|(of, compared)| grown(of, compared));
    let last = last.max()?;
    let mut first_seen = BTreeMap::<Option<&str>, SystemTime>::new();
    for (of, compared) in &of_build {
        for (version, ago) in &compared.versions {
            let seen = before(of, *ago);
            let first = first_seen.entry(version.as_deref()).or_insert(seen);
            *first = (*first).min(seen);
        }
    }
    let is_recent = |of: &Known, compared: &Compared| {
        let idle = last.duration_since(grown(of, compared));
        idle.unwrap_or_default() <= window
    };
    let recent = of_build
        .iter()
        .filter(|(of, compared)| is_recent(of, compared));
    let versions = recent.map(|(_, compared)| compared.evidence.version());
    versions
        .max_by_key(|version| (first_seen.get(version), *version))
        .flatten()
}
