//! The request for a shadow, made from the one that arrived.

mod change;
mod expectations;
mod headers;
mod kept;
mod local;
mod memory;
mod uri;

use std::sync::Arc;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header, request::Parts,
};
use smallvec::SmallVec;

use crate::{
    body::{CopyBody, FREE_HEAD, size_of, take_values},
    bounds::Reservation,
    outcome::{ShedReason, SkipReason},
    target::Recipient,
};

pub(crate) use change::{arrived_path, changed};
pub(crate) use expectations::{expects_continue, is_upgrade};
pub(crate) use headers::{HeaderRules, fit, has_any};
pub(crate) use kept::KeptRequest;
#[cfg(feature = "record")]
pub(crate) use kept::Missing;
use local::Within;
pub(crate) use memory::in_own_memory;
pub(crate) use uri::{Unjoinable, join, original_uri, with_original_uri};

/// Marks every copy, and holds the host that the original was for. A request that carries it is not
/// mirrored again.
pub(crate) const MIRRORED_FROM: HeaderName = HeaderName::from_static("x-mirrored-from");

/// Headers as they arrived. So many have room in the original itself, which is in a box while it
/// waits: together they take no more than the allocator hands out at once.
type Arrived = SmallVec<[(HeaderName, HeaderValue); 10]>;

/// The head of a request that is to be copied, as it arrived. Taking it is all that the primary
/// waits for.
#[derive(Debug)]
pub(crate) struct Original {
    method: Method,
    uri: Uri,
    version: Version,
    /// In a list, which takes no allocation of its own if they are few, while a map takes two: most
    /// of what is made of it is a map of others.
    headers: Arrived,
    within: Option<Box<Within>>,
}

impl Original {
    pub(crate) fn from_parts(parts: &Parts) -> Self {
        let mut original = Self::without_headers(parts);
        original.take_headers(parts);
        original
    }

    /// All but the headers, which are the larger part: whoever has a place for it
    /// [takes](Self::take_headers) them there.
    pub(crate) fn without_headers(parts: &Parts) -> Self {
        Self {
            method: parts.method.clone(),
            uri: original_uri(parts).clone(),
            version: parts.version,
            headers: Arrived::new(),
            within: None,
        }
    }

    pub(crate) fn take_headers(&mut self, parts: &Parts) {
        self.headers.reserve_exact(parts.headers.len());
        let all = parts.headers.iter();
        self.headers
            .extend(all.map(|(name, value)| (name.clone(), value.clone())));
    }

    /// Takes what only a handler of this program gets of the request, too.
    pub(crate) fn take_within(&mut self, parts: &Parts) {
        self.within = Within::from_parts(parts);
    }

    /// The common part of all its copies, except for their body. It is taken out of the original.
    ///
    /// A request may have more headers than there is room for with those that are added: then there
    /// are none.
    pub(crate) fn copy(&mut self, rules: &HeaderRules) -> Result<CommonRequest, SkipReason> {
        let place = place_of(&self.uri, &self.headers)?;
        let within = match self.within.take() {
            Some(within) => Some(within.finish(rules.apply_within(self)?)),
            None => None,
        };
        Ok(CommonRequest {
            within,
            // A `POST` without a body says so: many servers refuse one that does not (RFC 9110
            // section 8.6). So does what said so when it arrived.
            declares_length: headers::anticipates_body(&self.method)
                || !rules.without_body && headers::declare_body(&self.headers),
            headers: rules.apply(self)?,
            method: std::mem::take(&mut self.method),
            uri: std::mem::take(&mut self.uri),
            body: CopyBody::default(),
            place,
        })
    }
}

/// The place of a head that is large: of its target, and of names and values.
fn place_of(
    uri: &Uri,
    headers: &[(HeaderName, HeaderValue)],
) -> Result<Option<Arc<Reservation>>, ShedReason> {
    let target = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let size = target + size_of(headers.iter().map(|(name, value)| (name, value)));
    if size > FREE_HEAD {
        reserve(size).map(Some)
    } else {
        Ok(None)
    }
}

