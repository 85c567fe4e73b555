//! The request for a shadow, made from the one that arrived.

mod headers;
mod uri;

use std::sync::Arc;

use http::{
    HeaderMap, Method, Request, Uri, header, header::HeaderName, header::HeaderValue,
    request::Parts,
};

use crate::{
    body::{CopyBody, Reservation},
    outcome::ShedReason,
    target::Destination,
};

pub(crate) use headers::HeaderRules;
pub(crate) use uri::{Unjoinable, join, original_uri};

/// Marks every copy, and holds the host that the original was for. A request that carries it is not mirrored again.
pub(crate) const MIRRORED_FROM: HeaderName = HeaderName::from_static("x-mirrored-from");

/// What headers may take without a place in the byte budget. Nearly all do with less, and the bounds on copies in flight
/// bound it: 4 MiB for 1,024 copies.
const FREE_HEADERS: usize = 4 * 1024;

/// What all copies of one request have in common.
#[derive(Debug)]
pub(crate) struct Copy {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    declares_body: bool,
    body: CopyBody,
    /// The place of headers that are large.
    place: Option<Arc<Reservation>>,
}

impl Copy {
    /// The copies' head, to which a body can be added.
    pub(crate) fn new(parts: &Parts, rules: &HeaderRules) -> Result<Self, ShedReason> {
        let headers = rules.apply(parts);
        let size = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        let place = if size > FREE_HEADERS {
            Some(Arc::new(
                Reservation::of(size).ok_or(ShedReason::ByteBudget)?,
            ))
        } else {
            None
        };
        Ok(Self {
            method: parts.method.clone(),
            uri: original_uri(parts).clone(),
            headers,
            declares_body: !rules.without_body && headers::declare_body(&parts.headers),
            body: CopyBody::default(),
            place,
        })
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

    /// The places in the byte budget that each copy keeps until it ends.
    pub(crate) fn places(&self) -> [Option<Arc<Reservation>>; 2] {
        [self.place.clone(), self.body.reservation()]
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
