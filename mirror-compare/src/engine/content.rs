//! Bodies by their content type: each is compared in parts of its own.
//!
//! | content type | parts |
//! |---|---|
//! | `application/x-ndjson` and its other names, `application/json-seq` | documents, as an array |
//! | `text/event-stream` | events, as an array of objects |
//! | `application/x-www-form-urlencoded` | fields |
//! | `multipart/..` | parts, whatever their boundary is |
//! | `application/grpc..` | messages |
//! | anything else | JSON if it is that, text, bytes |

use bumpalo::Bump;
use http::{HeaderMap, header};

use crate::json::{Member, Node, NotJson, parse};

/// How a body is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// JSON, and whatever does not say what it is.
    Json,
    /// A document a line.
    Lines,
    /// Documents behind separators (RFC 7464).
    Sequence,
    /// Server-sent events.
    Events,
    Form,
    Multipart,
    /// Messages with their lengths before them.
    Messages,
    /// Text of another syntax.
    Text,
}

/// Characters of a boundary (RFC 2046 section 5.1.1).
const MAX_BOUNDARY: usize = 70;

/// Separates the documents of a sequence.
const RECORD_SEPARATOR: u8 = 0x1E;

impl Content {
    /// The type of both; if they do not agree, a body is JSON or none.
    pub(crate) fn of_both(one: &HeaderMap, other: &HeaderMap) -> Self {
        let content = Self::of(one);
        if content == Self::of(other) {
            content
        } else {
            Self::Json
        }
    }

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let media_type = headers
            .get(header::CONTENT_TYPE)
            .map(http::HeaderValue::as_bytes);
        let media_type = media_type.and_then(|value| value.split(|byte| *byte == b';').next());
        let media_type = media_type
            .unwrap_or_default()
            .trim_ascii()
            .to_ascii_lowercase();
        match &*media_type {
            b"application/x-ndjson"
            | b"application/ndjson"
            | b"application/jsonl"
            | b"application/x-jsonl"
            | b"application/jsonlines"
            | b"application/x-jsonlines"
            | b"application/stream+json"
            | b"application/x-json-stream" => Self::Lines,
            b"application/json-seq" => Self::Sequence,
            b"text/event-stream" => Self::Events,
            b"application/x-www-form-urlencoded" => Self::Form,
            b"application/xml"
            | b"application/javascript"
            | b"application/yaml"
            | b"application/graphql" => Self::Text,
            b"application/grpc-web-text" => Self::Json,
            other if other.ends_with(b"+json-seq") => Self::Sequence,
            other if other.ends_with(b"+xml") => Self::Text,
            other if other.starts_with(b"text/") && !other.ends_with(b"json") => Self::Text,
            other if other.starts_with(b"multipart/") => Self::Multipart,
            other if other.starts_with(b"application/grpc") => Self::Messages,
            _ => Self::Json,
        }
    }

    /// Whether its parts have places, so that rules are about them.
    pub(crate) fn is_document(self) -> bool {
        !matches!(self, Self::Form | Self::Multipart | Self::Messages)
    }

    /// Whether it is many documents, of which the first token of a place is the number of one.
    pub(crate) fn is_many(self) -> bool {
        matches!(self, Self::Lines | Self::Sequence | Self::Events)
    }

    /// A remark on how bodies that are not JSON are compared; `None` if they might have been.
    pub(crate) fn note(self) -> Option<&'static str> {
        match self {
            Self::Text => Some("compared as text"),
            Self::Form => Some("compared field by field"),
            Self::Multipart => Some("compared part by part"),
            Self::Messages => Some("compared message by message"),
            Self::Json | Self::Lines | Self::Sequence | Self::Events => None,
        }
    }

    /// Reads a body as a document, or as an array of many.
    pub(crate) fn read<'a>(self, body: &'a [u8], memory: &'a Bump) -> Result<Node<'a>, NotJson> {
        let many = match self {
            Self::Events => events(body, memory),
            _ => match self.parts(body) {
                Some(parts) => {
                    documents(&parts, &Known::default(), memory).map(|all| array(&all, memory))
                }
                None => return parse(body, memory),
            },
        };
        // It may be one document after all.
        many.or_else(|error| parse(body, memory).map_err(|_| error))
    }

    /// Reads both bodies. Documents that are the same in both are read once, and are then known by
    /// where they are.
    pub(crate) fn read_both<'a>(
        self,
        bodies: [&'a [u8]; 2],
        memory: &'a Bump,
    ) -> [Result<Node<'a>, NotJson>; 2] {
        if let [Some(ones), Some(others)] = bodies.map(|body| self.parts(body))
            && let Ok(nodes) = documents(&ones, &Known::default(), memory)
        {
            let known = Known {
                parts: &ones,
                nodes: &nodes,
            };
            if let Ok(other_nodes) = documents(&others, &known, memory) {
                return [nodes, other_nodes].map(|nodes| Ok(array(&nodes, memory)));
            }
        }
        bodies.map(|body| self.read(body, memory))
    }

    /// The documents of a body that is many between separators.
    fn parts(self, body: &[u8]) -> Option<Vec<&[u8]>> {
        let separator = match self {
            Self::Lines => b'\n',
            Self::Sequence => RECORD_SEPARATOR,
            _ => return None,
        };
        let parts = body.split(|byte| *byte == separator);
        Some(parts.filter(|part| !part.trim_ascii().is_empty()).collect())
    }
}

