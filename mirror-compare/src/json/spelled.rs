//! What was read, for the fuzz target that reads it in another way.

use std::fmt::Write;

use bumpalo::Bump;

use super::{Node, parse};

/// A document in a spelling of its own, with its keys in order; the reason if it is not compared as
/// JSON.
///
/// # Errors
///
/// `Invalid`, `DuplicateKey` or `TooDeep`.
pub fn spelled(body: &[u8]) -> Result<String, String> {
    let mut text = String::new();
    let memory = Bump::new();
    let document = parse(body, &memory).map_err(|reason| format!("{reason:?}"))?;
    spell(&document, &mut text);
    Ok(text)
}

fn spell(node: &Node<'_>, text: &mut String) {
    match node {
        Node::Null => text.push_str("null"),
        Node::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Node::Number(number) => text.push_str(number),
        Node::String(string) => {
            // Writing to a `String` never fails.
            let _ = write!(text, "{string:?}");
        }
        Node::Array(elements) => {
            text.push('[');
            for element in *elements {
                spell(element, text);
                text.push(',');
            }
            text.push(']');
        }
        Node::Object(members) => {
            text.push('{');
            for (key, member) in *members {
                let _ = write!(text, "{key:?}:");
                spell(member, text);
                text.push(',');
            }
            text.push('}');
        }
    }
}
