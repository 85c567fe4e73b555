//! The request and the responses of a fixture.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::{Deserialize, Serialize};

use super::content::Content;
use crate::comparison::{Redaction, Unredactable};

/// The header fields of a message, in order.
type Headers = Vec<(String, Content)>;

/// The request as it arrived at the primary.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecordedRequest {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: Headers,
    pub(super) body: Content,
    /// The replaced parts, like `header authorization`, `query token` and `body /password`.
    pub(super) redacted: Vec<String>,
}

/// A response.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecordedAnswer {
    pub(super) status: u16,
    pub(super) headers: Headers,
    /// Without its `Content-Encoding`; `null` if it is not known.
    pub(super) body: Option<Content>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) trailers: Headers,
    /// What was replaced in the body: JSON pointers.
    pub(super) redacted: Vec<String>,
    pub(super) latency_us: u64,
}

/// The headers as they are written, and the names of those in which something was replaced.
pub(super) fn written(headers: &HeaderMap, redaction: &Redaction<'_>) -> (Headers, Vec<String>) {
    let mut redacted = Vec::new();
    let write = |(name, value): (&HeaderName, &HeaderValue)| {
        let content = match redaction.header(name, value) {
            Some(text) => {
                redacted.push(name.as_str().to_owned());
                Content::text(text)
            }
            None => Content(value.as_bytes().to_vec()),
        };
        (name.as_str().to_owned(), content)
    };
    (headers.iter().map(write).collect(), redacted)
}

/// Headers that were written.
pub(super) fn read(headers: &Headers) -> Result<HeaderMap, String> {
    let mut read = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().map_err(|_| format!("no header: `{name}`"))?;
        let value = HeaderValue::from_bytes(&value.0)
            .map_err(|_| format!("no value of the header `{name}`"))?;
        read.try_append(name, value)
            .map_err(|_| "too many headers".to_owned())?;
    }
    Ok(read)
}

impl RecordedRequest {
    pub(super) fn of(
        method: &http::Method,
        target: &http::uri::PathAndQuery,
        headers: &HeaderMap,
        body: &[u8],
        redaction: &Redaction<'_>,
    ) -> Result<Self, Unredactable> {
        redaction.check_path(target.path())?;
        let query = target.query().and_then(|query| redaction.pairs(query));
        let (written, redacted_headers) = written(headers, redaction);
        let redacted_body = redaction.request_body(body, headers)?;
        let mut redacted = Vec::new();
        let mut note = |what: &str, places: Vec<String>| {
            redacted.extend(places.into_iter().map(|place| format!("{what} {place}")));
        };
        note("header", redacted_headers);
        let target = match query {
            Some(query) => {
                note("query", query.places);
                format!("{}?{}", target.path(), query.text)
            }
            None => target.as_str().to_owned(),
        };
        let body = match redacted_body {
            Some(body) => {
                note("body", body.places);
                Content::text(body.text)
            }
            None => Content(body.to_vec()),
        };
        Ok(Self {
            method: method.as_str().to_owned(),
            target,
            headers: written,
            body,
            redacted,
        })
    }

    /// The request, to be sent again.
    pub(super) fn request(&self) -> Result<http::Request<axum::body::Body>, String> {
        let mut headers = read(&self.headers)?;
        // Of the body as it is written. The rest is about a connection that is no more.
        if headers.remove(header::CONTENT_LENGTH).is_some()
            || headers.remove(header::TRANSFER_ENCODING).is_some()
        {
            headers.insert(header::CONTENT_LENGTH, self.body.0.len().into());
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
            .body(self.body.0.clone().into());
        let mut request = request.map_err(|error| error.to_string())?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}
