//! The places of differences, without the indices of arrays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::kind::DifferenceKind;

/// The most groups that one comparison tells apart.
const MAX_GROUPS: usize = 200;

/// Differences of one kind at one place, in whatever elements of the arrays on the way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Group {
    /// A JSON pointer in which `*` stands for any index; the name of a header or a trailer field.
    pub pattern: String,
    /// In what way they differ.
    pub kind: DifferenceKind,
}

/// The groups of all differences of one comparison.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    counts: BTreeMap<Group, u64>,
    /// Differences of further groups.
    others: u64,
}

impl Groups {
    pub(crate) fn add(&mut self, group: Group) {
        if let Some(count) = self.counts.get_mut(&group) {
            *count += 1;
        } else if self.counts.len() < MAX_GROUPS {
            self.counts.insert(group, 1);
        } else {
            self.others += 1;
        }
    }

    /// Whether a group is new, and there is room for it.
    pub(crate) fn has_room_for(&self, group: &Group) -> bool {
        self.counts.len() < MAX_GROUPS && !self.counts.contains_key(group)
    }

    /// Each group, with its number of differences.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Group, u64)> {
        self.counts.iter().map(|(group, count)| (group, *count))
    }

    /// Differences that are in none of the groups.
    pub(crate) fn others(&self) -> u64 {
        self.others
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
