//! Differences that are shown together.

use std::collections::BTreeSet;

use http::Method;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Comparison, Difference, Group, cut},
    report::{
        DifferenceGroup, Example, Paired,
        match_rate::{add, number},
    },
};

/// The most places of a group that are remembered, and the bytes of their names.
const MAX_PLACES: usize = 16;
const MAX_PLACE_BYTES: usize = 2048;

/// Counts and examples of one group.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct OfGroup {
    /// Comparisons in which the shadow differs.
    comparisons: u64,
    /// Those of them that have a baseline.
    with_baseline: u64,
    differences: u64,
    /// Comparisons in which the baseline differs.
    baseline: u64,
    /// As of a place.
    b: u64,
    c: u64,
    /// The places at which the shadow differs.
    places: BTreeSet<String>,
    first: Option<Kept>,
    last: Option<Kept>,
}

/// An example, without what is known from its group.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    method: String,
    path: String,
    query: Option<String>,
    pointer: String,
    primary: Option<String>,
    shadow: Option<String>,
}

impl OfGroup {
    pub(super) fn note(
        &mut self,
        group: &Group,
        comparison: &Comparison,
        baseline: Option<&Comparison>,
    ) {
        let shadow = comparison.places().count_of_group(group);
        let of_baseline = baseline.map_or(0, |baseline| baseline.places().count_of_group(group));
        self.baseline += u64::from(of_baseline > 0);
        self.b += u64::from(shadow > of_baseline);
        self.c += u64::from(of_baseline > shadow);
        if shadow == 0 {
            return;
        }
        self.comparisons += 1;
        self.with_baseline += u64::from(baseline.is_some());
        add(&mut self.differences, shadow);
        if let Some(difference) = example(comparison, group) {
            let kept = Kept::new(comparison, difference);
            self.first.get_or_insert_with(|| kept.clone());
            self.last = Some(kept);
        }
    }

    pub(super) fn add_place(&mut self, place: &Group) {
        if !self.places.contains(&place.pattern) && self.has_room_for(&place.pattern) {
            self.places.insert(place.pattern.clone());
        }
    }

    fn has_room_for(&self, place: &str) -> bool {
        let bytes: usize = self.places.iter().map(String::len).sum();
        self.places.is_empty()
            || self.places.len() < MAX_PLACES && bytes + place.len() <= MAX_PLACE_BYTES
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (ours, theirs) in [
            (&mut self.comparisons, other.comparisons),
            (&mut self.with_baseline, other.with_baseline),
            (&mut self.differences, other.differences),
            (&mut self.baseline, other.baseline),
            (&mut self.b, other.b),
            (&mut self.c, other.c),
        ] {
            add(ours, theirs);
        }
        for place in &other.places {
            if self.has_room_for(place) {
                self.places.insert(place.clone());
            }
        }
        if self.first.is_none() {
            self.first.clone_from(&other.first);
        }
        if other.last.is_some() {
            self.last.clone_from(&other.last);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.comparisons == 0
    }

    pub(super) fn differences(&self) -> u64 {
        self.differences
    }

    pub(super) fn paired(&self, compared: u64) -> Paired {
        Paired::new(compared, self.b, self.c)
    }

    pub(super) fn places<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = Group> + 'a {
        self.places.iter().map(|place| Group {
            pattern: place.clone(),
            kind: group.kind,
        })
    }

    /// The group as it is shown.
    pub(super) fn shown(&self, group: &Group, noise: bool, with_baseline: u64) -> DifferenceGroup {
        let rate = |count: u64| (with_baseline > 0).then(|| number(count) / number(with_baseline));
        let [first, last] = [&self.first, &self.last]
            .map(|kept| kept.as_ref().and_then(|kept| kept.example(group, noise)));
        DifferenceGroup {
            pointer: group.pattern.clone(),
            kind: group.kind,
            comparisons: self.comparisons,
            differences: self.differences,
            noise,
            shadow_rate: rate(self.with_baseline),
            baseline_rate: rate(self.baseline),
            first,
            last,
        }
    }
}

fn example<'a>(comparison: &'a Comparison, group: &Group) -> Option<&'a Difference> {
    let is_of = |difference: &&Difference| {
        difference.kind == group.kind && difference.pattern == group.pattern
    };
    let shown = comparison.differences.iter().find(is_of);
    shown.or_else(|| comparison.places().first_of(group))
}

impl Kept {
    fn new(comparison: &Comparison, difference: &Difference) -> Self {
        Self {
            method: comparison.method.as_str().to_owned(),
            path: comparison.path.clone(),
            query: comparison.query.clone(),
            pointer: difference.pointer.clone(),
            primary: difference.primary.clone(),
            shadow: difference.shadow.clone(),
        }
    }

    fn example(&self, group: &Group, noise: bool) -> Option<Example> {
        let shown = |text: &String| cut(text.clone());
        Some(Example {
            method: Method::from_bytes(self.method.as_bytes()).ok()?,
            path: shown(&self.path),
            query: self.query.as_ref().map(shown),
            difference: Difference {
                pointer: shown(&self.pointer),
                kind: group.kind,
                primary: self.primary.as_ref().map(shown),
                shadow: self.shadow.as_ref().map(shown),
                noise,
                pattern: group.pattern.clone(),
                // Nobody judges it any more.
                place: group.pattern.clone(),
            },
        })
    }
}
