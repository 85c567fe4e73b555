//! A copy that was captured.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri};

/// A copy that a [`Capture`](crate::testing::Capture) took instead of its target.
///
/// It is the request that would have been sent, secrets included, also in its `Debug`. What the connection would have
/// added is not in it: the `Host` of the target and the framing.
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

    /// The name of the target: its URL or its environment variable, where it was given no other.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The method of the request that arrived.
    #[must_use]
    pub fn method(&self) -> &Method {
        self.request.method()
    }

    /// All of the URI: scheme, host and base path of the target, and the path and query that arrived.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        self.request.uri()
    }

    /// The headers, `X-Mirrored-From` among them.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        self.request.body()
    }

    /// The copy as a request, for a router that plays the shadow.
    #[must_use]
    pub fn into_request(self) -> Request<Body> {
        self.request.map(Body::from)
    }
}