fn reserve(size: usize) -> Result<Arc<Reservation>, ShedReason> {
    let place = Reservation::new(size).ok_or(ShedReason::ByteBudget)?;
    Ok(Arc::new(place))
}

/// The common part of all copies of one request. Its body shares no memory with the connection of
/// the original, whose read buffers would live as long as a copy. Its head does, until it has to
/// [wait](in_own_memory).
#[derive(Debug)]
pub(crate) struct CommonRequest {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    declares_length: bool,
    body: CopyBody,
    /// The place of a head that is large.
    place: Option<Arc<Reservation>>,
    within: Option<Box<Within>>,
}

impl CommonRequest {
    /// Gives it a body, with the trailers that its options let travel.
    pub(crate) fn with_body(mut self, mut body: CopyBody, rules: &HeaderRules) -> Self {
        if let Some(trailers) = body.take_trailers() {
            body = body.with_trailers(Some(Arc::new(rules.apply_to_trailers(trailers))));
        }
        if body.is_empty() && self.declares_length {
            // The client sets no length for an empty body. If there is no room for it, it has to do
            // without.
            let none = HeaderValue::from_static("0");
            let _ = self.headers.try_insert(header::CONTENT_LENGTH, none);
        }
        headers::fit(&mut self.headers, !body.is_empty(), rules.signs);
        self.body = body;
        self
    }

    /// For a copy that will have to wait before it leaves.
    pub(crate) fn in_own_memory(mut self) -> Self {
        take_values(&mut self.headers);
        if let Some(within) = &mut self.within {
            take_values(within.headers_mut());
        }
        if let Some(path) = self.uri.path_and_query().cloned() {
            // Scheme and authority will be the target's.
            self.uri = Uri::from(path);
        }
        memory::take_path(&mut self.uri);
        self
    }

    pub(crate) fn body(&self) -> &CopyBody {
        &self.body
    }

    /// The places in the byte budget that the copy for the last target keeps until it ends.
    pub(crate) fn places(&self) -> [Option<Arc<Reservation>>; 2] {
        [self.place.clone(), self.body.reservation()]
    }

    /// The places of a copy for one of the other targets: bodies are shared, and headers are not if
    /// it has to wait.
    pub(crate) fn other_places(&self) -> Result<[Option<Arc<Reservation>>; 2], ShedReason> {
        let place = self.place.as_ref().map(|place| reserve(place.bytes()));
        Ok([place.transpose()?, self.body.reservation()])
    }

    /// The copy for one target.
    pub(crate) fn request_for(
        &self,
        recipient: Recipient<'_>,
    ) -> Result<Request<CopyBody>, Unjoinable> {
        let (headers, within) = match recipient {
            Recipient::Server(_) | Recipient::Via(_) | Recipient::Sink(_) => {
                (self.headers.clone(), None)
            }
            Recipient::Handler(_) => (HeaderMap::new(), self.within.clone()),
        };
        let copy = Self {
            method: self.method.clone(),
            uri: self.uri.clone(),
            headers,
            body: self.body.clone(),
            declares_length: self.declares_length,
            place: None,
            within,
        };
        copy.last_request_for(recipient)
    }

    /// The copy for the last target, which needs nothing of its own.
    pub(crate) fn last_request_for(
        self,
        recipient: Recipient<'_>,
    ) -> Result<Request<CopyBody>, Unjoinable> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        match recipient {
            Recipient::Server(destination) => {
                *request.uri_mut() = join(destination, &self.uri)?;
                *request.headers_mut() = self.headers;
            }
            Recipient::Via(_) => {
                // Where it goes is for the transport to know.
                let path = self.uri.path_and_query().cloned().ok_or(Unjoinable)?;
                *request.uri_mut() = Uri::from(path);
                *request.headers_mut() = self.headers;
            }
            Recipient::Handler(_) => self.within.ok_or(Unjoinable)?.fill(&mut request),
            // It is given no copies.
            Recipient::Sink(_) => return Err(Unjoinable),
        }
        Ok(request)
    }
}
