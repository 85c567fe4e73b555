//! What was seen of one target.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    model::{Comparison, DifferenceKind, Group, Verdict},
    report::{DifferenceGroup, Example, Thresholds, match_rate::number, noise::Rates},
};

/// The most groups of differences that are told apart, for the target and for its baseline each. The examples of a group
/// are at most 10 KiB.
const MAX_GROUPS: usize = 200;

/// The most sets of groups that are told apart.
const MAX_SETS: usize = 1000;

/// The verdicts, and the differences by their groups.
///
/// What is noise is known in the end only. So that mismatches can be taken for matches then, they are counted by the set
/// of groups of their differences.
#[derive(Default)]
pub(super) struct Seen {
    matched: u64,
    schema_mismatch: u64,
    /// Mismatches by the groups of all their differences.
    mismatched: BTreeMap<BTreeSet<usize>, u64>,
    /// Mismatches with a difference whose group is not known, or with none at all. They are never noise.
    unexplained: u64,
    groups: BTreeMap<Group, Occurrence>,
    other_differences: u64,
    /// Requests in which the baseline was compared too.
    with_baseline: u64,
    /// What the baseline differed in.
    baseline: BTreeMap<Group, OfBaseline>,
}

/// What was seen of one group of the baseline's.
#[derive(Clone, Copy, Default)]
struct OfBaseline {
    /// In how many requests it differed.
    comparisons: u64,
    /// In how many of them at more places than the shadow.
    more: u64,
}

/// What was seen of one group.
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
pub(super) struct Counts {
    pub(super) matched: u64,
    pub(super) noise: u64,
    pub(super) mismatched: u64,
    pub(super) schema_mismatch: u64,
}

impl Counts {
    pub(super) fn compared(&self) -> u64 {
        self.matched + self.mismatched + self.schema_mismatch
    }
}

impl Seen {
    pub(super) fn note(&mut self, comparison: &Comparison, baseline: Option<&Comparison>) {
        if let Some(baseline) = baseline {
            self.with_baseline += 1;
            self.note_baseline(baseline, comparison);
        }
        let ids = self.note_groups(comparison, baseline);
        match (comparison.verdict, ids) {
            (Verdict::Match, _) => self.matched += 1,
            (Verdict::SchemaMismatch, _) => self.schema_mismatch += 1,
            (_, Some(ids)) => {
                if let Some(count) = self.mismatched.get_mut(&ids) {
                    *count += 1;
                } else if self.mismatched.len() < MAX_SETS {
                    self.mismatched.insert(ids, 1);
                } else {
                    self.unexplained += 1;
                }
            }
            (_, None) => self.unexplained += 1,
        }
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

    /// The ids of the groups of all differences; `None` where they are not all known, or none.
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
            let seen = self.groups.entry(group.clone()).or_insert(Occurrence {
                id: next,
                comparisons: 0,
                with_baseline: 0,
                more: 0,
                differences: 0,
                first: None,
                last: None,
            });
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

    pub(super) fn is_noise(&self, group: &Group, thresholds: &Thresholds) -> bool {
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

    /// In which share of the requests that the baseline answered too its status was not the primary's.
    pub(super) fn baseline_status_rate(&self) -> f64 {
        let groups = self.baseline.iter();
        let of_status = groups.filter(|(group, _)| group.kind == DifferenceKind::Status);
        let differed = of_status.map(|(_, seen)| seen.comparisons).sum();
        number(differed) / number(self.with_baseline.max(1))
    }

    pub(super) fn counts(&self, thresholds: &Thresholds) -> Counts {
        let noise: BTreeSet<usize> = self
            .groups
            .iter()
            .filter(|(group, _)| self.is_noise(group, thresholds))
            .map(|(_, seen)| seen.id)
            .collect();
        let all: u64 = self.mismatched.values().sum();
        let forgiven: u64 = self
            .mismatched
            .iter()
            .filter(|(groups, _)| groups.is_subset(&noise))
            .map(|(_, count)| count)
            .sum();
        Counts {
            matched: self.matched + forgiven,
            noise: forgiven,
            mismatched: all - forgiven + self.unexplained,
            schema_mismatch: self.schema_mismatch,
        }
    }

    pub(super) fn groups(&self, thresholds: &Thresholds) -> Vec<DifferenceGroup> {
        let groups = self.groups.iter();
        let mut groups: Vec<_> = groups
            .map(|(group, seen)| seen.group(group, self.rates(group), thresholds))
            .collect();
        groups.sort_by_key(|group| (group.noise, Reverse(group.comparisons)));
        groups
    }

    pub(super) fn other_differences(&self) -> u64 {
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
        difference: difference.clone(),
    })
}
