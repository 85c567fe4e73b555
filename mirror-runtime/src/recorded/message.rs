//! A request and a response, without their secrets.

use std::fmt;

use bytes::Bytes;
#[cfg(feature = "record")]
use http::header;
use http::{HeaderMap, HeaderName, HeaderValue, uri::PathAndQuery};
use mirror_compare::{
    BufferedResponse,
    redact::{REDACTED, Redaction, Searched, Unredactable},
};
use serde::{Deserialize, Serialize};

use super::{
    content::Content,
    field::{Field, Headers},
};

/// The entry of `redacted` if a part of the path is replaced.
const PATH: &str = "path";

/// A request at rest, as it arrived at the primary, without its secrets: fixtures keep it, and
/// sinks are given it.
///
/// Secrets are what the mirror's `redact` names and what is known to be one: credentials in
/// headers, parameters and fields that are named like one, the values of the mirror's `set_header`.
/// Each is replaced, wherever it stands, and [`redacted`](Self::redacted) says where. Sinks are given
/// a keyed hash of it, `[redacted:a1b2c3d4e5f60718]`: the same for the same secret, in all processes
/// with the same [`Key`](crate::Key). Fixtures have `[redacted]`.
///
/// It is serialized as an object; bytes are a text if they are UTF-8, and else `{ "base64": ".."
/// }`:
///
/// ```json
/// {
///   "method": "GET",
///   "target": "/orders/7?full=1",
///   "headers": [["host", "shop.example"], ["authorization", "[redacted:a1b2c3d4e5f60718]"]],
///   "body": "",
///   "redacted": ["header authorization"]
/// }
/// ```
///
/// `body` is `null` if it is withheld, and there are `trailers`, as `headers`, if the request had
/// some.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRequest {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Headers,
    /// `None` if it is not known, or if it may hold secrets that cannot be located.
    pub(crate) body: Option<Content>,
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub(crate) trailers: Headers,
    /// The parts of it that were replaced, like `header authorization`, `query token` and
    /// `body /password`.
    pub(crate) redacted: Vec<String>,
}

/// A response at rest, without its secrets: fixtures keep it, and sinks are given that of the
/// primary.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedResponse {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    /// `None` if it is not known, or if it may hold secrets that cannot be located.
    pub(crate) body: Option<Content>,
    #[serde(default, skip_serializing_if = "Headers::is_empty")]
    pub(crate) trailers: Headers,
    /// JSON pointers to the values that were replaced in the body.
    pub(crate) redacted: Vec<String>,
    pub(crate) latency_us: u64,
}

/// A request that is to be recorded.
pub(crate) struct Parts<'a> {
    pub(crate) method: &'a http::Method,
    pub(crate) target: &'a PathAndQuery,
    pub(crate) headers: &'a HeaderMap,
    /// `None` if it is not known.
    pub(crate) body: Option<Bytes>,
    /// What is known of it.
    pub(crate) searched: Searched,
    pub(crate) trailers: Option<&'a HeaderMap>,
}

/// The headers as they are written, and the names of those in which something was replaced.
fn written(headers: &HeaderMap, redaction: &Redaction<'_>) -> (Headers, Vec<String>) {
    let mut redacted = Vec::new();
    let write = |(name, value): (&HeaderName, &HeaderValue)| match redaction.header(name, value) {
        Some(text) => {
            redacted.push(name.as_str().to_owned());
            Field::with_text(name, text)
        }
        None => Field::as_it_arrived(name, value),
    };
    (headers.iter().map(write).collect(), redacted)
}

/// Headers that were written.
#[cfg(feature = "record")]
pub(crate) fn read(headers: &Headers) -> Result<HeaderMap, String> {
    let mut read = HeaderMap::new();
    for field in headers.iter() {
        let (name, value) = field.read()?;
        read.try_append(name, value)
            .map_err(|_| "too many headers".to_owned())?;
    }
    Ok(read)
}

fn pairs(headers: &Headers) -> impl Iterator<Item = (&str, &[u8])> {
    let fields = headers.iter();
    fields.map(|field| (field.name(), field.value()))
}

impl RecordedRequest {
    /// The request without its secrets. A body in which they cannot be located is left out.
    pub(crate) fn new(parts: Parts<'_>, redaction: &Redaction<'_>) -> Self {
        let (headers, redacted_headers) = written(parts.headers, redaction);
        let trailers = parts.trailers.map(|trailers| written(trailers, redaction));
        let (trailers, redacted_trailers) = trailers.unwrap_or_default();
        let mut redacted = Vec::new();
        let mut note = |what: &str, places: Vec<String>| {
            redacted.extend(places.into_iter().map(|place| format!("{what} {place}")));
        };
        note("header", redacted_headers);
        note("trailer", redacted_trailers);
        let query = parts.target.query();
        let query = query.and_then(|query| redaction.pairs(query));
        let query = query.map(|redacted| {
            note("query", redacted.places);
            redacted.text
        });
        let body = parts.body.and_then(|body| {
            match redaction.request_body(&body, parts.headers, parts.searched) {
                Ok(Some(redacted)) => {
                    note("body", redacted.places);
                    Some(Content::text(redacted.text))
                }
                Ok(None) => Some(Content(body)),
                Err(Unredactable) => None,
            }
        });
        let path = path(parts.target.path(), redaction);
        if path.is_some() {
            redacted.push(PATH.to_owned());
        }
        Self {
            method: parts.method.as_str().to_owned(),
            target: target(parts.target, path.as_deref(), query.as_deref()),
            headers,
            body,
            trailers,
            redacted,
        }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Path and query as they arrived, also in nested routers. Segments of the path that are secret
    /// are `[redacted]`.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The header fields, names in lower case; those of one name in the order in which they
    /// arrived. `Host` is among them also if the request came over HTTP/2, which has none.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        pairs(&self.headers)
    }

