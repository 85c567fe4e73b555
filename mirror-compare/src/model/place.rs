//! The places at which two responses differ.

use std::collections::BTreeMap;

use crate::model::{Difference, Group, shape::Shapes};

/// The most places, and the most groups, that one comparison tells apart.
const MAX_PLACES: usize = 200;

/// The most values that are looked at in a list. In one that is in random order, whatever is wrong in
/// it comes in any place.
const MAX_SHAPES: usize = 8;

/// The places of all differences of one comparison.
///
/// A place is finer than a [`Group`]: an element of a tuple is one, and so are all elements of a
/// list that are alike.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    tallies: BTreeMap<Group, Tally>,
    groups: BTreeMap<Group, InGroup>,
    /// Differences at further places.
    others: u64,
}

/// The differences at one place.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    /// Those that it is shown with.
    pub(crate) group: Group,
    /// The values of the first ones, at least of one.
    pub(crate) shapes: Vec<Shapes>,
}

/// The differences of one group.
#[derive(Clone, Debug)]
struct InGroup {
    count: u64,
    /// The first, if it is none of those that the comparison shows.
    first: Option<Difference>,
}

impl Places {
    /// Whether a difference of this group is there already, or has no room.
    pub(crate) fn knows(&self, group: &Group) -> bool {
        self.groups.contains_key(group) || self.groups.len() == MAX_PLACES
    }

    /// Adds a difference at a place, that is shown in a group.
    pub(crate) fn add(&mut self, place: &Group, group: &Group, shapes: impl FnOnce() -> Shapes) {
        let has_room = self.groups.len() < MAX_PLACES;
        if let Some(known) = self.groups.get_mut(group) {
            known.count += 1;
        } else if has_room {
            let known = InGroup {
                count: 1,
                first: None,
            };
            self.groups.insert(group.clone(), known);
        }
        if let Some(tally) = self.tallies.get_mut(place) {
            tally.count += 1;
            if tally.shapes.len() < MAX_SHAPES {
                tally.shapes.push(shapes());
            }
        } else if self.tallies.len() < MAX_PLACES {
            let tally = Tally {
                count: 1,
                group: group.clone(),
                shapes: vec![shapes()],
            };
            self.tallies.insert(place.clone(), tally);
        } else {
            self.others += 1;
        }
    }

    /// Keeps the first difference of a group, which is not shown otherwise.
    pub(crate) fn keep(&mut self, difference: Difference) {
        if let Some(group) = self.groups.get_mut(&difference.group()) {
            group.first.get_or_insert(difference);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Group, &Tally)> {
        self.tallies.iter()
    }

    pub(crate) fn get(&self, place: &Group) -> Option<&Tally> {
        self.tallies.get(place)
    }

    /// How many differences there are at a place.
    pub(crate) fn count(&self, place: &Group) -> u64 {
        self.get(place).map_or(0, |tally| tally.count)
    }

    /// Each group, with its number of differences.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&Group, u64)> {
        self.groups
            .iter()
            .map(|(group, known)| (group, known.count))
    }

    /// How many differences of a group there are.
    pub(crate) fn count_of_group(&self, group: &Group) -> u64 {
        self.groups.get(group).map_or(0, |group| group.count)
    }

    /// The first difference of a group, if the comparison does not show it.
    pub(crate) fn first_of(&self, group: &Group) -> Option<&Difference> {
        self.groups.get(group)?.first.as_ref()
    }

    /// Differences that are at none of the places.
    pub(crate) fn others(&self) -> u64 {
        self.others
    }

    /// Differences in the body.
    pub(crate) fn in_body(&self) -> u64 {
        let body = self.tallies.iter().filter(|(place, _)| place.is_in_body());
        body.map(|(_, tally)| tally.count).sum::<u64>() + self.others
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tallies.is_empty()
    }
}
