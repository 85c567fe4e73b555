//! Hashing values, so that those that are the same under the rules have the same hash.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Element, Walk};
use crate::{
    engine::budget::Spent,
    json::{Node, decimal},
    rules::{Marks, State},
};

impl Walk<'_, '_, '_> {
    pub(super) fn hashes(&mut self, elements: &[Element<'_>]) -> Result<Vec<u64>, Spent> {
        elements
            .iter()
            .map(|element| self.hash(element.node, &element.state))
            .collect()
    }

    pub(super) fn hash(&mut self, node: &Node<'_>, state: &State) -> Result<u64, Spent> {
        let mut hasher = DefaultHasher::new();
        let marks = self.found.rules.patterns.marks(state);
        self.hash_into(node, state, &marks, &mut hasher)?;
        Ok(hasher.finish())
    }

    fn hash_into(
        &mut self,
        node: &Node<'_>,
        state: &State,
        marks: &Marks,
        hasher: &mut DefaultHasher,
    ) -> Result<(), Spent> {
        self.budget.spend(1)?;
        std::mem::discriminant(node).hash(hasher);
        match node {
            Node::Null => {}
            Node::Bool(value) => value.hash(hasher),
            // Numbers that are within a tolerance of one another need not have a common neighbour.
            Node::Number(_) if marks.tolerance.is_some() => {}
            Node::Number(text) => {
                self.budget.spend_on(text)?;
                decimal::hash(text, !self.found.rules.ignore_zero_fraction, hasher);
            }
            Node::String(text) => {
                self.budget.spend_on(text)?;
                text.hash(hasher);
            }
            Node::Array(elements) => {
                self.hash_elements(elements, state, marks.unordered, hasher)?;
            }
            Node::Object(members) => {
                for (key, member) in *members {
                    let state = self.found.rules.patterns.key(state, key);
                    let marks = self.found.rules.patterns.marks(&state);
                    if !marks.ignore {
                        self.budget.spend_on(key)?;
                        key.hash(hasher);
                        self.hash_into(member, &state, &marks, hasher)?;
                    }
                }
                hasher.write_u8(0);
            }
        }
        Ok(())
    }

    fn hash_elements(
        &mut self,
        elements: &[Node<'_>],
        state: &State,
        unordered: bool,
        hasher: &mut DefaultHasher,
    ) -> Result<(), Spent> {
        let (mut count, mut sum) = (0_usize, 0_u64);
        for (index, element) in elements.iter().enumerate() {
            let state = self.found.rules.patterns.index(state, index);
            let marks = self.found.rules.patterns.marks(&state);
            if marks.ignore {
                continue;
            }
            count += 1;
            if unordered {
                sum = sum.wrapping_add(self.hash(element, &state)?);
            } else {
                self.hash_into(element, &state, &marks, hasher)?;
            }
        }
        (count, sum).hash(hasher);
        Ok(())
    }
}
