//! Reading a request as strictly as RFC 9112 allows: whatever is unusual is a mistake of the copy.

use super::AUTHORITY;
use crate::NEVER_COPIED;

/// A request that a shadow got.
#[derive(Debug)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The request target.
    pub target: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What every copy has of its own.
const OWN: [&str; 3] = ["host", "content-length", "x-mirrored-from"];

impl Received {
    /// Takes the first request out of the bytes, or nothing while it is not complete.
    ///
    /// # Panics
    ///
    /// When it is not well-formed.
    pub fn take(bytes: &mut Vec<u8>) -> Option<Self> {
        let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let mut request = Self::parse(&bytes[..head_end + 2]);
        let length = match request.all("content-length")[..] {
            [] => 0,
            [length] => length.parse().expect("a length is a number"),
            _ => panic!("two lengths: {request:?}"),
        };
        let body_end = head_end + 4 + length;
        if bytes.len() < body_end {
            return None;
        }
        request.body = bytes[head_end + 4..body_end].to_vec();
        bytes.drain(..body_end);
        Some(request)
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let found = self.headers.iter().filter(|header| header.0 == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    fn parse(head: &[u8]) -> Self {
        // One character per byte.
        let head: String = head.iter().copied().map(char::from).collect();
        let mut lines = head.split_terminator("\r\n");
        let first: Vec<_> = lines.next().unwrap_or_default().split(' ').collect();
        let [method, target, "HTTP/1.1"] = first[..] else {
            panic!("a request line: {first:?}");
        };
        assert!(is_token(method), "a method: {method:?}");
        // What arrived in UTF-8 leaves in UTF-8.
        let target = target.chars().map(|c| u8::try_from(c).expect("a byte"));
        let target = String::from_utf8(target.collect()).expect("a target is text");
        let is_visible = |c: char| (c.is_ascii_graphic() && c != '#') || !c.is_ascii();
        let visible = target.chars().all(is_visible);
        assert!(target.starts_with('/') && visible, "a target: {target:?}");
        let request = Self {
            method: method.to_owned(),
            target,
            headers: lines.map(header).collect(),
            body: Vec::new(),
        };
        assert_eq!(request.all("host"), [AUTHORITY]);
        assert_eq!(request.all("x-mirrored-from").len(), 1);
        for name in NEVER_COPIED.into_iter().filter(|name| !OWN.contains(name)) {
            assert!(request.all(name).is_empty(), "{name}: {request:?}");
        }
        request
    }
}

fn header(line: &str) -> (String, String) {
    let (name, value) = line.split_once(':').expect("a header has a colon");
    assert!(is_token(name), "a header's name: {line:?}");
    let value = value.strip_prefix(' ').unwrap_or(value);
    let trimmed = value.trim_matches([' ', '\t']);
    assert_eq!(value, trimmed, "a header's value: {line:?}");
    let is_text = |c: char| c == '\t' || (c >= ' ' && c != '\x7f');
    assert!(value.chars().all(is_text), "a header's value: {line:?}");
    (name.to_ascii_lowercase(), value.to_owned())
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_token)
}
