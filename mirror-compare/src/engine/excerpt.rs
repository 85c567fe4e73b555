//! Showing a value of JSON.

use crate::{
    json::Node,
    model::{MAX_BYTES, cut, prefix},
    redact::{REDACTED, Secrets},
    rules::{Patterns, State},
};

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
        // A text is always JSON.
        self.text
            .push_str(&serde_json::to_string(shown).unwrap_or_default());
    }
}
