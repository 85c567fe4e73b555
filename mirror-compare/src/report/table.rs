//! Bounded tables of places, in which rare ones make way.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::model::Group;

/// How often one comparison may have a place make way for another: looking for it takes a look at
/// each.
const MAX_REPLACED: usize = 8;

/// What is known of each place, of so many at most.
///
/// A new place takes the room of the one that was met least often, and its weight as well, as in the
/// space-saving sketch: a place that is met in more than one of so many comparisons as there is room
/// for always stays, and what is new stays for a while.
///
/// With room for `k` places, and `n` times that places were met in all: what was met more often than
/// `n / k` times is there; what is there was counted since it came, which is all but `n / k` times
/// at most. That holds for tables that were merged as well, whoever met what, and in whatever order
/// they were merged, because what a full table does not know counts as what it knows least (Cafaro,
/// Pulimeno and Tempesta, 2016). Not counted is what finds no room because one comparison has more
/// than [`MAX_REPLACED`] new places.
#[derive(Clone)]
pub(super) struct Table<T, const ROOM: usize> {
    entries: BTreeMap<Group, Entry<T>>,
    /// Whether some place had to make way.
    overflowed: bool,
}

#[derive(Clone, Serialize, Deserialize)]
struct Entry<T> {
    weight: u64,
    of: T,
}

/// How a place came into a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    Known,
    New,
    /// Another made way, or some did before: it may have been there earlier.
    Again,
}

/// How many places may still make way for others.
pub(super) struct Moves(usize);

impl Default for Moves {
    fn default() -> Self {
        Self(MAX_REPLACED)
    }
}

impl<T, const ROOM: usize> Default for Table<T, ROOM> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            overflowed: false,
        }
    }
}

impl<T: Default, const ROOM: usize> Table<T, ROOM> {
    /// What is known of a place that was met; `None` if there is no room. What made way goes to
    /// `left`.
    pub(super) fn met(
        &mut self,
        place: &Group,
        moves: &mut Moves,
        left: impl FnOnce(T),
    ) -> Option<(&mut T, Came)> {
        if !self.entries.contains_key(place) {
            let mut weight = 0;
            if self.entries.len() >= ROOM {
                moves.0 = moves.0.checked_sub(1)?;
                let (least, of) = self.make_way()?;
                weight = least;
                left(of);
            }
            let came = if self.overflowed {
                Came::Again
            } else {
                Came::New
            };
            let entry = self.entries.entry(place.clone()).or_insert(Entry {
                weight: weight.saturating_add(1),
                of: T::default(),
            });
            return Some((&mut entry.of, came));
        }
        // Only what is new is cloned.
        let entry = self.entries.get_mut(place)?;
        entry.weight = entry.weight.saturating_add(1);
        Some((&mut entry.of, Came::Known))
    }

    /// Takes away the entry of the least weight; of several the last.
    fn make_way(&mut self) -> Option<(u64, T)> {
        let least = self
            .entries
            .iter()
            .rev()
            .min_by_key(|(_, entry)| entry.weight)?;
        let least = least.0.clone();
        self.overflowed = true;
        let entry = self.entries.remove(&least)?;
        Some((entry.weight, entry.of))
    }

    /// Adds another table. `merge` is given what both know of a place, or what one of them does and
    /// whether the other may have known it; what has no room in the end goes to `left`.
    pub(super) fn merge(
        &mut self,
        other: &Self,
        merge: impl Fn(&mut T, Option<&T>, Missed),
        mut left: impl FnMut(T),
    ) where
        T: Clone,
    {
        let [own_least, other_least] = [self.least(), other.least()];
        for (place, entry) in &mut self.entries {
            if !other.entries.contains_key(place) {
                entry.weight = entry.weight.saturating_add(other_least);
                merge(
                    &mut entry.of,
                    None,
                    Missed::by(other.overflowed, Missed::Other),
                );
            }
        }
        for (place, theirs) in &other.entries {
            if let Some(ours) = self.entries.get_mut(place) {
                ours.weight = ours.weight.saturating_add(theirs.weight);
                merge(&mut ours.of, Some(&theirs.of), Missed::Nothing);
            } else {
                let mut entry = theirs.clone();
                entry.weight = entry.weight.saturating_add(own_least);
                merge(
                    &mut entry.of,
                    None,
                    Missed::by(self.overflowed, Missed::Own),
                );
                self.entries.insert(place.clone(), entry);
            }
        }
        self.overflowed |= other.overflowed;
        while self.entries.len() > ROOM {
            let Some((_, of)) = self.make_way() else {
                break;
            };
            left(of);
        }
    }

    /// How often a place may have been met that is not there.
    fn least(&self) -> u64 {
        let weights = self.entries.values().map(|entry| entry.weight);
        weights.min().filter(|_| self.overflowed).unwrap_or(0)
    }
}

/// Whose comparisons may have met a place without its being noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missed {
    Nothing,
    Own,
    Other,
}

impl Missed {
    fn by(overflowed: bool, whose: Self) -> Self {
        if overflowed { whose } else { Self::Nothing }
    }
}

impl<T, const ROOM: usize> Table<T, ROOM> {
    pub(super) fn get_mut(&mut self, place: &Group) -> Option<&mut T> {
        self.entries.get_mut(place).map(|entry| &mut entry.of)
    }

