//! An answer that is compared.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

/// The primary's answer or a shadow's, as it is compared.
///
/// Its `Debug` leaves the values of headers and the body out: a log is no place for them.
#[derive(Clone)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    trailers: Option<HeaderMap>,
    ending: Ending,
    latency: Duration,
    /// Whether the `Content-Encoding` is undone, whatever the headers say.
    is_decoded: bool,
}

/// What is known of the end of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Complete,
    Truncated,
    CutShort,
    Streaming,
}

impl Answer {
    /// A complete answer that took no time.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers,
            body: body.into(),
            trailers: None,
            ending: Ending::Complete,
            latency: Duration::ZERO,
            is_decoded: false,
        }
    }

    /// The same answer, after so much time.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The same answer, with trailer fields.
    #[must_use]
    pub fn with_trailers(mut self, trailers: HeaderMap) -> Self {
        self.trailers = Some(trailers);
        self
    }

    /// The same answer, whose body was longer than the part that was kept.
    #[must_use]
    pub fn truncated(mut self) -> Self {
        self.ending = Ending::Truncated;
        self
    }

    /// The same answer, whose body broke off before its end.
    #[must_use]
    pub fn cut_short(mut self) -> Self {
        self.ending = Ending::CutShort;
        self
    }

    /// The same answer, which had not ended when the time of its copy was over.
    #[must_use]
    pub fn streaming(mut self) -> Self {
        self.ending = Ending::Streaming;
        self
    }

    /// The same answer, whose body is no longer encoded in the way that its headers say.
    #[must_use]
    pub fn already_decoded(mut self) -> Self {
        self.is_decoded = true;
        self
    }

    pub(crate) fn is_decoded(&self) -> bool {
        self.is_decoded
    }

    /// The same answer with its `Content-Encoding` undone.
    pub(crate) fn decoded(&self, body: Bytes) -> Self {
        let mut decoded = self.clone();
        if decoded.headers.remove(header::CONTENT_ENCODING).is_some() {
            decoded.headers.remove(header::CONTENT_LENGTH);
        }
        decoded.body = body;
        decoded
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers, as they were sent.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body. A function that compares gets it with its `Content-Encoding` undone.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The trailer fields, such as `grpc-status`; `None` if there are none, or if it is not known whether there are any: of
    /// a body that is not whole, and of a server that speaks HTTP/1.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_ref()
    }

    /// Whether this is the whole body: it was neither truncated nor cut short, nor did it stream on.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.ending == Ending::Complete
    }

    /// Whether the body was longer than the part that was kept.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.ending == Ending::Truncated
    }

    /// Whether the body had not ended when the time of its copy was over.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.ending == Ending::Streaming
    }

    /// Whether the body broke off before its end.
    #[must_use]
    pub fn is_cut_short(&self) -> bool {
        self.ending == Ending::CutShort
    }

    /// The time to the last byte of the body: from the call of the handler, or from the moment the copy left. Of a
    /// response that streamed on, the time to its head.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.latency
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .field("trailers", &self.trailers.as_ref().map(HeaderMap::len))
            .field("ending", &self.ending)
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}