/// Documents that were read already.
#[derive(Default)]
struct Known<'k, 'a> {
    parts: &'k [&'a [u8]],
    nodes: &'k [Node<'a>],
}

impl<'a> Known<'_, 'a> {
    /// The document of a part, if the same part is at its place there, from the beginning or from
    /// the end.
    fn get(&self, part: &[u8], at: usize, of: usize) -> Option<Node<'a>> {
        let from_end = (self.parts.len() + at).checked_sub(of);
        let places = [Some(at), from_end].into_iter().flatten();
        let mut same = places.filter(|at| self.parts.get(*at).is_some_and(|known| *known == part));
        same.next().map(|at| self.nodes[at])
    }
}

fn documents<'a>(
    parts: &[&'a [u8]],
    known: &Known<'_, 'a>,
    memory: &'a Bump,
) -> Result<Vec<Node<'a>>, NotJson> {
    let documents = parts.iter().enumerate().map(|(at, part)| {
        let document = known.get(part, at, parts.len());
        document.map_or_else(|| parse(part, memory), Ok)
    });
    documents.collect()
}

fn array<'a>(nodes: &[Node<'a>], memory: &'a Bump) -> Node<'a> {
    Node::Array(memory.alloc_slice_copy(nodes))
}

/// The fields of an event that is not over yet.
#[derive(Default)]
struct Event<'a> {
    data: Vec<&'a str>,
    name: Option<&'a str>,
    id: Option<&'a str>,
    retry: Option<&'a str>,
}

/// Reads a stream of events as its clients do. Comments are none of its content.
fn events<'a>(body: &'a [u8], memory: &'a Bump) -> Result<Node<'a>, NotJson> {
    let text = str::from_utf8(body).map_err(|_| NotJson::Invalid)?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let (mut events, mut event) = (Vec::new(), Event::default());
    let text = text.strip_suffix('\n').unwrap_or(text);
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            events.extend(std::mem::take(&mut event).node(false, memory));
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => event.data.push(value),
            "event" => event.name = Some(value),
            "id" => event.id = Some(value),
            "retry" => event.retry = Some(value),
            // A comment, and what is left out by all.
            "" => {}
            _ if field
                .chars()
                .all(|it| it.is_ascii_alphanumeric() || it == '-') => {}
            _ => return Err(NotJson::Invalid),
        }
    }
    // No client is told an event without an empty line behind it.
    events.extend(event.node(true, memory));
    Ok(Node::Array(memory.alloc_slice_copy(&events)))
}

