//! Values that are redacted, to be found again at places that no rule names.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
};

use percent_encoding::percent_decode;

#[cfg(feature = "compare")]
use crate::model::MAX_BYTES;
use crate::{
    json::Node,
    model::prefix,
    rules::{Patterns, State},
};

/// Shorter values are found in everything, and say nothing. Those that are kept are looked up by so
/// many bytes.
const HEAD_BYTES: usize = 4;

/// So much of the beginning of a value is enough to find it.
const KEPT_BYTES: usize = 64;

/// Of more values that begin alike, the beginning alone is looked for, so that a look at a text
/// takes no longer.
const MAX_ALIKE: usize = 16;

/// Separators of the parts of a header or of a path.
#[cfg(feature = "compare")]
const SEPARATORS: &[u8] = b"/?#&=,;:\" ";

/// Values that begin alike.
type Alike = Vec<Box<[u8]>>;

/// The values that two bodies have where they are redacted.
///
/// A rewrite that renames `password` to `pass` is a difference to be shown, and its value must not
/// be.
///
/// Most comparisons have none, and neither make nor drop more than this.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Option<Box<Kept>>);

/// What was kept, of which there is at least one.
#[derive(Clone, Default)]
struct Kept {
    /// By their first bytes; `None` if too many begin so.
    values: HashMap<[u8; HEAD_BYTES], Option<Alike>>,
    heads: Heads,
    /// Shorter ones, which are found as whole values only.
    short: HashSet<Box<[u8]>>,
}

/// Some bits for each of the beginnings, so that of most places in a text it is soon seen that no
/// value begins there.
#[derive(Clone, Default)]
struct Heads([u64; 16]);

impl Heads {
    fn place(head: [u8; HEAD_BYTES]) -> (usize, u64) {
        let mixed = u32::from_le_bytes(head)
            .wrapping_mul(0x9E37_79B1)
            .to_be_bytes();
        (usize::from(mixed[0] >> 4), 1 << (mixed[1] >> 2))
    }

    fn add(&mut self, head: [u8; HEAD_BYTES]) {
        let (word, bit) = Self::place(head);
        self.0[word] |= bit;
    }

    fn may_have(&self, head: [u8; HEAD_BYTES]) -> bool {
        let (word, bit) = Self::place(head);
        self.0[word] & bit > 0
    }
}

impl Kept {
    fn are_plainly_in(&self, value: &[u8]) -> bool {
        if value.len() < HEAD_BYTES {
            return self.short.contains(value);
        }
        (0..value.len()).any(|start| self.begin(&value[start..]))
    }

    /// Whether one of them, in as much as it is kept, is the beginning of this.
    fn begin(&self, text: &[u8]) -> bool {
        self.of_head(text, |value| text.starts_with(value))
    }

    /// Whether something holds for one of those that begin as this does.
    fn of_head(&self, text: &[u8], holds: impl Fn(&[u8]) -> bool) -> bool {
        let head = text
            .first_chunk()
            .filter(|head| self.heads.may_have(**head));
        match head.and_then(|head| self.values.get(head)) {
            Some(Some(values)) => values.iter().any(|value| holds(value)),
            Some(None) => true,
            None => false,
        }
    }
}

impl Secrets {
    pub(crate) fn gather(&mut self, node: &Node<'_>, patterns: &Patterns, state: &State) {
        if state.is_empty() {
            return;
        }
        if patterns.marks(state).redact {
            self.take(node);
            self.take_short(node);
            return;
        }
        match node {
            Node::Array(elements) => {
                for (i, element) in elements.iter().enumerate() {
                    self.gather(element, patterns, &patterns.index(state, i));
                }
            }
            Node::Object(members) => {
                for (key, member) in *members {
                    self.gather(member, patterns, &patterns.key(state, key));
                }
            }
            _ => {}
        }
    }

    /// Takes all texts in a value.
    pub(crate) fn take(&mut self, node: &Node<'_>) {
        match node {
            Node::Null | Node::Bool(_) => {}
            Node::Number(text) | Node::String(text) => self.keep(text),
            Node::Array(elements) => elements.iter().for_each(|element| self.take(element)),
            Node::Object(members) => {
                for (key, member) in *members {
                    self.keep(key);
                    self.take(member);
                }
            }
        }
    }

    /// Takes the values that are too short to be found within others. A digit alone says nothing:
    /// it stands everywhere.
    fn take_short(&mut self, node: &Node<'_>) {
        match node {
            Node::Number(text) | Node::String(text) => {
                let is_digit = text.len() == 1 && text.as_bytes()[0].is_ascii_digit();
                if (1..HEAD_BYTES).contains(&text.len()) && !is_digit {
                    self.kept().short.insert(text.as_bytes().into());
                }
            }
            Node::Array(elements) => elements.iter().for_each(|element| self.take_short(element)),
            Node::Object(members) => members
                .iter()
                .for_each(|(_, member)| self.take_short(member)),
            Node::Null | Node::Bool(_) => {}
        }
    }

    pub(crate) fn keep(&mut self, text: &str) {
        self.keep_bytes(text.as_bytes());
        // As it stands in a text of JSON.
        let start = prefix(text, KEPT_BYTES);
        if start.contains(['"', '\\', '\n', '\r', '\t'])
            && let Ok(escaped) = serde_json::to_string(start)
        {
            self.keep_bytes(&escaped.as_bytes()[1..escaped.len() - 1]);
        }
    }

