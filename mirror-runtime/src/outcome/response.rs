//! A shadow's response.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// A shadow's response to one copy, whatever its status.
///
/// `Debug` omits the values of headers and the body, because they do not belong in a log.
pub struct ShadowResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// In a box: most responses have none.
    pub(crate) trailers: Option<Box<HeaderMap>>,
    pub(crate) truncated: bool,
    pub(crate) cut: bool,
    pub(crate) first_byte: Duration,
    pub(crate) latency: Duration,
}

impl ShadowResponse {
    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers, as they arrived.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The first 64 KiB of the body, still encoded as `Content-Encoding` says.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The trailer fields, such as `grpc-status`; `None` if there are none, or if the response was not read to its end.
    ///
    /// At most 100 fields and 64 KiB. A copy whose response has more fails.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_deref()
    }

    /// Whether the body is longer than the part that was kept.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Whether the response had not ended when the time of its copy was over: an event stream, a long poll, a download.
    /// Such a response is truncated as well.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The time from the moment the copy left to the head of the response.
    #[must_use]
    pub fn first_byte(&self) -> Duration {
        self.first_byte
    }

    /// The time from the moment the copy left to the last byte that was read.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.latency
    }
}

impl fmt::Debug for ShadowResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShadowResponse")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .field("trailers", &self.trailers.as_ref().map(|all| all.len()))
            .field("truncated", &self.truncated)
            .field("cut", &self.cut)
            .field("first_byte", &self.first_byte)
            .field("latency", &self.latency)
            .finish()
    }
}
