//! Verdicts and differences by place, as they are written down and read back.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde::{Deserialize, Serialize};

use super::{MAX_GROUPS, MAX_SETS, Occurrence, OfBaseline, Seen};
use crate::{
    model::{Difference, Group, cut},
    report::Example,
};

/// The same as it is serialized. A group is named by its place in the list.
#[derive(Serialize, Deserialize)]
pub(in crate::report::evidence) struct SeenRecord {
    matched: u64,
    schema_mismatch: u64,
    unexplained: u64,
    other_differences: u64,
    with_baseline: u64,
    groups: Vec<GroupRecord>,
    mismatched: Vec<(BTreeSet<usize>, u64)>,
    baseline: Vec<(Group, OfBaseline)>,
}

#[derive(Serialize, Deserialize)]
struct GroupRecord {
    group: Group,
    comparisons: u64,
    with_baseline: u64,
    more: u64,
    differences: u64,
    first: Option<ExampleRecord>,
    last: Option<ExampleRecord>,
}

/// The parts that are not known from its group.
#[derive(Serialize, Deserialize)]
struct ExampleRecord {
    method: String,
    path: String,
    query: Option<String>,
    pointer: String,
    primary: Option<String>,
    shadow: Option<String>,
}

impl ExampleRecord {
    fn new(example: &Example) -> Self {
        let difference = &example.difference;
        Self {
            method: example.method.as_str().to_owned(),
            path: example.path.clone(),
            query: example.query.clone(),
            pointer: difference.pointer.clone(),
            primary: difference.primary.clone(),
            shadow: difference.shadow.clone(),
        }
    }

    fn example(self, group: &Group) -> Result<Example, &'static str> {
        let method = Method::from_bytes(self.method.as_bytes());
        Ok(Example {
            method: method.map_err(|_| "no such method")?,
            path: cut(self.path),
            query: self.query.map(cut),
            difference: Difference {
                pointer: cut(self.pointer),
                kind: group.kind,
                primary: self.primary.map(cut),
                shadow: self.shadow.map(cut),
                noise: false,
                pattern: group.pattern.clone(),
            },
        })
    }
}

impl Seen {
    pub(in crate::report::evidence) fn record(&self) -> SeenRecord {
        let places = self.groups.values().enumerate();
        let places: BTreeMap<usize, usize> = places.map(|(place, seen)| (seen.id, place)).collect();
        let groups = self.groups.iter().map(|(group, seen)| GroupRecord {
            group: group.clone(),
            comparisons: seen.comparisons,
            with_baseline: seen.with_baseline,
            more: seen.more,
            differences: seen.differences,
            first: seen.first.as_ref().map(ExampleRecord::new),
            last: seen.last.as_ref().map(ExampleRecord::new),
        });
        let mismatched = self.mismatched.iter();
        let mismatched = mismatched.map(|(ids, count)| {
            let ids = ids.iter().filter_map(|id| places.get(id).copied());
            (ids.collect(), *count)
        });
        let mut mismatched: Vec<_> = mismatched.collect();
        mismatched.sort();
        let baseline = self.baseline.iter();
        SeenRecord {
            matched: self.matched,
            schema_mismatch: self.schema_mismatch,
            unexplained: self.unexplained,
            other_differences: self.other_differences,
            with_baseline: self.with_baseline,
            groups: groups.collect(),
            mismatched,
            baseline: baseline
                .map(|(group, seen)| (group.clone(), *seen))
                .collect(),
        }
    }

    /// The same as it was serialized; an error if it is none that can have been.
    pub(in crate::report::evidence) fn from_record(
        record: SeenRecord,
    ) -> Result<Self, &'static str> {
        let count = record.groups.len();
        if count.max(record.baseline.len()) > MAX_GROUPS || record.mismatched.len() > MAX_SETS {
            return Err("too many groups of differences");
        }
        let known = |ids: &BTreeSet<usize>| !ids.is_empty() && ids.iter().all(|id| *id < count);
        if !record.mismatched.iter().all(|(ids, _)| known(ids)) {
            return Err("no such group of differences");
        }
        let mut groups = BTreeMap::new();
        for (id, record) in record.groups.into_iter().enumerate() {
            let (first, last) = (record.first, record.last);
            let example = |example: Option<ExampleRecord>| {
                let example = example.map(|example| example.example(&record.group));
                example.transpose()
            };
            let seen = Occurrence {
                id,
                comparisons: record.comparisons,
                with_baseline: record.with_baseline,
                more: record.more,
                differences: record.differences,
                first: example(first)?,
                last: example(last)?,
            };
            if groups.insert(record.group, seen).is_some() {
                return Err("a group of differences is there twice");
            }
        }
        Ok(Self {
            matched: record.matched,
            schema_mismatch: record.schema_mismatch,
            mismatched: record.mismatched.into_iter().collect(),
            unexplained: record.unexplained,
            groups,
            other_differences: record.other_differences,
            with_baseline: record.with_baseline,
            baseline: record.baseline.into_iter().collect(),
        })
    }
}
