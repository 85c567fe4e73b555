//! The request for a shadow, made from the one that arrived.

mod headers;
mod uri;

use http::{
    HeaderMap, Method, Request, Uri, header, header::HeaderName, header::HeaderValue,
    request::Parts,
};

use crate::{body::CopyBody, target::Destination};

pub(crate) use headers::HeaderRules;
pub(crate) use uri::{Unjoinable, join, original_uri};

/// Marks every copy, and holds the host that the original was for. A request that carries it is not mirrored again.
pub(crate) const MIRRORED_FROM: HeaderName = HeaderName::from_static("x-mirrored-from");

/// What all copies of one request have in common.
#[derive(Debug)]
pub(crate) struct Copy {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    declares_body: bool,
    body: CopyBody,
}

impl Copy {
    /// The copies' head, to which a body can be added.
    pub(crate) fn new(parts: &Parts, rules: &HeaderRules) -> Self {
        Self {
            method: parts.method.clone(),
            uri: original_uri(parts).clone(),
            headers: rules.apply(parts),
            declares_body: !rules.without_body && headers::declare_body(&parts.headers),
            body: CopyBody::default(),
        }
    }

    pub(crate) fn with_body(mut self, body: CopyBody) -> Self {
        if body.is_empty() && self.declares_body {
            // The client sets no length for an empty body, and a `POST` without one is refused by some servers
            // (RFC 9110 section 8.6).
            self.headers
                .insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        self.body = body;
        self
    }

    pub(crate) fn body(&self) -> &CopyBody {
        &self.body
    }

    /// The copy for one target.
    pub(crate) fn request_for(
        &self,
        destination: &Destination,
    ) -> Result<Request<CopyBody>, Unjoinable> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = join(destination, &self.uri)?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }
}
