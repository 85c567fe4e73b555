//! Showing a value of JSON.

use crate::{
    json::{Node, write_string},
    model::{MAX_BYTES, cut, prefix, shared},
    redact::{REDACTED, Secrets},
    rules::{Patterns, State},
};

/// Bytes of a long text that are shown before the first difference.
const SHOWN_BEFORE: usize = 64;

/// A text that is no longer is shown from its beginning.
const LONG: usize = 256;

/// Bytes of a text around those that are shown that are searched for secrets, too: as long as what
/// is known of one, percent-encoded.
const AROUND: usize = 256;

/// Two texts that differ, as JSON and cut to 1 KiB, from before the first difference on.
pub(crate) fn excerpts(texts: [&str; 2], secrets: &Secrets) -> [String; 2] {
    let same = shared(texts[0].as_bytes(), texts[1].as_bytes());
    texts.map(|text| {
        let start = if same > LONG {
            text.floor_char_boundary(same - SHOWN_BEFORE)
        } else {
            0
        };
        let end = text.floor_char_boundary(start + MAX_BYTES + 1);
        let around = start.saturating_sub(AROUND)..text.len().min(end + AROUND);
        if secrets.are_anywhere_in(&text.as_bytes()[around]) {
            return REDACTED.to_owned();
        }
        let mut shown = String::new();
        if start == 0 {
            write_string(&text[..end], &mut shown);
        } else {
            write_string(&format!("…{}", &text[start..end]), &mut shown);
        }
        cut(shown)
    })
}

/// Writes a value as JSON, cut to 1 KiB, without what is redacted.
pub(crate) struct Excerpt<'r> {
    patterns: &'r Patterns,
    secrets: &'r Secrets,
    text: String,
}

impl<'r> Excerpt<'r> {
    pub(crate) fn take(
        node: &Node<'_>,
        state: &State,
        patterns: &'r Patterns,
        secrets: &'r Secrets,
    ) -> String {
        let mut excerpt = Self {
            patterns,
            secrets,
            text: String::new(),
        };
        excerpt.node(node, state);
        cut(excerpt.text)
    }

    fn is_full(&self) -> bool {
        self.text.len() > MAX_BYTES
    }

    fn node(&mut self, node: &Node<'_>, state: &State) {
        if !state.is_empty() && self.patterns.hides(state, node) {
            self.text.push_str(REDACTED);
            return;
        }
        match node {
            Node::Null => self.text.push_str("null"),
            Node::Bool(true) => self.text.push_str("true"),
            Node::Bool(false) => self.text.push_str("false"),
            Node::Number(text) => self.plain(text),
            Node::String(text) => self.string(text),
            Node::Array(elements) => self.array(elements, state),
            Node::Object(members) => {
                self.text.push('{');
                for (i, (key, member)) in members.iter().enumerate() {
                    if self.is_full() {
                        return;
                    }
                    self.text.push_str(if i == 0 { "" } else { "," });
                    self.string(key);
                    self.text.push(':');
                    self.node(member, &self.patterns.key(state, key));
                }
                self.text.push('}');
            }
        }
    }

    fn array(&mut self, elements: &[Node<'_>], state: &State) {
        self.text.push('[');
        for (i, element) in elements.iter().enumerate() {
            if self.is_full() {
                return;
            }
            self.text.push_str(if i == 0 { "" } else { "," });
            self.node(element, &self.patterns.index(state, i));
        }
        self.text.push(']');
    }

    fn plain(&mut self, text: &str) {
        if self.secrets.are_in(text) {
            self.text.push_str(REDACTED);
        } else {
            self.text.push_str(prefix(text, MAX_BYTES + 1));
        }
    }

    fn string(&mut self, text: &str) {
        if self.secrets.are_in(text) {
            self.text.push_str(REDACTED);
            return;
        }
        // Longer than what is shown, so that it is seen to be cut.
        let shown = prefix(text, MAX_BYTES + 1);
        write_string(shown, &mut self.text);
    }
}