impl<'a> Event<'a> {
    fn node(self, is_cut: bool, memory: &'a Bump) -> Option<Node<'a>> {
        let mut members: Vec<Member<'a>> = Vec::new();
        if is_cut {
            members.push(("cut_short", Node::Bool(true)));
        }
        if !self.data.is_empty() {
            let data: &'a str = memory.alloc_str(&self.data.join("\n"));
            let is_document = data.trim_start().starts_with(['{', '[']);
            let document = is_document
                .then(|| parse(data.as_bytes(), memory).ok())
                .flatten();
            members.push(("data", document.unwrap_or(Node::String(data))));
        }
        let others = [("event", self.name), ("id", self.id), ("retry", self.retry)];
        let others = others.into_iter();
        members.extend(others.filter_map(|(name, value)| Some((name, Node::String(value?)))));
        let is_empty = members.len() == usize::from(is_cut);
        (!is_empty).then(|| Node::Object(memory.alloc_slice_copy(&members)))
    }
}

/// The fields of a form, one a line, those of one name in their order. Their values are as they are
/// written, because not every reader takes `+` for a space.
pub(crate) fn form(body: &[u8]) -> Option<Vec<u8>> {
    let mut fields: Vec<Vec<u8>> = body
        .trim_ascii()
        .split(|byte| *byte == b'&')
        .map(|field| {
            let mut field = field.to_vec();
            // The two digits of an escape have no case.
            let mut escaped = 0_u8;
            for byte in &mut field {
                if *byte == b'%' {
                    escaped = 2;
                } else if escaped > 0 {
                    byte.make_ascii_uppercase();
                    escaped -= 1;
                }
            }
            field
        })
        .collect();
    if fields.iter().any(|field| field.contains(&b'\n')) {
        return None;
    }
    fields.sort_by(|one, other| name(one).cmp(name(other)));
    Some(fields.join(&b'\n'))
}

fn name(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == b'=').next().unwrap_or(field)
}

/// The parts of a body of several (RFC 2046 section 5.1) with the names of their headers in lower
/// case and in order, and without the boundary; `None` if it is none.
pub(crate) fn multipart(headers: &HeaderMap, body: &[u8]) -> Option<Vec<u8>> {
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters = content_type
        .split(';')
        .skip(1)
        .filter_map(|it| it.split_once('='));
    let boundary = parameters
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?
        .1;
    let boundary = boundary.trim().trim_matches('"');
    if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
        return None;
    }
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut parts = Vec::new();
    let mut rest = behind(body, &delimiter)?;
    while !rest.starts_with(b"--") {
        let content = behind(rest, b"\n")?;
        let end = find(content, &delimiter)?;
        let part = &content[..end];
        let part = part.strip_suffix(b"\n").unwrap_or(part);
        parts.push(part.strip_suffix(b"\r").unwrap_or(part));
        rest = &content[end + delimiter.len()..];
    }
    let mut written = Vec::new();
    for (i, part) in parts.into_iter().enumerate() {
        let (fields, content) = head_and_content(part);
        let mut fields: Vec<_> = fields
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.trim_ascii().is_empty())
            .map(|line| {
                let at = line
                    .iter()
                    .position(|byte| *byte == b':')
                    .unwrap_or(line.len());
                let (name, value) = line.split_at(at);
                [&*name.trim_ascii().to_ascii_lowercase(), value.trim_ascii()].concat()
            })
            .collect();
        fields.sort_unstable();
        written.extend(format!("part {}\n", i + 1).bytes());
        written.extend(fields.join(&b'\n'));
        written.extend(b"\n\n");
        written.extend(content);
        written.push(b'\n');
    }
    Some(written)
}

fn head_and_content(part: &[u8]) -> (&[u8], &[u8]) {
    for end in [&b"\r\n\r\n"[..], b"\n\n"] {
        if let Some(at) = find(part, end) {
            return (&part[..at], &part[at + end.len()..]);
        }
    }
    // There are no fields: it begins with the end of them.
    let content = part
        .strip_prefix(b"\r\n")
        .or_else(|| part.strip_prefix(b"\n"));
    (b"", content.unwrap_or(part))
}

fn behind<'b>(body: &'b [u8], needle: &[u8]) -> Option<&'b [u8]> {
    find(body, needle).map(|at| &body[at + needle.len()..])
}

fn find(body: &[u8], needle: &[u8]) -> Option<usize> {
    let is_there = |(_, window): &(usize, &[u8])| *window == needle;
    body.windows(needle.len().max(1))
        .enumerate()
        .find(is_there)
        .map(|(at, _)| at)
}

