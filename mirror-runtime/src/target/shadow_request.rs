//! A copy as `map_request` changes it.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, header, uri::PathAndQuery};

/// Changes copies before they leave.
pub(crate) type MapRequest = Arc<dyn Fn(&mut ShadowRequest) + Send + Sync>;

/// Headers that say what the bytes of a body are (RFC 9530, and RFC 1864 and RFC 3230 before it).
pub(crate) const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

/// The copy of a request for one target, as `map_request` changes it before it leaves.
///
/// It has no scheme and no authority: a copy goes to its target, whatever a function does to it. The
/// path is the one that arrived, without the base path of the target. Headers that the mirror
/// decides about are as they were afterwards: those of the connection, `Host`, `Content-Length`,
/// `Expect`, `X-Mirrored-From` and `Mirror-Signature`.
///
/// ```
/// use axum::body::Bytes;
/// use http::Request;
/// use mirror_runtime::ShadowRequest;
///
/// fn without_token(copy: &mut ShadowRequest) {
///     copy.headers_mut().remove("x-session");
///     if copy.query().is_some() {
///         copy.set_path_and_query(copy.path().parse().unwrap());
///     }
/// }
///
/// let arrived = Request::get("/users?token=s3cret").header("x-session", "s3cret");
/// let mut copy = ShadowRequest::new("users", "staging", arrived.body(Bytes::new()).unwrap());
/// without_token(&mut copy);
/// assert_eq!(copy.path_and_query(), "/users");
/// assert!(copy.headers().is_empty());
/// ```
pub struct ShadowRequest {
    mirror: Box<str>,
    target: Box<str>,
    method: Method,
    path_and_query: PathAndQuery,
    headers: HeaderMap,
    trailers: HeaderMap,
    body: Bytes,
    is_body_set: bool,
}

impl ShadowRequest {
    /// The copy of a request, for tests of a function that changes copies. Of the URI, the path and
    /// the query count.
    pub fn new(
        mirror: impl Into<String>,
        target: impl Into<String>,
        request: Request<Bytes>,
    ) -> Self {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().cloned();
        Self {
            mirror: mirror.into().into(),
            target: target.into().into(),
            method: parts.method,
            path_and_query: path.unwrap_or_else(|| PathAndQuery::from_static("/")),
            headers: parts.headers,
            trailers: HeaderMap::new(),
            body,
            is_body_set: false,
        }
    }

    pub(crate) fn with_trailers(self, trailers: HeaderMap) -> Self {
        Self { trailers, ..self }
    }

    /// The name of the mirror.
    #[must_use]
    pub fn mirror(&self) -> &str {
        &self.mirror
    }

    /// The name of the target.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The method, to be changed. A copy with `CONNECT` does not leave.
    pub fn method_mut(&mut self) -> &mut Method {
        &mut self.method
    }

    /// The path, without the base path of the target. Of a handler that is a target, it is what a
    /// router around it has left of the path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path_and_query.path()
    }

    /// The query, without its `?`.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.path_and_query.query()
    }

    /// The path with the query.
    #[must_use]
    pub fn path_and_query(&self) -> &PathAndQuery {
        &self.path_and_query
    }

    /// Sets the path and the query. A copy whose path does not begin with `/`, or leaves the base
    /// path of the target, does not leave.
    pub fn set_path_and_query(&mut self, path_and_query: PathAndQuery) {
        self.path_and_query = path_and_query;
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The headers, to be changed.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The trailers, to be changed. Those that a copy cannot have are left out afterwards.
    pub fn trailers_mut(&mut self) -> &mut HeaderMap {
        &mut self.trailers
    }

    /// The body, with `mask` applied. `None` if there is none.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        Some(&self.body).filter(|body| !body.is_empty())
    }

    /// Sets the body. `Content-Length` follows it. Headers and trailers that are digests of the
    /// bytes (`Content-Digest`, `Repr-Digest`, `Digest` and `Content-MD5`) are removed: they would
    /// be wrong, and tell of the bytes that were there. A copy with a body larger than `max_body`
    /// does not leave.
    pub fn set_body(&mut self, body: impl Into<Bytes>) {
        self.body = body.into();
        self.is_body_set = true;
        for name in &DIGESTS {
            self.headers.remove(name);
            self.trailers.remove(name);
        }
        if self.body.is_empty() {
            self.headers.remove(header::CONTENT_ENCODING);
        }
    }

    pub(crate) fn into_parts(self) -> Changed {
        Changed {
            method: self.method,
            path_and_query: self.path_and_query,
            headers: self.headers,
            trailers: self.trailers,
            body: self.is_body_set.then_some(self.body),
        }
    }
}

/// A copy as it was changed.
pub(crate) struct Changed {
    pub(crate) method: Method,
    pub(crate) path_and_query: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) trailers: HeaderMap,
    /// If it was set.
    pub(crate) body: Option<Bytes>,
}

/// How much there is, and no values: they may be secrets.
impl fmt::Debug for ShadowRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().collect();
        f.debug_struct("ShadowRequest")
            .field("mirror", &self.mirror)
            .field("target", &self.target)
            .field("method", &self.method)
            .field("headers", &names)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}
