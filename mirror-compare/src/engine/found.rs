//! Collecting differences.

use http::HeaderName;

use crate::{
    engine::{
        compared::Compared,
        excerpt::{Excerpt, excerpts},
        hint::Hints,
        path::Path,
        secrecy::Secrecy,
    },
    json::Node,
    model::{
        Difference, DifferenceKind, Group, MAX_UNCOMPARED, Places, Settling, Shape, Shapes,
        Verdict, cut,
    },
    redact::{REDACTED, are_sure, has_secret, hidden, hidden_alike, mark},
    rules::{Applied, Rules, State},
};

/// Whether a place is in a field whose name leaves no doubt that it is a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    /// It is not.
    No,
    /// It is in one, such as `/token/expires_in`: a number there is no credential.
    Within,
    /// It is one.
    Surely,
}

impl Named {
    fn of(pointer: &str) -> Self {
        let mut tokens = pointer.rsplit('/').map(str::as_bytes);
        if tokens.next().is_some_and(are_sure) {
            Self::Surely
        } else if tokens.any(are_sure) {
            Self::Within
        } else {
            Self::No
        }
    }

    fn hides(self, value: &str) -> bool {
        match self {
            Self::No => false,
            Self::Within => value.starts_with(['"', '{', '[']),
            Self::Surely => true,
        }
    }
}

/// A value of such a field. Whether there is one, and yes or no, is no secret by itself.
fn marked(value: &str) -> String {
    match value {
        "null" | "true" | "false" | REDACTED => value.to_owned(),
        secret => mark(secret),
    }
}

/// The most differences that one comparison keeps; of the others, the first of each group.
const MAX_DIFFERENCES: usize = 100;

/// The most differences that one comparison keeps in all.
const MAX_KEPT: usize = 200;

/// The value of one side at a place, and the rules for that place.
pub(crate) type Value<'n, 'a> = Option<(&'n Node<'a>, &'n State)>;

/// The differences that were found so far.
#[derive(Debug)]
pub(crate) struct Found<'r> {
    pub(crate) rules: &'r Rules,
    pub(crate) secrecy: &'r Secrecy,
    /// The rules that were about something.
    pub(crate) applied: Applied,
    /// Rules that would settle some of the differences.
    pub(crate) hints: Hints,
    /// Whether two documents were walked through.
    pub(crate) is_walked: bool,
    differences: Vec<Difference>,
    more: usize,
    places: Places,
    /// Values that were equal.
    pub(crate) equal: usize,
    notes: Vec<&'static str>,
    uncompared: Vec<Box<str>>,
}

