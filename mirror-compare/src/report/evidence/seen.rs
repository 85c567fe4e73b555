//! Verdicts and differences by place.

mod record;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

pub(super) use self::record::SeenRecord;
use crate::{
    model::{Comparison, DifferenceKind, Group, Verdict},
    report::{DifferenceGroup, Example, Thresholds, match_rate::number, noise::Rates},
};

/// The most groups of differences that are told apart, for the target and for its baseline each.
/// The examples of a group are at most 10 KiB.
const MAX_GROUPS: usize = 200;

/// The most sets of groups that are told apart.
const MAX_SETS: usize = 1000;

/// The verdicts, and the differences by their groups.
///
/// Only the end shows what is noise. Mismatches are counted by the set of groups of their
/// differences, so that they can count as matches then.
#[derive(Clone, Default)]
pub(in crate::report) struct Seen {
    matched: u64,
    schema_mismatch: u64,
    /// Mismatches by the groups of all their differences.
    mismatched: BTreeMap<BTreeSet<usize>, u64>,
    /// Mismatches with a difference whose group is not known, or with none at all. They are never
    /// noise.
    unexplained: u64,
    groups: BTreeMap<Group, Occurrence>,
    other_differences: u64,
    /// Requests in which the baseline was compared too.
    with_baseline: u64,
    /// The groups in which the baseline differed.
    baseline: BTreeMap<Group, OfBaseline>,
}

/// Counts of one group of the baseline's.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct OfBaseline {
    /// In how many requests it differed.
    comparisons: u64,
    /// In how many of them at more places than the shadow.
    more: u64,
}

/// Counts and examples of one group.
#[derive(Clone)]
struct Occurrence {
    id: usize,
    comparisons: u64,
    /// Those in which the baseline was compared too.
    with_baseline: u64,
    /// Those of them in which the shadow differed at more places than the baseline.
    more: u64,
    differences: u64,
    first: Option<Example>,
    last: Option<Example>,
}

impl Occurrence {
    fn new(id: usize) -> Self {
        Self {
            id,
            comparisons: 0,
            with_baseline: 0,
            more: 0,
            differences: 0,
            first: None,
            last: None,
        }
    }

    fn merge(&mut self, other: &Self) {
        add(&mut self.comparisons, other.comparisons);
        add(&mut self.with_baseline, other.with_baseline);
        add(&mut self.more, other.more);
        add(&mut self.differences, other.differences);
        if self.first.is_none() {
            self.first.clone_from(&other.first);
        }
        if other.last.is_some() {
            self.last.clone_from(&other.last);
        }
    }

    fn group(&self, group: &Group, rates: Rates, thresholds: &Thresholds) -> DifferenceGroup {
        let has_baseline = rates.compared > 0;
        let noise = rates.are_noise(thresholds);
        let [first, last] = [&self.first, &self.last].map(|example| {
            let mut example = example.clone()?;
            // It may have been taken for something else at the time.
            example.difference.noise = noise;
            Some(example)
        });
        DifferenceGroup {
            pointer: group.pattern.clone(),
            kind: group.kind,
            comparisons: self.comparisons,
            differences: self.differences,
            noise,
            shadow_rate: has_baseline.then(|| rates.shadow_rate()),
            baseline_rate: has_baseline.then(|| rates.baseline_rate()),
            first,
            last,
        }
    }
}

/// Comparisons by verdict, without noise.
#[derive(Debug)]
pub(in crate::report) struct Counts {
    pub(in crate::report) matched: u64,
    pub(in crate::report) noise: u64,
    pub(in crate::report) mismatched: u64,
    pub(in crate::report) schema_mismatch: u64,
}

impl Counts {
    pub(in crate::report) fn compared(&self) -> u64 {
        sum(&[self.matched, self.mismatched, self.schema_mismatch])
    }
}

impl Seen {
    pub(in crate::report) fn note(
        &mut self,
        comparison: &Comparison,
        baseline: Option<&Comparison>,
    ) {
        if let Some(baseline) = baseline {
            self.with_baseline += 1;
            self.note_baseline(baseline, comparison);
        }
        let ids = self.note_groups(comparison, baseline);
        match (comparison.verdict, ids) {
            (Verdict::Match, _) => self.matched += 1,
            (Verdict::SchemaMismatch, _) => self.schema_mismatch += 1,
            (_, ids) => self.add_mismatched(ids, 1),
        }
    }

    /// Counts mismatches with differences of these groups; `None` if they are not known.
    fn add_mismatched(&mut self, ids: Option<BTreeSet<usize>>, more: u64) {
        let count = match ids {
            Some(ids) if self.mismatched.len() < MAX_SETS => {
                self.mismatched.entry(ids).or_default()
            }
            Some(ids) => self
                .mismatched
                .get_mut(&ids)
                .unwrap_or(&mut self.unexplained),
            None => &mut self.unexplained,
        };
        add(count, more);
    }

    /// Adds what was seen elsewhere.
    pub(in crate::report) fn merge(&mut self, other: &Self) {
        add(&mut self.matched, other.matched);
        add(&mut self.schema_mismatch, other.schema_mismatch);
        add(&mut self.unexplained, other.unexplained);
        add(&mut self.other_differences, other.other_differences);
        add(&mut self.with_baseline, other.with_baseline);
        let ids = self.merge_groups(other);
        for (theirs, count) in &other.mismatched {
            let ours = theirs.iter().map(|id| ids.get(id).copied()).collect();
            self.add_mismatched(ours, *count);
        }
        for (group, theirs) in &other.baseline {
            if self.baseline.len() < MAX_GROUPS || self.baseline.contains_key(group) {
                let seen = self.baseline.entry(group.clone()).or_default();
                add(&mut seen.comparisons, theirs.comparisons);
                add(&mut seen.more, theirs.more);
            }
        }
    }

