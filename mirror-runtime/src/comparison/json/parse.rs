//! Reading JSON.

use std::borrow::Cow;

use json_event_parser::{JsonEvent, SliceJsonParser};

use super::Node;

/// The depth to which arrays and objects are nested. What compares them recurses as deep.
const MAX_DEPTH: usize = 128;

/// Why a body is not compared as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum NotJson {
    /// It is something else, or text that is not UTF-8.
    Invalid,
    /// An object has a key twice. Which of the values counts is up to who reads it (RFC 8259 section 4).
    DuplicateKey,
    /// It is nested deeper than [`MAX_DEPTH`].
    TooDeep,
}

/// An array or an object that is not closed yet.
enum Open<'a> {
    Array(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>, Cow<'a, str>),
}

/// Reads a document.
pub(in super::super) fn parse(body: &[u8]) -> Result<Node<'_>, NotJson> {
    let mut parser = SliceJsonParser::new(body);
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut document = None;
    loop {
        let node = match parser.parse_next().map_err(|_| NotJson::Invalid)? {
            JsonEvent::Null => Node::Null,
            JsonEvent::Boolean(value) => Node::Bool(value),
            JsonEvent::Number(text) => Node::Number(text),
            JsonEvent::String(text) => Node::String(text),
            JsonEvent::StartArray | JsonEvent::StartObject if open.len() == MAX_DEPTH => {
                return Err(NotJson::TooDeep);
            }
            JsonEvent::StartArray => {
                open.push(Open::Array(Vec::new()));
                continue;
            }
            JsonEvent::StartObject => {
                open.push(Open::Object(Vec::new(), Cow::Borrowed("")));
                continue;
            }
            JsonEvent::ObjectKey(key) => {
                if let Some(Open::Object(_, next)) = open.last_mut() {
                    *next = key;
                }
                continue;
            }
            JsonEvent::EndArray | JsonEvent::EndObject => {
                close(open.pop().ok_or(NotJson::Invalid)?)?
            }
            JsonEvent::Eof => return document.ok_or(NotJson::Invalid),
        };
        match open.last_mut() {
            Some(Open::Array(elements)) => elements.push(node),
            Some(Open::Object(members, key)) => members.push((std::mem::take(key), node)),
            None => document = Some(node),
        }
    }
}

fn close(open: Open<'_>) -> Result<Node<'_>, NotJson> {
    match open {
        Open::Array(elements) => Ok(Node::Array(elements)),
        Open::Object(mut members, _) => {
            members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return Err(NotJson::DuplicateKey);
            }
            Ok(Node::Object(members))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_text_and_keys_are_sorted() {
        let parsed = parse(br#" {"b": [1.0, -0, 1e400, "x\u00e9"], "a": {}, "": null} "#).unwrap();
        let number = |text| Node::Number(Cow::Borrowed(text));
        let list = vec![
            number("1.0"),
            number("-0"),
            number("1e400"),
            Node::String("xé".into()),
        ];
        assert_eq!(
            parsed,
            Node::Object(vec![
                ("".into(), Node::Null),
                ("a".into(), Node::Object(vec![])),
                ("b".into(), Node::Array(list)),
            ])
        );
    }

    #[test]
    fn what_is_not_json_is_told_apart() {
        for body in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1 2",
            "nul",
            "'a'",
            "\"a",
            "[1}",
            "NaN",
            "\"\\ud800\"",
            "<html>",
            "{\"a\"}",
            "{1:2}",
            "\"\n\"",
        ] {
            assert_eq!(parse(body.as_bytes()), Err(NotJson::Invalid), "{body}");
        }
        assert_eq!(parse(b"\"\xff\""), Err(NotJson::Invalid));
        for body in [r#"{"a":1,"a":1}"#, r#"[{"a":1,"b":2,"\u0061":3}]"#] {
            assert_eq!(parse(body.as_bytes()), Err(NotJson::DuplicateKey), "{body}");
        }
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(128).as_bytes()).is_ok());
        assert_eq!(parse(nested(129).as_bytes()), Err(NotJson::TooDeep));
        assert_eq!(parse("[".repeat(200_000).as_bytes()), Err(NotJson::TooDeep));
    }
}