/// The messages of a stream of gRPC, each with the flag before it; `None` if it is none.
pub(crate) fn messages(mut body: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut messages = Vec::new();
    while let Some(([flag, length @ ..], rest)) = body.split_first_chunk::<5>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        messages.push((*flag, rest.get(..length)?));
        body = &rest[length..];
    }
    body.is_empty().then_some(messages)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(media_type: &'static str) -> Content {
        let value = HeaderValue::from_static(media_type);
        Content::of(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
    }

    fn read(content: Content, body: &str) -> String {
        let memory = Bump::new();
        let mut text = String::new();
        match content.read(body.as_bytes(), &memory) {
            Ok(node) => node.write(&mut text),
            Err(error) => text = format!("{error:?}"),
        }
        text
    }

    #[test]
    fn a_type_is_known_in_any_spelling() {
        assert_eq!(of("Application/X-NDJSON; charset=utf-8"), Content::Lines);
        assert_eq!(of("text/event-stream"), Content::Events);
        assert_eq!(of("application/grpc+proto"), Content::Messages);
        assert_eq!(of("image/svg+xml"), Content::Text);
        assert_eq!(of("application/problem+json"), Content::Json);
        assert_eq!(Content::of(&HeaderMap::new()), Content::Json);
    }

    #[test]
    fn many_documents_are_an_array() {
        assert_eq!(read(Content::Lines, "{\"a\":1}\r\n\n2\n"), r#"[{"a":1},2]"#);
        assert_eq!(
            read(Content::Sequence, "\u{1e}{\"a\":1}\n\u{1e}2"),
            r#"[{"a":1},2]"#
        );
        assert_eq!(read(Content::Lines, "{\"a\":\n1}"), r#"{"a":1}"#);
        assert_eq!(read(Content::Lines, "{\"a\":1}\n{"), "Invalid");
    }

    #[test]
    fn events_are_objects() {
        let stream = ": hello\nevent: tick\ndata: {\"n\":1}\nid: 7\n\ndata: a\ndata:b\n\n";
        let expected = r#"[{"data":{"n":1},"event":"tick","id":"7"},{"data":"a\nb"}]"#;
        assert_eq!(read(Content::Events, stream), expected);
        assert_eq!(
            read(Content::Events, &stream.replace('\n', "\r\n")),
            expected
        );
        let cut = r#"[{"cut_short":true,"data":"1"}]"#;
        assert_eq!(read(Content::Events, "data: 1\n"), cut);
        assert_eq!(read(Content::Events, "<html>: x"), "Invalid");
    }

    #[test]
    fn fields_are_in_order_of_their_names() {
        assert_eq!(
            form(b"b=1&a=%c3%A9&b=0"),
            Some(b"a=%C3%A9\nb=1\nb=0".to_vec())
        );
    }

    #[test]
    fn parts_are_the_same_between_any_boundaries() {
        let parts = |boundary: &str, fields: &str| {
            let body = format!("--{boundary}\r\n{fields}\r\n\r\ntea\r\n--{boundary}--\r\n");
            let kind = format!("multipart/form-data; boundary=\"{boundary}\"");
            let kind = HeaderValue::from_str(&kind).unwrap();
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind)]);
            multipart(&headers, body.as_bytes()).map(|parts| String::from_utf8(parts).unwrap())
        };
        let one = parts("XX", "A: 1\r\nb: 2");
        assert_eq!(one.as_deref(), Some("part 1\na: 1\nb: 2\n\ntea\n"));
        assert_eq!(one, parts("7f3a", "B: 2\r\na: 1"));
        assert_eq!(multipart(&HeaderMap::new(), b"--XX--"), None);
    }

    #[test]
    fn messages_have_their_lengths_before_them() {
        assert_eq!(
            messages(b"\0\0\0\0\x02ab\x01\0\0\0\0"),
            Some(vec![(0, &b"ab"[..]), (1, b"")])
        );
        assert_eq!(messages(b"\0\0\0\0\x02a"), None);
        assert_eq!(messages(b"\0\0"), None);
    }
}