    /// Takes a value that is not known to be text.
    pub(crate) fn keep_bytes(&mut self, value: &[u8]) {
        let kept = &value[..value.len().min(KEPT_BYTES)];
        let Some(head) = kept.first_chunk() else {
            return;
        };
        let known = self.kept();
        known.heads.add(*head);
        let alike = known
            .values
            .entry(*head)
            .or_insert_with(|| Some(Vec::new()));
        if let Some(values) = alike
            && !values.iter().any(|value| **value == *kept)
        {
            if values.len() < MAX_ALIKE {
                values.push(kept.into());
            } else {
                *alike = None;
            }
        }
    }

    /// Whether a text, as far as it is shown, holds one of them.
    #[cfg(feature = "compare")]
    pub(crate) fn are_in(&self, text: &str) -> bool {
        // Of which each byte may be three.
        self.are_anywhere_in(&text.as_bytes()[..text.len().min(MAX_BYTES + 3 * KEPT_BYTES)])
    }

    pub(crate) fn are_none(&self) -> bool {
        self.0.is_none()
    }

    fn kept(&mut self) -> &mut Kept {
        self.0.get_or_insert_default()
    }

    /// Whether a value of any length holds one of them, or is one, as it stands or percent-encoded.
    pub(crate) fn are_anywhere_in(&self, value: &[u8]) -> bool {
        let kept = self.0.as_ref();
        kept.is_some_and(|kept| in_any_spelling(value, |value| kept.are_plainly_in(value)))
    }

    /// Whether a value holds one of them, or consists of parts of which one is, like `/users/42`.
    #[cfg(feature = "compare")]
    pub(crate) fn are_in_part_of(&self, value: &[u8]) -> bool {
        let Some(kept) = &self.0 else {
            return false;
        };
        let is_short = |part: &[u8]| in_any_spelling(part, |part| kept.short.contains(part));
        self.are_anywhere_in(value)
            || !kept.short.is_empty() && value.split(|byte| SEPARATORS.contains(byte)).any(is_short)
    }

    /// Whether a text that was cut ends with the beginning of one of them.
    pub(crate) fn are_cut_in(&self, text: &str) -> bool {
        let Some(shown) = text.strip_suffix('…') else {
            return false;
        };
        // An escape may be cut, too.
        let end = shown.len() - shown.len().min(2);
        let whole = shown.as_bytes()[end..]
            .iter()
            .position(|byte| *byte == b'%');
        let whole = whole.map_or(shown.len(), |at| end + at);
        in_any_spelling(&shown.as_bytes()[..whole], |shown| self.end(shown))
            || self.end(shown.as_bytes())
    }

    /// Whether the beginning of one of them is the end of this.
    fn end(&self, shown: &[u8]) -> bool {
        let Some(kept) = &self.0 else {
            return false;
        };
        (shown.len().saturating_sub(KEPT_BYTES)..shown.len()).any(|start| {
            let rest = &shown[start..];
            kept.of_head(rest, |value| value.starts_with(rest))
        })
    }
}

/// Whether something holds for a value, or for what it is percent-encoded, in a path or in a form.
fn in_any_spelling(value: &[u8], holds: impl Fn(&[u8]) -> bool) -> bool {
    if holds(value) {
        return true;
    }
    let has = |byte| value.contains(&byte);
    let spaced = || -> Vec<u8> {
        let bytes = value.iter();
        bytes
            .map(|byte| if *byte == b'+' { b' ' } else { *byte })
            .collect()
    };
    has(b'%') && holds(&percent_decoded(value)) || has(b'+') && holds(&percent_decoded(&spaced()))
}

/// Bytes with their percent-encoding undone.
pub(super) fn percent_decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    percent_decode(bytes).into()
}

/// How many, and nothing else.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.0.as_ref();
        let count = kept.map_or(0, |kept| kept.values.len() + kept.short.len());
        write!(f, "Secrets({count})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_any_text() {
        let mut secrets = Secrets::default();
        let long = "x".repeat(5000);
        for value in ["hunter2", "abc", "", &long] {
            secrets.keep(value);
        }
        for text in ["hunter2", "Bearer hunter2!", &long, &format!("é{long}")] {
            assert!(secrets.are_in(text), "{text}");
        }
        for text in ["hunter", "abc", "", "xxxx"] {
            assert!(!secrets.are_in(text), "{text}");
        }
    }

    #[test]
    fn a_value_is_found_where_it_is_escaped_or_cut() {
        let mut secrets = Secrets::default();
        secrets.keep("say \"hunter2\"");
        assert!(secrets.are_in(r#""say \"hunter2\"!""#));
        assert!(secrets.are_cut_in("they say …") && secrets.are_cut_in("say \"hun…"));
        assert!(!secrets.are_cut_in("they say ") && !secrets.are_cut_in("hunter2…"));
    }

    #[test]
    fn of_many_values_that_begin_alike_the_beginning_is_enough() {
        let mut secrets = Secrets::default();
        for i in 0..=MAX_ALIKE {
            assert!(!secrets.are_in("key-of-nobody"));
            secrets.keep(&format!("key-{i}"));
        }
        assert!(secrets.are_in("key-of-nobody"));
        assert!(!secrets.are_in("another"));
    }
}