impl<'r> Found<'r> {
    pub(crate) fn new(rules: &'r Rules, secrecy: &'r Secrecy) -> Self {
        Self {
            rules,
            secrecy,
            applied: Applied::default(),
            hints: Hints::default(),
            is_walked: false,
            differences: Vec::new(),
            more: 0,
            places: Places::default(),
            equal: 0,
            notes: Vec::new(),
            uncompared: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// How many there are in all.
    pub(crate) fn count(&self) -> usize {
        self.differences.len() + self.more
    }

    pub(crate) fn note(&mut self, note: &'static str) {
        self.notes.push(note);
    }

    /// Takes note of a header that differs and is not compared.
    pub(crate) fn uncompared_header(&mut self, name: &HeaderName) {
        if self.uncompared.len() < MAX_UNCOMPARED {
            self.uncompared.push(name.as_str().into());
        }
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
        if let (Some((one, _)), Some((other, _))) = (primary, shadow) {
            self.hints.value(&group.pattern, kind, one, other);
        }
        let shown = if self.is_full(&group) {
            [None, None]
        } else {
            let (patterns, secrets) = (&self.rules.patterns, &self.secrecy.secrets);
            match (primary, shadow) {
                (
                    Some((Node::String(one), one_state)),
                    Some((Node::String(other), other_state)),
                ) if one_state.is_empty() && other_state.is_empty() => {
                    excerpts([one, other], secrets).map(Some)
                }
                values => [values.0, values.1].map(|value| {
                    let (node, state) = value?;
                    Some(Excerpt::take(node, state, patterns, secrets))
                }),
            }
        };
        let (rules, secrecy) = (self.rules, self.secrecy);
        let pattern = group.pattern.clone();
        let shapes = || {
            let named = Named::of(&pattern);
            let [one, other] = [primary, shadow].map(|value| {
                let (node, state) = value?;
                let is_named = !state.is_empty() && rules.patterns.hides(state, node);
                let is_secret = match node {
                    Node::Number(text) => named == Named::Surely || secrecy.secrets.are_in(text),
                    Node::String(text) => {
                        named != Named::No || secrecy.secrets.are_in(text) || has_secret(text)
                    }
                    _ => false,
                };
                Some((node, is_named || is_secret))
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
        self.add(path, place, group, shown, shapes);
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
        // No place within it is finer.
        let place = group.clone();
        let values = [primary, shadow];
        self.keep(place, group, || pointer.to_owned(), values, shapes);
    }

    /// Takes note that two arrays have the same elements in another order, which is so many of the
    /// differences.
    pub(crate) fn same_elements(&mut self, path: &Path<'_>, differences: usize) {
        let pattern = path.pattern(&self.secrecy.secrets);
        self.hints.add(Settling::Unordered, &pattern, differences);
    }

    fn grouped(&self, path: &Path<'_>, kind: DifferenceKind) -> (Group, Group) {
        let [place, group] = path.place_and_pattern(|path| {
            let secrets = &self.secrecy.secrets;
            [path.place(secrets), path.pattern(secrets)].map(hidden_alike)
        });
        let of = |pattern| Group { pattern, kind };
        (of(place), of(group))
    }

    /// Whether one difference more of a group is shown.
    fn has_room(&self, group: &Group) -> bool {
        let kept = self.differences.len();
        kept < MAX_DIFFERENCES || kept < MAX_KEPT && !self.places.knows(group)
    }

    /// Whether nothing more is shown of a group.
    fn is_full(&self, group: &Group) -> bool {
        !self.has_room(group) && self.places.knows(group)
    }

    fn add(
        &mut self,
        path: &Path<'_>,
        place: Group,
        group: Group,
        values: [Option<String>; 2],
        shapes: impl FnOnce() -> Shapes,
    ) {
        let secrets = &self.secrecy.secrets;
        let is_sided = matches!(group.kind, DifferenceKind::Missing | DifferenceKind::Extra);
        let shapes = || {
            let element = (!is_sided || !path.is_entry()).then(|| path.element());
            shapes().with_element(element)
        };
        self.keep(place, group, || path.pointer(secrets), values, shapes);
    }

    fn keep(
        &mut self,
        place: Group,
        group: Group,
        pointer: impl FnOnce() -> String,
        values: [Option<String>; 2],
        shapes: impl FnOnce() -> Shapes,
    ) {
        let (has_room, is_full) = (self.has_room(&group), self.is_full(&group));
        self.places.add(&place, &group, shapes);
        if is_full {
            self.more += 1;
            return;
        }
        let pointer = pointer();
        let kind = group.kind;
        let named = kind.is_of_values().then(|| Named::of(&pointer));
        let shown = |value: String| {
            if named.is_some_and(|named| named.hides(&value)) {
                return marked(&value);
            }
            cut(hidden(value))
        };
        let [primary, shadow] = values.map(|value| value.map(shown));
        let difference = Difference {
            pointer: hidden_alike(pointer),
            kind,
            primary,
            shadow,
            noise: false,
            pattern: group.pattern,
            place: place.pattern,
        };
        if has_room {
            self.differences.push(difference);
        } else {
            // The first of its group, behind many others.
            self.places.keep(difference);
            self.more += 1;
        }
    }

    /// The end of a comparison whose verdict is known otherwise.
    pub(crate) fn with(self, verdict: Verdict) -> Compared {
        let differences = self.count();
        Compared {
            verdict,
            more: self.more,
            differences: self.differences,
            places: self.places,
            equal: self.equal,
            notes: self.notes,
            applied: self.is_walked.then_some(self.applied),
            hints: self.hints.of(differences),
            uncompared: self.uncompared,
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
