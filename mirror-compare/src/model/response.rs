//! A response at rest.

use std::{fmt, time::Duration};

use bytes::Bytes;
#[cfg(feature = "compare")]
use http::header;
use http::{HeaderMap, Method, StatusCode, Version};

/// A response, the primary's or a shadow's, with as much of its body as was kept in memory.
///
/// Its `Debug` leaves the values of headers and the body out: a log is no place for them.
#[derive(Clone)]
pub struct BufferedResponse {
    status: StatusCode,
    version: Option<Version>,
    headers: HeaderMap,
    body: Bytes,
    /// In a box: most responses have none.
    trailers: Option<Box<HeaderMap>>,
    ending: Ending,
    first_byte: Duration,
    latency: Duration,
    /// Whether the `Content-Encoding` is undone, whatever the headers say.
    is_decoded: bool,
}

/// How much of a body is there, and why not all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// All of it.
    Complete,
    /// The beginning: it is longer than the part that was kept.
    Truncated,
    /// The beginning: it broke off before its end, or came in so many small pieces that it was not
    /// read to its end.
    CutShort,
    /// The beginning: it had not ended when the time of its copy was over. An event stream, a long
    /// poll, a download.
    Streaming,
}

impl BufferedResponse {
    /// A complete response that took no time.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            version: None,
            headers,
            body: body.into(),
            trailers: None,
            ending: Ending::Complete,
            first_byte: Duration::ZERO,
            latency: Duration::ZERO,
            is_decoded: false,
        }
    }

    /// The same response, with trailer fields.
    #[must_use]
    pub fn with_trailers(mut self, trailers: impl Into<Box<HeaderMap>>) -> Self {
        self.trailers = Some(trailers.into());
        self
    }

    /// The same response, which came over a version of HTTP.
    #[must_use]
    pub fn with_version(mut self, version: Version) -> Self {
        self.version = Some(version);
        self
    }

    /// The same response, whose body ended like this.
    #[must_use]
    pub fn with_ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// The same response, whose head took so long.
    #[must_use]
    pub fn with_first_byte(mut self, first_byte: Duration) -> Self {
        self.first_byte = first_byte;
        self
    }

    /// The same response, which took so long.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The same response, whose body is no longer encoded, whatever its `Content-Encoding` says.
    #[must_use]
    pub fn already_decoded(mut self) -> Self {
        self.is_decoded = true;
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The version of HTTP over which it came; `None` if that is not known, as of the primary's
    /// response.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// The headers, as they were sent.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body, as far as it was kept. Callbacks get the first 64 KiB, encoded as
    /// `Content-Encoding` says. A function that compares gets all of it, decoded.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The trailer fields, such as `grpc-status`; `None` if there are none, or if it is not known
    /// whether there are any: the body is not complete, or an HTTP/1 server sent it.
    ///
    /// At most 100 fields and 64 KiB: a copy whose response has more has failed.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_deref()
    }

    /// How much of the body is there, and why not all of it.
    #[must_use]
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// Whether [`body`](Self::body) is all of the body.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.ending == Ending::Complete
    }

    /// Whether [`body`](Self::body) is only the beginning of the body, for whatever reason.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        !self.is_complete()
    }

    /// Whether the response had not ended when the time of its copy was over.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.ending == Ending::Streaming
    }

    /// The time to the head: from the moment the copy left. Zero if it was not measured, as of the
    /// primary's response.
    #[must_use]
    pub fn first_byte(&self) -> Duration {
        self.first_byte
    }

    /// The time to the last byte that was read: from the call of the handler, or from the moment
    /// the copy left. If the response that was compared was [streaming](Ending::Streaming), the
    /// time to its head.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.latency
    }
}

#[cfg(feature = "compare")]
impl BufferedResponse {
    pub(crate) fn is_decoded(&self) -> bool {
        self.is_decoded
    }

    /// The same response with its `Content-Encoding` undone.
    pub(crate) fn decoded(&self, body: Bytes) -> Self {
        let mut decoded = self.clone();
        if decoded.headers.remove(header::CONTENT_ENCODING).is_some() {
            decoded.headers.remove(header::CONTENT_LENGTH);
        }
        decoded.body = body;
        decoded
    }
}

impl fmt::Debug for BufferedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferedResponse")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .field("trailers", &self.trailers.as_ref().map(|all| all.len()))
            .field("ending", &self.ending)
            .field("first_byte", &self.first_byte)
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}

/// Whether there is no body, whatever the headers say of one (RFC 9110 section 6.4.1).
#[must_use]
pub fn is_bodiless(method: &Method, status: StatusCode) -> bool {
    method == Method::HEAD
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}
