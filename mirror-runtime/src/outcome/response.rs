//! A shadow's answer.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// A shadow's answer to one copy, whatever its status.
///
/// Its `Debug` leaves the values of headers and the body out: a log is no place for them.
pub struct ShadowResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) truncated: bool,
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

    /// Whether the body was longer than the part that was kept.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
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
            .field("truncated", &self.truncated)
            .field("latency", &self.latency)
            .finish()
    }
}
