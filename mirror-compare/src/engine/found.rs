//! Collecting differences.

use crate::{
    engine::{compared::Compared, excerpt::Excerpt, path::Path, secrecy::Secrecy},
    json::Node,
    model::{Difference, DifferenceKind, Group, Groups, Verdict, cut},
    redact::{REDACTED, are_sure, hidden, hidden_alike, mark},
    rules::{Rules, State},
};

/// Whether a value is one of a field whose name leaves no doubt that it is a credential. Within such
/// a field, a number is none: `/token/expires_in`.
fn is_named(pointer: &str, value: &str) -> bool {
    let mut tokens = pointer.rsplit('/');
    let last = tokens.next().unwrap_or_default();
    are_sure(last.as_bytes())
        || value.starts_with(['"', '{', '[']) && tokens.any(|token| are_sure(token.as_bytes()))
}

/// A value of such a field. Whether there is one, and yes or no, is no secret by itself.
fn marked(value: &str) -> String {
    match value {
        "null" | "true" | "false" | REDACTED => value.to_owned(),
        secret => mark(secret),
    }
}

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
    groups: Groups,
    notes: Vec<&'static str>,
}

impl<'r> Found<'r> {
    pub(crate) fn new(rules: &'r Rules, secrecy: &'r Secrecy) -> Self {
        Self {
            rules,
            secrecy,
            differences: Vec::new(),
            more: 0,
            groups: Groups::default(),
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
        let group = path.pattern(&self.secrecy.secrets);
        let full = self.differences.len() == MAX_DIFFERENCES;
        let [primary, shadow] = [primary, shadow].map(|value| {
            let (node, state) = value.filter(|_| !full)?;
            Some(Excerpt::take(
                node,
                state,
                &self.rules.patterns,
                &self.secrecy.secrets,
            ))
        });
        let pointer = if full {
            String::new()
        } else {
            path.pointer(&self.secrecy.secrets)
        };
        self.add(group, pointer, kind, primary, shadow);
    }

    /// Adds a difference of a value that both have and that is redacted.
    pub(crate) fn redacted(&mut self, path: &Path<'_>, kind: DifferenceKind) {
        let (group, pointer) = (
            path.pattern(&self.secrecy.secrets),
            path.pointer(&self.secrecy.secrets),
        );
        let [primary, shadow] = [(); 2].map(|()| Some(REDACTED.to_owned()));
        self.add(group, pointer, kind, primary, shadow);
    }

    /// Adds a difference of the lengths of two arrays.
    pub(crate) fn lengths(&mut self, path: &Path<'_>, primary: usize, shadow: usize) {
        let (group, pointer) = (
            path.pattern(&self.secrecy.secrets),
            path.pointer(&self.secrecy.secrets),
        );
        let [primary, shadow] = [primary, shadow].map(|length| Some(length.to_string()));
        self.add(group, pointer, DifferenceKind::Length, primary, shadow);
    }

    /// Adds a difference of something else than values of JSON.
    pub(crate) fn other(
        &mut self,
        pointer: &str,
        kind: DifferenceKind,
        primary: Option<String>,
        shadow: Option<String>,
    ) {
        self.add(
            pointer.to_owned(),
            pointer.to_owned(),
            kind,
            primary,
            shadow,
        );
    }

    fn add(
        &mut self,
        pattern: String,
        pointer: String,
        kind: DifferenceKind,
        primary: Option<String>,
        shadow: Option<String>,
    ) {
        let pattern = hidden_alike(pattern);
        if self.differences.len() == MAX_DIFFERENCES {
            self.groups.add(Group { pattern, kind });
            self.more += 1;
            return;
        }
        self.groups.add(Group {
            pattern: pattern.clone(),
            kind,
        });
        let is_of_values = kind.is_of_values();
        let shown = |value: String| {
            if is_of_values && is_named(&pointer, &value) {
                return marked(&value);
            }
            cut(hidden(value))
        };
        let [primary, shadow] = [primary, shadow].map(|value| value.map(shown));
        self.differences.push(Difference {
            pointer: hidden_alike(pointer),
            primary,
            shadow,
            kind,
            noise: false,
            pattern,
        });
    }

    /// The end of a comparison whose verdict is known otherwise.
    pub(crate) fn with(self, verdict: Verdict) -> Compared {
        Compared {
            verdict,
            differences: self.differences,
            more: self.more,
            groups: self.groups,
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
