//! Rewriting a JSON document without its secrets.

use crate::{
    json::Node,
    redact::{REDACTED, Redacted, Redaction},
    rules::{Patterns, State},
};

/// The replacement of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replacement {
    /// `[redacted]`, whatever it was: for a reader.
    Text,
    /// Something of the same type: for an app that shall read it again.
    SameType,
}

/// A document as it is written: its keys in order, its numbers as they stood.
pub(crate) struct Document<'a> {
    patterns: &'a Patterns,
    redaction: &'a Redaction<'a>,
    replacement: Replacement,
    text: String,
    /// The tokens that lead to where it is, escaped.
    path: Vec<String>,
    places: Vec<String>,
}

impl<'a> Document<'a> {
    pub(crate) fn new(
        node: &Node<'_>,
        redaction: &'a Redaction<'a>,
        replacement: Replacement,
    ) -> Self {
        let patterns = &redaction.rules.patterns;
        let mut document = Self {
            patterns,
            redaction,
            replacement,
            text: String::new(),
            path: Vec::new(),
            places: Vec::new(),
        };
        document.node(node, &patterns.root());
        document
    }

    /// The document, if something in it was replaced.
    pub(crate) fn changed(self) -> Option<Redacted> {
        (!self.places.is_empty()).then_some(Redacted {
            text: self.text,
            places: self.places,
        })
    }

    fn node(&mut self, node: &Node<'_>, state: &State) {
        if !state.is_empty() && self.patterns.hides(state, node) {
            return self.redacted(node);
        }
        match node {
            Node::Null => self.text.push_str("null"),
            Node::Bool(true) => self.text.push_str("true"),
            Node::Bool(false) => self.text.push_str("false"),
            Node::Number(text) if self.redaction.is_known(text) => self.redacted(node),
            Node::String(text) if self.redaction.is_secret_value(text) => self.redacted(node),
            Node::Number(text) => self.text.push_str(text),
            Node::String(text) => self.string(text),
            Node::Array(elements) => self.array(elements, state),
            // A key that is a secret has no name to be left out by.
            Node::Object(members)
                if members.iter().any(|(key, _)| self.redaction.is_secret(key)) =>
            {
                self.redacted(node);
            }
            Node::Object(members) => {
                let keys = || members.iter().map(|(key, _)| &**key);
                self.text.push('{');
                for (i, (key, member)) in members.iter().enumerate() {
                    self.text.push_str(if i == 0 { "" } else { "," });
                    self.string(key);
                    self.text.push(':');
                    self.path.push(key.replace('~', "~0").replace('/', "~1"));
                    // Whether there is one, and yes or no, is no secret by itself.
                    let says_nothing = matches!(member, Node::Null | Node::Bool(_));
                    if !says_nothing && self.redaction.names.are_among(key, keys()) {
                        self.redacted(member);
                    } else {
                        self.node(member, &self.patterns.key(state, key));
                    }
                    self.path.pop();
                }
                self.text.push('}');
            }
        }
    }

    fn array(&mut self, elements: &[Node<'_>], state: &State) {
        // Where an element of these stands says nothing.
        let is_unordered = self.patterns.marks(state).unordered;
        self.text.push('[');
        for (i, element) in elements.iter().enumerate() {
            self.text.push_str(if i == 0 { "" } else { "," });
            let token = if is_unordered {
                "*".to_owned()
            } else {
                i.to_string()
            };
            self.path.push(token);
            self.node(element, &self.patterns.index(state, i));
            self.path.pop();
        }
        self.text.push(']');
    }

    fn redacted(&mut self, node: &Node<'_>) {
        match (self.replacement, node) {
            (_, Node::String(text)) | (Replacement::Text, Node::Number(text)) => {
                self.in_place_of(text);
            }
            (Replacement::Text, _) => self.string(REDACTED),
            (Replacement::SameType, Node::Null) => self.text.push_str("null"),
            (Replacement::SameType, Node::Bool(_)) => self.text.push_str("false"),
            (Replacement::SameType, Node::Number(_)) => self.text.push('0'),
            (Replacement::SameType, Node::Array(_)) => self.text.push_str("[]"),
            (Replacement::SameType, Node::Object(_)) => self.text.push_str("{}"),
        }
        let pointer: String = self.path.iter().flat_map(|token| ["/", token]).collect();
        // Those of elements in no order are the same.
        if self.places.last() != Some(&pointer) {
            self.places.push(pointer);
        }
    }

    fn in_place_of(&mut self, text: &str) {
        let mark = self.redaction.in_place_of(text.as_bytes());
        self.string(&mark);
    }

    fn string(&mut self, text: &str) {
        // A text is always JSON.
        self.text
            .push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}
