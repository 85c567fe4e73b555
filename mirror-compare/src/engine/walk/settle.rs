//! The shadow's document as the rules see it: where they leave something out or allow it, it is as
//! in the primary's.

use bumpalo::Bump;

use super::Walk;
use crate::{
    engine::{budget::Spent, content::Content, found::Found},
    json::{Member, Node, write_string},
    model::BufferedResponse,
    rules::State,
};

/// The shadow's response, in whose body the values that may differ are the primary's; `None` if one
/// of the two is not JSON.
pub(crate) fn settled(
    found: &mut Found<'_>,
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
) -> Result<Option<BufferedResponse>, Spent> {
    let memory = Bump::new();
    let content = Content::of_both(primary.headers(), shadow.headers());
    let read = |body| content.read(body, &memory).ok();
    let (Some(one), Some(other)) = (read(&primary.body()[..]), read(&shadow.body()[..])) else {
        return Ok(None);
    };
    if content.is_many() {
        return Ok(None);
    }
    let root = found.rules.patterns.root();
    let mut walk = Walk::new(found);
    walk.quiet = true;
    let mut text = String::new();
    walk.settle(Some(&one), &other, &root, &mut text)?;
    Ok(Some(shadow.decoded(text.into())))
}

impl<'n> Walk<'n, '_, '_> {
    /// Writes the shadow's value, beside the primary's at the same place.
    fn settle(
        &mut self,
        one: Option<&'n Node<'n>>,
        other: &'n Node<'n>,
        state: &State,
        text: &mut String,
    ) -> Result<(), Spent> {
        self.budget.spend(1)?;
        let Some(one) = one.filter(|_| !state.is_empty()) else {
            other.write(text);
            return Ok(());
        };
        self.found
            .applied
            .add(self.found.rules.patterns.rules(state));
        let marks = self.found.rules.patterns.marks(state);
        match (one, other) {
            _ if marks.ignore => one.write(text),
            (Node::Object(ones), Node::Object(others)) => {
                return self.settle_members(ones, others, state, text);
            }
            (Node::Array(_), Node::Array(_))
                if marks.unordered && self.same(one, other, state)? =>
            {
                one.write(text);
            }
            (Node::Array(ones), Node::Array(others)) => {
                return self.settle_elements(ones, others, state, marks.unordered, text);
            }
            (Node::Number(_), Node::Number(_)) if marks.tolerance.is_some() => {
                let is_same = self.same(one, other, state)?;
                if is_same { one } else { other }.write(text);
            }
            _ => other.write(text),
        }
        Ok(())
    }

    fn settle_members(
        &mut self,
        ones: &'n [Member<'n>],
        others: &'n [Member<'n>],
        state: &State,
        text: &mut String,
    ) -> Result<(), Spent> {
        let rules = self.found.rules;
        let below = |key: &str| {
            let state = rules.patterns.key(state, key);
            let is_ignored = !state.is_empty() && rules.patterns.marks(&state).ignore;
            (state, is_ignored)
        };
        let mut is_first = true;
        let mut begin = |key: &str, text: &mut String| {
            text.push_str(if std::mem::take(&mut is_first) {
                ""
            } else {
                ","
            });
            write_string(key, text);
            text.push(':');
        };
        text.push('{');
        for (key, one) in ones.iter().filter(|(key, _)| below(key).1) {
            begin(key, text);
            one.write(text);
        }
        for (key, other) in others {
            let (state, is_ignored) = below(key);
            if is_ignored {
                self.found.applied.add(rules.patterns.rules(&state));
                continue;
            }
            begin(key, text);
            let one = ones.binary_search_by(|(other, _)| other.cmp(key));
            let one = one.ok().map(|at| &ones[at].1);
            self.settle(one, other, &state, text)?;
        }
        text.push('}');
        Ok(())
    }

    /// Writes the elements that are ignored as they are in the primary's array, and the others at
    /// their places between these; without an order, those that have an equal at its place.
    fn settle_elements(
        &mut self,
        all: &'n [Node<'n>],
        others: &'n [Node<'n>],
        state: &State,
        unordered: bool,
        text: &mut String,
    ) -> Result<(), Spent> {
        let (ones, others) = (self.elements(all, state)?, self.elements(others, state)?);
        let mut order: Vec<Option<usize>> = vec![None; ones.len()];
        let mut left: Vec<usize> = (0..others.len()).collect();
        if unordered {
            let hashes = [self.hashes(&ones)?, self.hashes(&others)?];
            for (place, hash) in order.iter_mut().zip(&hashes[0]) {
                self.budget.spend(left.len())?;
                let equal = left.iter().position(|other| hashes[1][*other] == *hash);
                *place = equal.map(|at| left.remove(at));
            }
        }
        let mut left = left.into_iter();
        let mut counted = ones.iter().zip(order).peekable();
        let mut is_first = true;
        text.push('[');
        let mut begin = |text: &mut String| {
            text.push_str(if std::mem::take(&mut is_first) {
                ""
            } else {
                ","
            });
        };
        for (index, ignored) in all.iter().enumerate() {
            match counted.next_if(|(one, _)| one.index == index) {
                None => {
                    begin(text);
                    ignored.write(text);
                }
                Some((one, place)) => {
                    if let Some(other) = place.or_else(|| left.next()) {
                        begin(text);
                        let other = &others[other];
                        self.settle(Some(one.node), other.node, &other.state, text)?;
                    }
                }
            }
        }
        for other in left {
            begin(text);
            others[other].node.write(text);
        }
        text.push(']');
        Ok(())
    }
}
