//! The places in a body that the rules are about.

use std::collections::BTreeMap;

use mirror_grammar::PointerToken;

use super::Applied;
use crate::json::{Node, decimal::Decimal};

/// The rules for one place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) ignore: bool,
    pub(crate) unordered: bool,
    pub(crate) redact: bool,
    pub(crate) tolerance: Option<Decimal>,
}

/// All patterns as one tree, which is walked in step with a body.
#[derive(Clone, Debug)]
pub(crate) struct Patterns {
    /// The first is the whole body.
    places: Vec<Place>,
}

#[derive(Clone, Debug, Default)]
struct Place {
    marks: Marks,
    /// The rules of which it is the place.
    rules: Applied,
    /// Something under this place is redacted.
    redacts_below: bool,
    any: Option<usize>,
    keys: BTreeMap<String, usize>,
}

/// The places of the tree that one place of a body is at. Empty if no rule is about it or anything
/// in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State(Vec<usize>);

impl State {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Default for Patterns {
    fn default() -> Self {
        Self {
            places: vec![Place::default()],
        }
    }
}

impl Patterns {
    /// Marks a place.
    pub(crate) fn mark(
        &mut self,
        pattern: &[PointerToken],
        rule: Applied,
        mark: impl FnOnce(&mut Marks),
    ) {
        let mut path = vec![0];
        let mut at = 0;
        for token in pattern {
            let new = self.places.len();
            let place = &mut self.places[at];
            at = match token {
                PointerToken::Any => *place.any.get_or_insert(new),
                PointerToken::Key(key) => *place.keys.entry(key.clone()).or_insert(new),
            };
            if at == new {
                self.places.push(Place::default());
            }
            path.push(at);
        }
        mark(&mut self.places[at].marks);
        self.places[at].rules.add(rule);
        if self.places[at].marks.redact {
            path.pop();
            for above in path {
                self.places[above].redacts_below = true;
            }
        }
    }

    /// The state of the whole body.
    pub(crate) fn root(&self) -> State {
        let root = &self.places[0];
        let marked = root.marks.ignore || root.marks.unordered || root.marks.redact;
        let pending = root.any.is_some() || !root.keys.is_empty();
        State(if marked || pending || root.marks.tolerance.is_some() {
            vec![0]
        } else {
            Vec::new()
        })
    }

    /// The state of the value of a key.
    pub(crate) fn key(&self, state: &State, key: &str) -> State {
        let mut next = Vec::new();
        for place in self.of(state) {
            next.extend(place.any);
            next.extend(place.keys.get(key));
        }
        State(next)
    }

    /// The state of an element.
    pub(crate) fn index(&self, state: &State, index: usize) -> State {
        let mut next = Vec::new();
        for place in self.of(state) {
            next.extend(place.any);
            if !place.keys.is_empty() {
                next.extend(place.keys.get(&index.to_string()));
            }
        }
        State(next)
    }

    /// The rules there, all together; the largest of several tolerances.
    pub(crate) fn marks(&self, state: &State) -> Marks {
        let mut all = Marks::default();
        for Place { marks, .. } in self.of(state) {
            all.ignore |= marks.ignore;
            all.unordered |= marks.unordered;
            all.redact |= marks.redact;
            if marks.tolerance > all.tolerance {
                all.tolerance.clone_from(&marks.tolerance);
            }
        }
        all
    }

    /// The rules whose place it is.
    #[cfg(feature = "compare")]
    pub(crate) fn rules(&self, state: &State) -> Applied {
        let mut all = Applied::default();
        self.of(state).for_each(|place| all.add(place.rules));
        all
    }

    /// Whether a value may hold what is redacted in a shape that the patterns do not know:
    /// `/user/password` redacts nothing of a `user` that is a text, or a list.
    pub(crate) fn hides(&self, state: &State, node: &Node<'_>) -> bool {
        self.of(state).any(|place| match node {
            _ if place.marks.redact => true,
            _ if !place.redacts_below => false,
            Node::String(_) | Node::Number(_) => true,
            Node::Array(_) => place.keys.iter().any(|(key, below)| {
                let below = &self.places[*below];
                (below.marks.redact || below.redacts_below) && key.parse::<usize>().is_err()
            }),
            Node::Null | Node::Bool(_) | Node::Object(_) => false,
        })
    }

    fn of<'p>(&'p self, state: &'p State) -> impl Iterator<Item = &'p Place> {
        state.0.iter().map(|place| &self.places[*place])
    }
}
