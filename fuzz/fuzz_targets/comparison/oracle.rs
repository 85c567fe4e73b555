//! Reading JSON in another way, to see that it is read the same.

use json_event_parser::{JsonEvent, SliceJsonParser};
use mirror_compare::spelled;

const MAX_DEPTH: usize = 128;

pub(crate) fn check(body: &[u8]) {
    if has_lone_half(body) {
        // The other library reads none.
        return;
    }
    assert_eq!(spelled(body), otherwise(body).map_err(str::to_owned));
}

/// Whether a text has an escape of one half of a pair of UTF-16, without that of the other.
fn has_lone_half(body: &[u8]) -> bool {
    let unit = |at: usize| {
        let escape = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(str::from_utf8(escape).ok()?, 16).ok()
    };
    let mut at = 0;
    while at < body.len() {
        at += match unit(at) {
            _ if body[at] != b'\\' => 1,
            Some(0xD800..=0xDBFF) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => 12,
            Some(0xD800..=0xDFFF) => return true,
            _ => 2,
        };
    }
    false
}

/// An array or an object that is not closed yet: its members, and the key of the next.
enum Open {
    Array(String),
    Object(Vec<(String, String)>, String),
}

fn otherwise(body: &[u8]) -> Result<String, &'static str> {
    let mut parser = SliceJsonParser::new(body);
    let mut open: Vec<Open> = Vec::new();
    let mut document = None;
    loop {
        let text = match parser.parse_next().map_err(|_| "Invalid")? {
            JsonEvent::Null => "null".to_owned(),
            JsonEvent::Boolean(value) => value.to_string(),
            JsonEvent::Number(number) => number.into_owned(),
            JsonEvent::String(string) => format!("{string:?}"),
            JsonEvent::StartArray | JsonEvent::StartObject if open.len() == MAX_DEPTH => {
                return Err("TooDeep");
            }
            JsonEvent::StartArray => {
                open.push(Open::Array(String::new()));
                continue;
            }
            JsonEvent::StartObject => {
                open.push(Open::Object(Vec::new(), String::new()));
                continue;
            }
            JsonEvent::ObjectKey(key) => {
                if let Some(Open::Object(_, next)) = open.last_mut() {
                    *next = key.into_owned();
                }
                continue;
            }
            JsonEvent::EndArray | JsonEvent::EndObject => close(open.pop().ok_or("Invalid")?)?,
            JsonEvent::Eof => return document.ok_or("Invalid"),
        };
        match open.last_mut() {
            Some(Open::Array(elements)) => {
                elements.push_str(&text);
                elements.push(',');
            }
            Some(Open::Object(members, key)) => members.push((std::mem::take(key), text)),
            None => document = Some(text),
        }
    }
}

fn close(open: Open) -> Result<String, &'static str> {
    Ok(match open {
        Open::Array(elements) => format!("[{elements}]"),
        Open::Object(mut members, _) => {
            members.sort_unstable();
            if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                return Err("DuplicateKey");
            }
            let members = members.iter().map(|(key, text)| format!("{key:?}:{text},"));
            format!("{{{}}}", members.collect::<String>())
        }
    })
}
