//! The keys of objects that were read, because the next ones have the same.

use super::{Member, NotJson};

/// The keys of an object, as they are written and as they are compared.
#[derive(Default)]
pub(super) struct Shape<'a> {
    keys: Vec<&'a str>,
    /// The positions of the keys in the order of the keys.
    order: Vec<usize>,
}

impl<'a> Shape<'a> {
    /// The key at a position.
    pub(super) fn key(&self, position: usize) -> Option<&'a str> {
        self.keys.get(position).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Becomes that of an object.
    pub(super) fn learn(&mut self, members: &[Member<'a>]) -> Result<(), NotJson> {
        self.keys.clear();
        self.keys.extend(members.iter().map(|(key, _)| *key));
        self.order.clear();
        self.order.extend(0..members.len());
        let key = |position: &usize| self.keys[*position];
        self.order.sort_unstable_by_key(key);
        let twice = |pair: &[usize]| key(&pair[0]) == key(&pair[1]);
        if self.order.windows(2).any(twice) {
            return Err(NotJson::DuplicateKey);
        }
        Ok(())
    }

    /// The members of an object of this shape in the order of their keys.
    pub(super) fn sorted<'m>(
        &self,
        members: &'m [Member<'a>],
    ) -> impl ExactSizeIterator<Item = Member<'a>> {
        self.order.iter().map(|position| members[*position])
    }

    /// Expects nothing any more.
    pub(super) fn forget(&mut self) {
        self.keys.clear();
    }
}
