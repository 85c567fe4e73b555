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
    model::{Difference, DifferenceKind, Group, Groups, MAX_UNCOMPARED, Settling, Verdict, cut},
    redact::{REDACTED, are_sure, hidden, hidden_alike, mark},
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
    groups: Groups,
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
            groups: Groups::default(),
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
        let group = self.group(path, kind);
        if let (Some((one, _)), Some((other, _))) = (primary, shadow) {
            self.hints.value(&group.pattern, kind, one, other);
        }
        let is_kept = self.has_room(&group);
        let [primary, shadow] = if is_kept {
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
        } else {
            [None, None]
        };
        self.add(group, path, primary, shadow);
    }

    /// Adds a difference of a value that both have and that is redacted.
    pub(crate) fn redacted(&mut self, path: &Path<'_>, kind: DifferenceKind) {
        let [primary, shadow] = [(); 2].map(|()| Some(REDACTED.to_owned()));
        let group = self.group(path, kind);
        self.add(group, path, primary, shadow);
    }

    /// Adds a difference of the lengths of two arrays.
    pub(crate) fn lengths(&mut self, path: &Path<'_>, primary: usize, shadow: usize) {
        let [primary, shadow] = [primary, shadow].map(|length| Some(length.to_string()));
        let group = self.group(path, DifferenceKind::Length);
        self.add(group, path, primary, shadow);
    }

    /// Adds a difference of something else than values of JSON.
    pub(crate) fn other(
        &mut self,
        pointer: &str,
        kind: DifferenceKind,
        primary: Option<String>,
        shadow: Option<String>,
    ) {
        let group = Group {
            pattern: pointer.to_owned(),
            kind,
        };
        self.keep(group, || pointer.to_owned(), primary, shadow);
    }

    /// Takes note that two arrays have the same elements in another order, which is so many of the
    /// differences.
    pub(crate) fn same_elements(&mut self, path: &Path<'_>, differences: usize) {
        let pattern = path.pattern(&self.secrecy.secrets);
        self.hints.add(Settling::Unordered, &pattern, differences);
    }

    fn group(&self, path: &Path<'_>, kind: DifferenceKind) -> Group {
        Group {
            pattern: path.pattern(&self.secrecy.secrets),
            kind,
        }
    }

    /// Whether one difference more of a group is kept.
    fn has_room(&self, group: &Group) -> bool {
        let kept = self.differences.len();
        kept < MAX_DIFFERENCES || kept < MAX_KEPT && self.groups.has_room_for(group)
    }

    fn add(
        &mut self,
        group: Group,
        path: &Path<'_>,
        primary: Option<String>,
        shadow: Option<String>,
    ) {
        let secrets = &self.secrecy.secrets;
        self.keep(group, || path.pointer(secrets), primary, shadow);
    }

    fn keep(
        &mut self,
        group: Group,
        pointer: impl FnOnce() -> String,
        primary: Option<String>,
        shadow: Option<String>,
    ) {
        let Group { pattern, kind } = group;
        // Those of one group follow one another.
        let last = self.differences.last().map(|last| &last.pattern);
        let pattern = if last == Some(&pattern) {
            pattern
        } else {
            hidden_alike(pattern)
        };
        let group = Group { pattern, kind };
        if !self.has_room(&group) {
            self.groups.add(group);
            self.more += 1;
            return;
        }
        self.groups.add(group.clone());
        let pointer = pointer();
        let named = kind.is_of_values().then(|| Named::of(&pointer));
        let shown = |value: String| {
            if named.is_some_and(|named| named.hides(&value)) {
                return marked(&value);
            }
            cut(hidden(value))
        };
        let [primary, shadow] = [primary, shadow].map(|value| value.map(shown));
        self.differences.push(Difference {
            pointer: hidden_alike(pointer),
            kind,
            primary,
            shadow,
            noise: false,
            pattern: group.pattern,
        });
    }

    /// The end of a comparison whose verdict is known otherwise.
    pub(crate) fn with(self, verdict: Verdict) -> Compared {
        let differences = self.count();
        Compared {
            verdict,
            more: self.more,
            differences: self.differences,
            groups: self.groups,
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
