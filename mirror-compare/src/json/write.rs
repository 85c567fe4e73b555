//! Writing JSON.

use std::fmt::Write;

use super::{Node, parse::surrogate};

impl Node<'_> {
    /// Writes it without spaces, its keys in their order.
    pub(crate) fn write(&self, text: &mut String) {
        match self {
            Self::Null => text.push_str("null"),
            Self::Bool(true) => text.push_str("true"),
            Self::Bool(false) => text.push_str("false"),
            Self::Number(number) => text.push_str(number),
            Self::String(string) => write_string(string, text),
            Self::Array(elements) => {
                text.push('[');
                for (i, element) in elements.iter().enumerate() {
                    text.push_str(if i == 0 { "" } else { "," });
                    element.write(text);
                }
                text.push(']');
            }
            Self::Object(members) => {
                text.push('{');
                for (i, (key, member)) in members.iter().enumerate() {
                    text.push_str(if i == 0 { "" } else { "," });
                    write_string(key, text);
                    text.push(':');
                    member.write(text);
                }
                text.push('}');
            }
        }
    }
}

/// Writes a text of JSON, with halves of pairs of UTF-16 as they were.
pub(crate) fn write_string(string: &str, text: &mut String) {
    /// The first byte of the characters that stand for them.
    const FIRST: u8 = 0xF4;
    // A text is always JSON.
    let written = serde_json::to_string(string).unwrap_or_default();
    if !written.as_bytes().contains(&FIRST) {
        text.push_str(&written);
        return;
    }
    for character in written.chars() {
        match surrogate(character) {
            // Writing to a `String` never fails.
            Some(half) => drop(write!(text, "\\u{half:04x}")),
            None => text.push(character),
        }
    }
}