    /// The body; `None` if it is withheld: it may hold secrets that cannot be located, as a body
    /// with a `Content-Encoding`, or the copies of its mirror have none (`copy_body(false)`).
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_ref().map(|body| body.0.as_ref())
    }

    /// The trailer fields, if there were some.
    pub fn trailers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        pairs(&self.trailers)
    }

    /// The parts that were replaced: `path`, and `header authorization`, `query token` or
    /// `body /password`, with the name of the header field or parameter, or the JSON pointer to the
    /// value.
    #[must_use]
    pub fn redacted(&self) -> &[String] {
        &self.redacted
    }

    /// Whether it can be sent again: its body is there, and nothing of its path was replaced.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.body.is_some() && self.redacted.iter().all(|place| place != PATH)
    }

    /// The request, to be sent again.
    #[cfg(feature = "record")]
    pub(crate) fn request(&self) -> Result<http::Request<axum::body::Body>, String> {
        let body = self.body.as_ref().ok_or("its body is not there")?;
        let mut headers = read(&self.headers)?;
        // Of the body as it is written. The rest is about a connection that is no more.
        if headers.remove(header::CONTENT_LENGTH).is_some()
            || headers.remove(header::TRANSFER_ENCODING).is_some()
        {
            headers.insert(header::CONTENT_LENGTH, body.0.len().into());
        }
        for name in [
            header::TRANSFER_ENCODING,
            header::EXPECT,
            header::CONNECTION,
        ] {
            headers.remove(name);
        }
        let mark = HeaderValue::from_static("replay");
        headers.insert(crate::request::MIRRORED_FROM, mark);
        let request = http::Request::builder()
            .method(&*self.method)
            .uri(&*self.target)
            .body(body.0.clone().into());
        let mut request = request.map_err(|error| error.to_string())?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// Path and query, with these in place of what they were.
fn target(arrived: &PathAndQuery, path: Option<&str>, query: Option<&str>) -> String {
    if path.is_none() && query.is_none() {
        return arrived.as_str().to_owned();
    }
    let path = path.unwrap_or(arrived.path());
    match query.or(arrived.query()) {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

/// The path without its secrets; `None` if there are none.
fn path(path: &str, redaction: &Redaction<'_>) -> Option<String> {
    if redaction.check_path(path).is_ok() {
        return None;
    }
    let segments = path
        .split('/')
        .map(|segment| match redaction.check_path(segment) {
            Ok(()) => segment,
            Err(Unredactable) => REDACTED,
        });
    let segments: Vec<_> = segments.collect();
    let shown = segments.join("/");
    if redaction.check_path(&shown).is_ok() {
        Some(shown)
    } else {
        Some(format!("/{REDACTED}"))
    }
}

impl RecordedResponse {
    /// The response as it is written, with this body, which is not encoded, if it is known; and the
    /// names of the header and trailer fields in which something was replaced.
    pub(crate) fn new(
        response: &BufferedResponse,
        body: Option<Bytes>,
        searched: Searched,
        redaction: &Redaction<'_>,
    ) -> Result<(Self, Vec<String>), Unredactable> {
        let redacted = body
            .as_ref()
            .map(|body| redaction.response_body(body, response.headers(), searched))
            .transpose()?
            .flatten();
        let (body, places) = match redacted {
            Some(redacted) => (Some(Content::text(redacted.text)), redacted.places),
            None => (body.map(Content), Vec::new()),
        };
        let (headers, mut redacted_headers) = written(response.headers(), redaction);
        let trailers = response.trailers();
        let trailers = trailers.map(|trailers| written(trailers, redaction));
        let (trailers, redacted_trailers) = trailers.unwrap_or_default();
        redacted_headers.extend(redacted_trailers);
        let recorded = Self {
            status: response.status().as_u16(),
            headers,
            body,
            trailers,
            redacted: places,
            latency_us: u64::try_from(response.latency().as_micros()).unwrap_or(u64::MAX),
        };
        Ok((recorded, redacted_headers))
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The header fields, names in lower case. What a server adds, such as `Date` and the framing,
    /// is not among them.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        pairs(&self.headers)
    }

    /// The body, as far as it went to the client; `None` if it is withheld: it is larger than the
    /// mirror's `max_body`, or it may hold secrets that cannot be located, as one with a
    /// `Content-Encoding`.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_ref().map(|body| body.0.as_ref())
    }

    /// The trailer fields, if there were some.
    pub fn trailers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        pairs(&self.trailers)
    }

    /// JSON pointers to the values that were replaced in the body.
    #[must_use]
    pub fn redacted(&self) -> &[String] {
        &self.redacted
    }
}

/// How much there is, and nothing of it.
impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedRequest")
            .field("method", &self.method)
            .field("headers", &self.headers.len())
            .field("body", &self.body().map(<[u8]>::len))
            .field("redacted", &self.redacted)
            .finish_non_exhaustive()
    }
}

/// How much there is, and nothing of it.
impl fmt::Debug for RecordedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedResponse")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body().map(<[u8]>::len))
            .field("redacted", &self.redacted)
            .finish_non_exhaustive()
    }
}
