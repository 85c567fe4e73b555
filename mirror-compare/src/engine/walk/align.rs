//! Comparing two arrays, element by element.

use similar::DiffOp;

use super::{Element, Stop, Walk};
use crate::{
    engine::{
        budget::Spent,
        path::{Siblings, Token},
    },
    json::{Node, decimal},
    model::edits,
    rules::State,
};

/// The most elements, of both arrays, among which the ones that went and came are looked for. It
/// takes up to the square of their number.
const MAX_ALIGNED: usize = 1000;

impl<'n> Walk<'n, '_, '_> {
    pub(super) fn arrays(
        &mut self,
        ones: &'n [Node<'n>],
        others: &'n [Node<'n>],
        state: &State,
        unordered: bool,
    ) -> Result<(), Stop> {
        self.path.enter(Siblings::Elements([ones, others]));
        self.elements_of(ones, others, state, unordered)?;
        self.path.leave();
        Ok(())
    }

    fn elements_of(
        &mut self,
        ones: &'n [Node<'n>],
        others: &'n [Node<'n>],
        state: &State,
        unordered: bool,
    ) -> Result<(), Stop> {
        if state.is_empty() && ones.len() == others.len() {
            // Nothing to ask of the rules.
            let before = self.found.count();
            for (index, (one, other)) in ones.iter().zip(others).enumerate() {
                self.path.push(Token::Index(index));
                self.values(one, other, state)?;
                self.path.pop();
            }
            let more = self.found.count() - before;
            if more > 1 && self.are_permuted(ones, others, state) {
                self.found.same_elements(&self.path, more);
            }
            return Ok(());
        }
        let ones = self.elements(ones, state)?;
        let others = self.elements(others, state)?;
        if unordered {
            self.unordered(&ones, &others)
        } else if ones.len() == others.len() {
            self.pairs(&ones, &others)
        } else {
            self.lengths_differ(ones.len(), others.len())?;
            self.align(&ones, &others)
        }
    }

    /// Whether two arrays have the same elements in another order, as far as that is soon known.
    fn are_permuted(&mut self, ones: &[Node<'n>], others: &[Node<'n>], state: &State) -> bool {
        std::mem::swap(&mut self.budget, &mut self.hint_budget);
        let permuted = self.permuted(ones, others, state);
        std::mem::swap(&mut self.budget, &mut self.hint_budget);
        permuted.unwrap_or(false)
    }

    fn permuted(
        &mut self,
        ones: &[Node<'n>],
        others: &[Node<'n>],
        state: &State,
    ) -> Result<bool, Spent> {
        // Mostly they have not, and one element is enough to see it.
        for (one, other) in ones.iter().zip(others) {
            if !self.equal(one, other)? {
                if !self.has(others, one)? || !self.has(ones, other)? {
                    return Ok(false);
                }
                break;
            }
        }
        let mut sorted = |nodes: &[Node<'n>]| {
            let hashes = nodes.iter().map(|node| self.hash(node, state));
            let mut hashes = hashes.collect::<Result<Vec<_>, Spent>>()?;
            hashes.sort_unstable();
            Ok(hashes)
        };
        Ok(sorted(ones)? == sorted(others)?)
    }

    fn has(&mut self, nodes: &[Node<'_>], wanted: &Node<'_>) -> Result<bool, Spent> {
        for node in nodes {
            if self.equal(node, wanted)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether two values are equal where there are no rules.
    fn equal(&mut self, one: &Node<'_>, other: &Node<'_>) -> Result<bool, Spent> {
        self.budget.spend(1)?;
        match (one, other) {
            (Node::Number(one), Node::Number(other)) => {
                self.budget.spend_on(one)?;
                self.budget.spend_on(other)?;
                Ok(decimal::same(
                    one,
                    other,
                    !self.found.rules.ignore_zero_fraction,
                ))
            }
            (Node::String(one), Node::String(other)) => {
                self.budget.spend_on(one)?;
                Ok(one == other)
            }
            (Node::Array(ones), Node::Array(others)) if ones.len() == others.len() => {
                for (one, other) in ones.iter().zip(*others) {
                    if !self.equal(one, other)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Node::Object(ones), Node::Object(others)) if ones.len() == others.len() => {
                for ((key, one), (other_key, other)) in ones.iter().zip(*others) {
                    if key != other_key || !self.equal(one, other)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Node::Array(_) | Node::Object(_), _) => Ok(false),
            (one, other) => Ok(one == other),
        }
    }

    /// The elements that are not ignored.
    pub(super) fn elements(
        &mut self,
        nodes: &'n [Node<'n>],
        state: &State,
    ) -> Result<Vec<Element<'n>>, Spent> {
        self.budget.spend(nodes.len())?;
        let patterns = &self.found.rules.patterns;
        let elements = nodes.iter().enumerate().filter_map(|(index, node)| {
            let state = patterns.index(state, index);
            let ignored = !state.is_empty() && patterns.marks(&state).ignore;
            (!ignored).then_some(Element { index, node, state })
        });
        Ok(elements.collect())
    }

    /// Compares arrays of different lengths: what both have at the beginning, at the end and, where
    /// they are not too long, in the middle is not different because it moved.
    fn align(&mut self, ones: &[Element<'n>], others: &[Element<'n>]) -> Result<(), Stop> {
        let one_hashes = self.hashes(ones)?;
        let other_hashes = self.hashes(others)?;
        let same = |(one, other): &(&u64, &u64)| one == other;
        let before = one_hashes
            .iter()
            .zip(&other_hashes)
            .take_while(same)
            .count();
        let behind = one_hashes[before..].iter().rev();
        let behind = behind
            .zip(other_hashes[before..].iter().rev())
            .take_while(same)
            .count();
        let one_end = ones.len() - behind;
        let other_end = others.len() - behind;

        self.pairs(&ones[..before], &others[..before])?;
        let (ones_between, others_between) = (&ones[before..one_end], &others[before..other_end]);
        if ones_between.len() + others_between.len() <= MAX_ALIGNED {
            self.budget
                .spend(ones_between.len() * others_between.len())?;
            let (one, other) = (
                &one_hashes[before..one_end],
                &other_hashes[before..other_end],
            );
            for op in edits(one, other) {
                self.operation(op, ones_between, others_between)?;
            }
        } else {
            self.replaced(ones_between, others_between)?;
        }
        self.pairs(&ones[one_end..], &others[other_end..])
    }

    fn operation(
        &mut self,
        op: DiffOp,
        ones: &[Element<'n>],
        others: &[Element<'n>],
    ) -> Result<(), Stop> {
        let (ones, others) = (&ones[op.old_range()], &others[op.new_range()]);
        self.replaced(ones, others)
    }

    /// Compares in pairs; what is left on one side is missing or extra.
    fn replaced(&mut self, ones: &[Element<'n>], others: &[Element<'n>]) -> Result<(), Stop> {
        let both = ones.len().min(others.len());
        self.pairs(&ones[..both], &others[..both])?;
        self.one_sided_elements(&ones[both..], &others[both..])
    }

    /// Elements that only one of the documents has.
    pub(super) fn one_sided_elements(
        &mut self,
        ones: &[Element<'n>],
        others: &[Element<'n>],
    ) -> Result<(), Stop> {
        for (elements, is_one) in [(ones, true), (others, false)] {
            for element in elements {
                let node = Some(element.node);
                self.path.push(Token::Index(element.index));
                let (one, other) = if is_one { (node, None) } else { (None, node) };
                self.one_sided(one, other, &element.state)?;
                self.path.pop();
            }
        }
        Ok(())
    }

    pub(super) fn pairs(
        &mut self,
        ones: &[Element<'n>],
        others: &[Element<'n>],
    ) -> Result<(), Stop> {
        for (one, other) in ones.iter().zip(others) {
            self.path.push(Token::Index(one.index));
            self.values(one.node, other.node, &one.state)?;
            self.path.pop();
        }
        Ok(())
    }
}
