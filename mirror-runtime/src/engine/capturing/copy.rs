//! A copy that was captured.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri};

/// A copy that a [`Capture`](crate::testing::Capture) took instead of its target.
///
/// It is the request that would have been sent, with its secrets, also in `Debug`. The `Host` of
/// the target and the framing, which the connection would add, are missing.
#[derive(Clone, Debug)]
pub struct CapturedCopy {
    pub(crate) mirror: String,
    pub(crate) target: String,
    pub(crate) request: Request<Bytes>,
}

impl CapturedCopy {
    /// The name of the mirror.
    #[must_use]
    pub fn mirror(&self) -> &str {
        &self.mirror
    }

    /// The name of the target: its URL or its environment variable, unless it was given another.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The method of the request that arrived.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.request.method()
    }

    /// The whole URI: scheme, host and base path of the target, and the path and query that
    /// arrived.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.request.uri()
    }

    /// The headers, including `X-Mirrored-From`.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        self.request.body()
    }

    /// The copy as a request, for a router that acts as the shadow.
    #[must_use]
    pub fn into_request(self) -> Request<Body> {
        self.request.map(Body::from)
    }
}