    /// Our ids by theirs, as far as there is room for their groups.
    fn merge_groups(&mut self, other: &Self) -> BTreeMap<usize, usize> {
        let mut ids = BTreeMap::new();
        for (group, theirs) in &other.groups {
            let next = self.groups.len();
            if next == MAX_GROUPS && !self.groups.contains_key(group) {
                add(&mut self.other_differences, theirs.differences);
                continue;
            }
            let seen = self.groups.entry(group.clone());
            let seen = seen.or_insert_with(|| Occurrence::new(next));
            seen.merge(theirs);
            ids.insert(theirs.id, seen.id);
        }
        ids
    }

    fn note_baseline(&mut self, baseline: &Comparison, shadow: &Comparison) {
        for (group, places) in baseline.groups().iter() {
            if self.baseline.len() == MAX_GROUPS && !self.baseline.contains_key(group) {
                continue;
            }
            let seen = self.baseline.entry(group.clone()).or_default();
            seen.comparisons += 1;
            seen.more += u64::from(places > places_of(group, shadow));
        }
    }

    /// The ids of the groups of all differences; `None` if some are not known, or if there are
    /// none.
    fn note_groups(
        &mut self,
        comparison: &Comparison,
        baseline: Option<&Comparison>,
    ) -> Option<BTreeSet<usize>> {
        let mut ids = BTreeSet::new();
        let mut others = comparison.groups().others();
        for (group, count) in comparison.groups().iter() {
            let next = self.groups.len();
            if next == MAX_GROUPS && !self.groups.contains_key(group) {
                others += count;
                continue;
            }
            let seen = self.groups.entry(group.clone());
            let seen = seen.or_insert_with(|| Occurrence::new(next));
            ids.insert(seen.id);
            seen.comparisons += 1;
            if let Some(baseline) = baseline {
                seen.with_baseline += 1;
                seen.more += u64::from(count > places_of(group, baseline));
            }
            seen.differences += count;
            if let Some(example) = example(comparison, group) {
                seen.first.get_or_insert_with(|| example.clone());
                seen.last = Some(example);
            }
        }
        self.other_differences += others;
        (others == 0 && !ids.is_empty()).then_some(ids)
    }

    pub(in crate::report) fn is_noise(&self, group: &Group, thresholds: &Thresholds) -> bool {
        self.rates(group).are_noise(thresholds)
    }

    fn rates(&self, group: &Group) -> Rates {
        let shadow = self.groups.get(group);
        let baseline = self.baseline.get(group).copied().unwrap_or_default();
        Rates {
            compared: self.with_baseline,
            shadow: shadow.map_or(0, |seen| seen.with_baseline),
            baseline: baseline.comparisons,
            shadow_more: shadow.map_or(0, |seen| seen.more),
            baseline_more: baseline.more,
        }
    }

    /// In which share of the requests that the baseline answered too its status was not the
    /// primary's.
    pub(in crate::report) fn baseline_status_rate(&self) -> f64 {
        let groups = self.baseline.iter();
        let of_status = groups.filter(|(group, _)| group.kind == DifferenceKind::Status);
        let differed = of_status.map(|(_, seen)| &seen.comparisons);
        number(sum(differed)) / number(self.with_baseline.max(1))
    }

    pub(in crate::report) fn counts(&self, thresholds: &Thresholds) -> Counts {
        let noise: BTreeSet<usize> = self
            .groups
            .iter()
            .filter(|(group, _)| self.is_noise(group, thresholds))
            .map(|(_, seen)| seen.id)
            .collect();
        let all = sum(self.mismatched.values());
        let forgiven = self.mismatched.iter();
        let forgiven = forgiven.filter(|(groups, _)| groups.is_subset(&noise));
        let forgiven = sum(forgiven.map(|(_, count)| count));
        Counts {
            matched: self.matched.saturating_add(forgiven),
            noise: forgiven,
            mismatched: (all - forgiven).saturating_add(self.unexplained),
            schema_mismatch: self.schema_mismatch,
        }
    }

    pub(in crate::report) fn groups(&self, thresholds: &Thresholds) -> Vec<DifferenceGroup> {
        let groups = self.groups.iter();
        let mut groups: Vec<_> = groups
            .map(|(group, seen)| seen.group(group, self.rates(group), thresholds))
            .collect();
        groups.sort_by_key(|group| (group.noise, Reverse(group.comparisons)));
        groups
    }

    pub(in crate::report) fn other_differences(&self) -> u64 {
        self.other_differences
    }
}

/// At how many places of a group there is a difference.
fn places_of(group: &Group, comparison: &Comparison) -> u64 {
    let mut groups = comparison.groups().iter();
    let found = groups.find(|(other, _)| *other == group);
    found.map_or(0, |(_, places)| places)
}

fn example(comparison: &Comparison, group: &Group) -> Option<Example> {
    let difference = comparison
        .differences
        .iter()
        .find(|difference| difference.group() == *group)?;
    Some(Example {
        method: comparison.method.clone(),
        path: comparison.path.clone(),
        query: comparison.query.clone(),
        difference: difference.clone(),
    })
}

fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

fn sum<'a>(counts: impl IntoIterator<Item = &'a u64>) -> u64 {
    counts.into_iter().copied().fold(0, u64::saturating_add)
}

/// How many, and nothing of what they say.
impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen")
            .field("matched", &self.matched)
            .field("groups", &self.groups.len())
            .finish_non_exhaustive()
    }
}
