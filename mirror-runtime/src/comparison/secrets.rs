//! Values that are redacted, to be found again in places where no rule says so.

use std::{collections::HashMap, fmt};

use super::{
    cut::{MAX_BYTES, prefix},
    json::Node,
    patterns::{Patterns, State},
};

/// Shorter values are found in everything, and say nothing. Those that are kept are looked up by so many bytes.
const HEAD_BYTES: usize = 4;

/// So much of the beginning of a value is enough to find it.
const KEPT_BYTES: usize = 64;

/// Of more values that begin alike, the beginning alone is looked for, so that a look at a text takes no longer.
const MAX_ALIKE: usize = 16;

/// Values that begin alike.
type Alike = Vec<Box<[u8]>>;

/// The values that two bodies have where they are redacted.
///
/// A rewrite that renames `password` to `pass` is a difference to be shown, and its value must not be.
#[derive(Default)]
pub(super) struct Secrets {
    /// By their first bytes; `None` where too many begin so.
    values: HashMap<[u8; HEAD_BYTES], Option<Alike>>,
}

impl Secrets {
    pub(super) fn gather(&mut self, node: &Node<'_>, patterns: &Patterns, state: &State) {
        if state.is_empty() {
            return;
        }
        if patterns.marks(state).redact {
            self.take(node);
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
    pub(super) fn take(&mut self, node: &Node<'_>) {
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

    pub(super) fn keep(&mut self, text: &str) {
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
    pub(super) fn keep_bytes(&mut self, value: &[u8]) {
        let kept = &value[..value.len().min(KEPT_BYTES)];
        let Some(head) = kept.first_chunk() else {
            return;
        };
        let alike = self.values.entry(*head).or_insert_with(|| Some(Vec::new()));
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
    pub(super) fn are_in(&self, text: &str) -> bool {
        self.are_anywhere_in(&text.as_bytes()[..text.len().min(MAX_BYTES + KEPT_BYTES)])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether a value of any length holds one of them.
    pub(super) fn are_anywhere_in(&self, value: &[u8]) -> bool {
        if self.is_empty() {
            return false;
        }
        (0..value.len()).any(|start| {
            let rest = &value[start..];
            match rest.first_chunk().and_then(|head| self.values.get(head)) {
                Some(Some(values)) => values.iter().any(|value| rest.starts_with(value)),
                Some(None) => true,
                None => false,
            }
        })
    }

    /// Whether a text that was cut ends with the beginning of one of them.
    pub(super) fn are_cut_in(&self, text: &str) -> bool {
        let Some(shown) = text.strip_suffix('…').map(str::as_bytes) else {
            return false;
        };
        (shown.len().saturating_sub(KEPT_BYTES)..shown.len()).any(|start| {
            let rest = &shown[start..];
            match rest.first_chunk().and_then(|head| self.values.get(head)) {
                Some(Some(values)) => values.iter().any(|value| value.starts_with(rest)),
                Some(None) => true,
                None => false,
            }
        })
    }
}

/// How many, and nothing else.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.values.len())
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