    pub(super) fn get(&self, place: &Group) -> Option<&T> {
        self.entries.get(place).map(|entry| &entry.of)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Group, &T)> {
        self.entries.iter().map(|(place, entry)| (place, &entry.of))
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// In an order of its own.
#[derive(Serialize, Deserialize)]
struct Written<P, E> {
    overflowed: bool,
    entries: Vec<(P, E)>,
}

impl<T: Serialize, const ROOM: usize> Serialize for Table<T, ROOM> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            overflowed: self.overflowed,
            entries: self.entries.iter().collect(),
        };
        written.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>, const ROOM: usize> Deserialize<'de> for Table<T, ROOM> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::<Group, Entry<T>>::deserialize(deserializer)?;
        let count = written.entries.len();
        if count > ROOM {
            return Err(D::Error::custom("too many places"));
        }
        let entries: BTreeMap<_, _> = written.entries.into_iter().collect();
        if entries.len() < count {
            return Err(D::Error::custom("a place is there twice"));
        }
        Ok(Self {
            entries,
            overflowed: written.overflowed,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::model::DifferenceKind;

    fn place(name: &str) -> Group {
        Group {
            pattern: name.to_owned(),
            kind: DifferenceKind::Value,
        }
    }

    fn met(table: &mut Table<u64, 4>, name: &str) -> Option<Came> {
        let (count, came) = table.met(&place(name), &mut Moves::default(), drop)?;
        *count += 1;
        Some(came)
    }

    #[test]
    fn rare_places_make_way_and_frequent_ones_stay() {
        let mut table = Table::default();
        for i in 0..100 {
            met(&mut table, "/total");
            met(&mut table, &format!("/{i}"));
        }
        assert_eq!((table.len(), table.get(&place("/total"))), (4, Some(&100)));
        assert_eq!(met(&mut table, "/total"), Some(Came::Known));
        assert_eq!(met(&mut table, "/late"), Some(Came::Again));
        assert_eq!(met(&mut table, "/late"), Some(Came::Known));
    }

    #[test]
    fn one_comparison_moves_a_bounded_number_of_places() {
        let mut table = Table::<u64, 4>::default();
        let mut moves = Moves::default();
        let new = (0..100).filter(|i| {
            table
                .met(&place(&format!("/{i}")), &mut moves, drop)
                .is_some()
        });
        assert_eq!(new.count(), 4 + MAX_REPLACED);
    }

    const ROOM: usize = 6;

    type Small = Table<u64, ROOM>;

    /// Notes each of these, in this order.
    fn noted(names: impl IntoIterator<Item = u8>) -> Small {
        let mut table = Table::default();
        for name in names {
            let met = table.met(&place(&name.to_string()), &mut Moves::default(), drop);
            *met.unwrap().0 += 1;
        }
        table
    }

    fn merge_all(tables: &[Small]) -> Small {
        let add = |ours: &mut u64, theirs: Option<&u64>, _: Missed| *ours += theirs.unwrap_or(&0);
        let mut merged = Table::default();
        for table in tables {
            merged.merge(table, add, drop);
        }
        merged
    }

    /// What is said of the table at its top, of one that knows all of these.
    fn check(table: &Small, names: &[u8]) {
        let bound = (names.len() / ROOM) as u64;
        for name in 0..=u8::MAX {
            let met = names
                .iter()
                .map(|other| u64::from(*other == name))
                .sum::<u64>();
            match table.get(&place(&name.to_string())) {
                Some(counted) => assert!(
                    *counted <= met && met - counted <= bound,
                    "{name}: {counted} of {met}, which is not within {bound}"
                ),
                None => assert!(met <= bound, "{name} is not there, and was met {met} times"),
            }
        }
        let weights = table.entries.values().map(|entry| entry.weight);
        assert!(weights.sum::<u64>() <= names.len() as u64);
    }

    proptest! {
        #[test]
        fn counts_are_within_the_bound_however_places_are_split_and_merged(
            // Some are met often, most are rare.
            names in vec(prop_oneof![2 => 0..4_u8, 1 => 0..20_u8, 1 => any::<u8>()], 0..400),
            whose in vec(0..6_usize, 400),
            order in Just([0_usize, 1, 2, 3, 4, 5]).prop_shuffle(),
        ) {
            check(&noted(names.iter().copied()), &names);
            let parts = order.map(|part| {
                let names = names.iter().zip(&whose).filter(|(_, of)| **of == part);
                noted(names.map(|(name, _)| *name))
            });
            check(&merge_all(&parts), &names);
            // As pairs of pairs.
            let [one, other] = [&parts[..3], &parts[3..]].map(merge_all);
            check(&merge_all(&[other, one]), &names);
        }
    }

    /// Each process has seen little of what is frequent in all of them.
    #[test]
    fn what_each_of_many_has_seen_seldom_is_found_beside_what_one_has_seen_often() {
        let mut all: Vec<u8> = (0..6).flat_map(|name| [name; 20]).collect();
        let mut tables = vec![noted(all.iter().copied().chain([99]))];
        all.push(99);
        for _ in 0..200 {
            tables.push(noted([7, 7]));
            all.extend([7, 7]);
        }
        let merged = merge_all(&tables);
        check(&merged, &all);
        assert!(merged.get(&place("7")).is_some_and(|met| *met >= 380));
    }

    #[test]
    fn merging_adds_up_and_keeps_the_heaviest() {
        let [mut one, mut other] = [(); 2].map(|()| Table::<u64, 4>::default());
        for name in ["/a", "/a", "/b", "/c"] {
            met(&mut one, name);
        }
        for name in ["/a", "/d", "/d", "/e", "/e", "/e"] {
            met(&mut other, name);
        }
        let mut left = 0;
        let add = |ours: &mut u64, theirs: Option<&u64>, _: Missed| *ours += theirs.unwrap_or(&0);
        one.merge(&other, add, |of| left += of);
        assert_eq!((one.len(), left), (4, 1));
        assert_eq!(
            [place("/a"), place("/e")].map(|place| one.get(&place).copied()),
            [Some(3); 2]
        );
    }
}
