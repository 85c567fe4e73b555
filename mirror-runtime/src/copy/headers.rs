//! The headers of a copy: all end-to-end ones verbatim, minus those about the connection, plus the marker.

use std::fmt;

use bytes::BytesMut;
use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{self, Entry},
};
use mirror_grammar::is_hop_by_hop;

use super::{MIRRORED_FROM, Original};

/// Headers that describe a body, which a copy without one does not have (RFC 9110 section 8, RFC 9530).
const BODY_HEADERS: [HeaderName; 9] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LOCATION,
    header::CONTENT_RANGE,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

/// Headers that prove who the client is.
const CREDENTIALS: [HeaderName; 3] = [
    header::AUTHORIZATION,
    header::COOKIE,
    HeaderName::from_static("x-api-key"),
];

/// Headers that a mirror may add: the marker, `Host`, `Content-Length`, and one that is set.
const ADDED: usize = 4;

/// How the headers of a copy differ from those of its original.
#[derive(Clone, Default)]
pub(crate) struct HeaderRules {
    pub(crate) without_body: bool,
    pub(crate) strip_credentials: bool,
    pub(crate) preserve_host: bool,
    pub(crate) remove: Vec<HeaderName>,
    pub(crate) set: Vec<(HeaderName, HeaderValue)>,
}

/// The values of headers stay out: they may be secrets of the shadow.
impl fmt::Debug for HeaderRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<_> = self.set.iter().map(|(name, _)| name).collect();
        f.debug_struct("HeaderRules")
            .field("without_body", &self.without_body)
            .field("strip_credentials", &self.strip_credentials)
            .field("preserve_host", &self.preserve_host)
            .field("remove", &self.remove)
            .field("set", &set)
            .finish()
    }
}

/// Whether there is a header of one of these names.
///
/// To compare names with those of a request takes less time than to hash them, unless there are many.
pub(crate) fn has_any<const N: usize>(headers: &HeaderMap, names: [&HeaderName; N]) -> bool {
    const FEW: usize = 32;
    if headers.keys_len() > FEW {
        names.into_iter().any(|name| headers.contains_key(name))
    } else {
        headers.keys().any(|name| names.contains(&name))
    }
}

impl HeaderRules {
    /// The headers of the copies of a request.
    pub(crate) fn apply(&self, original: &Original) -> HeaderMap {
        let (mut headers, host) = end_to_end(original);
        if original.version >= Version::HTTP_2 {
            join_cookies(&mut headers);
        }
        self.change(&mut headers);
        if let Some(host) = host.clone().filter(|_| self.preserve_host) {
            headers.insert(header::HOST, host);
        }
        mark(&mut headers, host);
        headers
    }

    /// The headers for a handler of the same program: those of the connection and of the framing too, as the primary
    /// sees them.
    pub(crate) fn apply_within(&self, original: &Original) -> HeaderMap {
        let (mut headers, host) = copied(original, |_| true);
        if self.without_body {
            remove_all(
                &mut headers,
                &[header::CONTENT_LENGTH, header::TRANSFER_ENCODING],
            );
        }
        self.change(&mut headers);
        mark(&mut headers, host);
        headers
    }

    /// Sets and removes what the options say.
    fn change(&self, headers: &mut HeaderMap) {
        if self.without_body {
            remove_all(headers, &BODY_HEADERS);
        }
        if self.strip_credentials {
            remove_all(headers, &CREDENTIALS);
        }
        remove_all(headers, &self.remove);
        for (name, value) in &self.set {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// Marks a copy, also one of a request without a host, as in HTTP/1.0.
fn mark(headers: &mut HeaderMap, host: Option<HeaderValue>) {
    let unknown = HeaderValue::from_static("unknown");
    headers.insert(MIRRORED_FROM, host.unwrap_or(unknown));
}

/// The host that a request was for: its `Host`, or what stands for it in HTTP/2, without a user name or password.
fn original_host(original: &Original) -> Option<&[u8]> {
    if let Some(host) = original.headers.get(header::HOST) {
        return Some(host.as_bytes());
    }
    let authority = original.uri.authority()?;
    let host = authority.as_str().rsplit('@').next()?;
    Some(host.as_bytes())
}

/// Whether a request says that it has a body, if only an empty one.
pub(super) fn declare_body(headers: &HeaderMap) -> bool {
    headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING)
}

/// All headers but the hop-by-hop ones, those that `Connection` names (RFC 9110 section 7.6.1), and those that the
/// client sets anew from the target and the body; and the host that the request was for.
fn end_to_end(original: &Original) -> (HeaderMap, Option<HeaderValue>) {
    let named = named_by_connection(&original.headers);
    // `Expect` asks the server to wait with the body; a copy's body is already there.
    let set_anew = [header::HOST, header::CONTENT_LENGTH, header::EXPECT];
    copied(original, |name| {
        !is_hop_by_hop(name) && !set_anew.contains(name) && !named.contains(name)
    })
}

/// The headers that travel, and the host that the request was for.
///
/// The values are copied, into one buffer: those that arrived are slices of the read buffer of the primary's
/// connection, which would live as long as a copy is in flight.
fn copied(
    original: &Original,
    travels: impl Fn(&HeaderName) -> bool,
) -> (HeaderMap, Option<HeaderValue>) {
    let host = original_host(original);
    let original = &original.headers;
    let length = original.values().map(HeaderValue::len).sum::<usize>();
    let mut values = BytesMut::with_capacity(length + host.map_or(0, <[u8]>::len));
    let mut copied = |value: &[u8]| {
        values.extend_from_slice(value);
        // What was a value is one.
        HeaderValue::from_maybe_shared(values.split().freeze()).ok()
    };
    let mut headers = HeaderMap::with_capacity(original.len() + ADDED);
    for (name, value) in original.iter().filter(|(name, _)| travels(name)) {
        if let Some(mut copied) = copied(value.as_bytes()) {
            copied.set_sensitive(value.is_sensitive());
            headers.append(name.clone(), copied);
        }
    }
    (headers, host.and_then(copied))
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(header::CONNECTION).into_iter();
    let tokens = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tokens
        .filter_map(|token| HeaderName::from_bytes(token.trim_ascii()).ok())
        .collect()
}

/// HTTP/2 may split `Cookie` into several; elsewhere there must be one (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let Entry::Occupied(mut cookies) = headers.entry(header::COOKIE) else {
        return;
    };
    if cookies.iter().count() > 1 {
        let pairs: Vec<&[u8]> = cookies.iter().map(HeaderValue::as_bytes).collect();
        if let Ok(mut joined) = HeaderValue::from_bytes(&pairs.join(&b"; "[..])) {
            joined.set_sensitive(true);
            cookies.insert(joined);
        }
    }
}

fn remove_all(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
