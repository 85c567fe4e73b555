//! A request that is kept until its responses are compared, because a shadow may say back what is
//! secret of it, or until it is recorded with its response.

use std::fmt;
#[cfg(feature = "compare")]
use std::sync::OnceLock;

use bytes::Bytes;
#[cfg(feature = "compare")]
use http::HeaderName;
use http::{
    HeaderMap, HeaderValue, Uri, header,
    request::Parts,
    uri::{Authority, PathAndQuery},
};

#[cfg(feature = "compare")]
use mirror_compare::{Rules, redact::KnownSecrets};

use super::original_uri;
#[cfg(feature = "compare")]
use crate::body::CopyBody;
use crate::{body::copied, bounds::Reservation};

/// The head of a request as it arrived, and, if its copies are compared, their body.
pub(crate) struct KeptRequest {
    /// `None` if it has no path, such as `OPTIONS *`.
    pub(crate) target: Option<PathAndQuery>,
    pub(crate) headers: HeaderMap,
    /// It keeps its place in the byte budget.
    #[cfg(feature = "compare")]
    body: OnceLock<CopyBody>,
    /// Whether it has a body that will not be there.
    pub(crate) lacks_body: bool,
    place: Reservation,
}

/// Why a request is not there to be recorded.
#[cfg(feature = "record")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Its copies have no body, and it had one.
    Body,
    /// It has no path, such as `OPTIONS *`.
    Path,
}

impl KeptRequest {
    /// Keeps the head; `None` if there is no room for it in the byte budget. `lacks_body` is
    /// whether it has a body that will not come.
    pub(crate) fn from_parts(parts: &Parts, lacks_body: bool) -> Option<Self> {
        let target = original_uri(parts).path_and_query();
        let headers = parts.headers.iter();
        let size: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        let place = Reservation::new(size + target.map_or(0, |target| target.as_str().len()))?;
        // What was a path is one.
        let target = target.and_then(|target| {
            let bytes = Bytes::copy_from_slice(target.as_str().as_bytes());
            PathAndQuery::from_maybe_shared(bytes).ok()
        });
        Some(Self {
            target,
            headers: with_host(copied(&parts.headers), original_uri(parts)),
            #[cfg(feature = "compare")]
            body: OnceLock::new(),
            lacks_body,
            place,
        })
    }

    /// Why it cannot be recorded, if it cannot.
    #[cfg(feature = "record")]
    pub(crate) fn missing(&self) -> Option<Missing> {
        if self.lacks_body {
            Some(Missing::Body)
        } else {
            self.target.is_none().then_some(Missing::Path)
        }
    }

    /// Its place in the byte budget.
    pub(crate) fn into_place(self) -> Reservation {
        self.place
    }

    /// The secrets that were sent to a shadow. The body is searched only if that is of use.
    #[cfg(feature = "compare")]
    pub(crate) fn known(
        &self,
        rules: &Rules,
        set: &[(HeaderName, HeaderValue)],
        with_body: bool,
    ) -> KnownSecrets {
        let query = self.target.as_ref().and_then(PathAndQuery::query);
        let body = if with_body { self.body() } else { Bytes::new() };
        KnownSecrets::from_request(rules, set, query, &self.headers, &body)
    }

    /// Keeps the body.
    #[cfg(feature = "compare")]
    pub(crate) fn keep(&self, body: &CopyBody) {
        // It comes once.
        let _ = self.body.set(body.clone());
    }

    /// The body in one piece.
    #[cfg(feature = "compare")]
    pub(crate) fn body(&self) -> Bytes {
        self.body.get().map(CopyBody::to_bytes).unwrap_or_default()
    }
}

/// The host as a header, if it came in the URI: in HTTP/2, and from clients that take this for a
/// proxy.
fn with_host(mut headers: HeaderMap, uri: &Uri) -> HeaderMap {
    let authority = uri.authority().map(Authority::as_str);
    let host = authority.and_then(|authority| authority.rsplit('@').next());
    if let Some(host) = host.and_then(|host| HeaderValue::from_str(host).ok()) {
        // If there is no room for one more, it has none.
        if let Ok(entry) = headers.try_entry(header::HOST) {
            entry.or_insert(host);
        }
    }
    headers
}

#[cfg(feature = "record")]
impl Missing {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "its copies are sent without their body",
            Self::Path => "it has no path",
        }
    }
}

/// Nothing of the request: it is full of secrets.
impl fmt::Debug for KeptRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptRequest").finish_non_exhaustive()
    }
}
