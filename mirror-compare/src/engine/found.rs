//! Collecting differences.

use crate::{
    engine::{compared::Compared, excerpt::Excerpt, path::Path, secrecy::Secrecy},
    json::Node,
    model::{Difference, DifferenceKind, Group, Places, Shape, Shapes, Verdict, cut},
    redact::REDACTED,
    rules::{Rules, State},
};

/// The most differences that one comparison keeps; the others are counted.
const MAX_DIFFERENCES: usize = 100;

/// The value of one side at a place, and the rules for that place.
pub(crate) type Value<'n, 'a> = Option<(&'n Node<'a>, &'n State)>;

/// The differences that were found so far.
#[derive(Debug)]
pub(crate) struct Found<'r> {
    pub(crate) rules: &'r Rules,
    pub(crate) secrecy: &'r Secrecy,
    differences: Vec<Difference>,
    more: usize,
    places: Places,
    /// Values that were equal.
    pub(crate) equal: usize,
    notes: Vec<&'static str>,
}

impl<'r> Found<'r> {
    pub(crate) fn new(rules: &'r Rules, secrecy: &'r Secrecy) -> Self {
        Self {
            rules,
            secrecy,
            differences: Vec::new(),
            more: 0,
            places: Places::default(),
            equal: 0,
            notes: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    pub(crate) fn note(&mut self, note: &'static str) {
        self.notes.push(note);
    }

    /// Adds a difference between values of JSON.
    pub(crate) fn json(
        &mut self,
        path: &Path<'_>,
        kind: DifferenceKind,
        primary: Value<'_, '_>,
        shadow: Value<'_, '_>,
    ) {
        let (place, group) = self.grouped(path, kind);
        let shown = !self.is_full(&group);
        let [one, other] = [primary, shadow].map(|value| {
            let (node, state) = value.filter(|_| shown)?;
            let secrets = &self.secrecy.secrets;
            Some(Excerpt::take(node, state, &self.rules.patterns, secrets))
        });
        let (rules, secrecy) = (self.rules, self.secrecy);
        let shapes = || {
            let [one, other] = [primary, shadow].map(|value| {
                let (node, state) = value?;
                let is_named = !state.is_empty() && rules.patterns.hides(state, node);
                let is_known = match node {
                    Node::Number(text) | Node::String(text) => secrecy.secrets.are_in(text),
                    _ => false,
                };
                Some((node, is_named || is_known))
            });
            match (one, other) {
                (Some(one), Some(other)) => Shapes::of_json(one, other),
                (one, other) => {
                    let [one, other] = [one, other].map(|value| {
                        value.map_or_else(Shape::absent, |(node, is_secret)| {
                            Shape::of_json(node, is_secret)
                        })
                    });
                    Shapes::new(one, other, 0)
                }
            }
        };
        self.add(path, place, group, [one, other], shapes);
    }

    /// Adds a difference of a value that both have and that is redacted. What it looks like is not
    /// seen either, but for its type.
    pub(crate) fn redacted(
        &mut self,
        path: &Path<'_>,
        kind: DifferenceKind,
        values: [&Node<'_>; 2],
    ) {
        let (place, group) = self.grouped(path, kind);
        let shown = [(); 2].map(|()| Some(REDACTED.to_owned()));
        let shapes = || {
            let [one, other] = values.map(Shape::hidden);
            Shapes::new(one, other, 0)
        };
        self.add(path, place, group, shown, shapes);
    }

    /// Adds a difference of the lengths of two arrays.
    pub(crate) fn lengths(&mut self, path: &Path<'_>, primary: usize, shadow: usize) {
        let (place, group) = self.grouped(path, DifferenceKind::Length);
        let shown = [primary, shadow].map(|length| Some(length.to_string()));
        let shapes = || {
            let [one, other] = [primary, shadow].map(Shape::of_length);
            Shapes::new(one, other, 0)
        };
        self.add(path, place, group, shown, shapes);
    }

    /// Adds a difference of something else than values of JSON, with what the values look like.
    pub(crate) fn other(
        &mut self,
        pointer: &str,
        kind: DifferenceKind,
        primary: Option<String>,
        shadow: Option<String>,
        shapes: impl FnOnce() -> Shapes,
    ) {
        let group = Group {
            pattern: pointer.to_owned(),
            kind,
        };
        self.places.add(group.clone(), &group, shapes);
        if self.differences.len() == MAX_DIFFERENCES {
            self.more += 1;
            return;
        }
        self.differences.push(Difference {
            pointer: pointer.to_owned(),
            kind,
            primary: primary.map(cut),
            shadow: shadow.map(cut),
            noise: false,
            pattern: group.pattern.clone(),
            place: group.pattern,
        });
    }

    fn grouped(&self, path: &Path<'_>, kind: DifferenceKind) -> (Group, Group) {
        let secrets = &self.secrecy.secrets;
        let [place, group] =
            [path.place(secrets), path.pattern(secrets)].map(|pattern| Group { pattern, kind });
        (place, group)
    }

    /// Whether nothing more is shown of a group.
    fn is_full(&self, group: &Group) -> bool {
        self.differences.len() == MAX_DIFFERENCES && self.places.knows(group)
    }

    fn add(
        &mut self,
        path: &Path<'_>,
        place: Group,
        group: Group,
        [primary, shadow]: [Option<String>; 2],
        shapes: impl FnOnce() -> Shapes,
    ) {
        let is_full = self.is_full(&group);
        let is_sided = matches!(group.kind, DifferenceKind::Missing | DifferenceKind::Extra);
        let shapes = || {
            let element = (!is_sided || !path.is_entry()).then(|| path.element());
            shapes().with_element(element)
        };
        self.places.add(place.clone(), &group, shapes);
        if is_full {
            self.more += 1;
            return;
        }
        let difference = Difference {
            pointer: path.pointer(&self.secrecy.secrets),
            kind: group.kind,
            primary: primary.map(cut),
            shadow: shadow.map(cut),
            noise: false,
            pattern: group.pattern,
            place: place.pattern,
        };
        if self.differences.len() == MAX_DIFFERENCES {
            // The first of its group, behind a hundred others.
            self.places.keep(difference);
            self.more += 1;
        } else {
            self.differences.push(difference);
        }
    }

    /// The end of a comparison whose verdict is known otherwise.
    pub(crate) fn with(self, verdict: Verdict) -> Compared {
        Compared {
            verdict,
            differences: self.differences,
            more: self.more,
            places: self.places,
            equal: self.equal,
            notes: self.notes,
            secrecy: Secrecy::default(),
        }
    }

    /// The end of a comparison: a match if there are no differences.
    pub(crate) fn verdict(self) -> Compared {
        let verdict = if self.is_empty() {
            Verdict::Match
        } else {
            Verdict::Mismatch
        };
        self.with(verdict)
    }
}
