//! The parts of a request that only a handler of the same program gets, in addition to those of
//! every copy.

use axum::extract::OriginalUri;
use bytes::Bytes;
use http::{Extensions, HeaderMap, Request, Uri, Version, request::Parts};
use hyper::upgrade::OnUpgrade;

use crate::workers::caught;

/// A request as the primary sees it: the URI without the prefix that a router took off, and what
/// routers and layers have put into its extensions.
#[derive(Clone, Debug)]
pub(super) struct Within {
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    extensions: Extensions,
}

impl Within {
    /// Without its headers. `None` if a value of the extensions cannot be cloned: this is code of
    /// the user's, and runs while the primary waits.
    pub(super) fn from_parts(parts: &Parts) -> Option<Box<Self>> {
        let extensions = caught("extension", || parts.extensions.clone())?;
        Some(Box::new(Self {
            uri: parts.uri.clone(),
            version: parts.version,
            headers: HeaderMap::new(),
            extensions,
        }))
    }

    /// With headers, and all else in memory of its own.
    pub(super) fn finish(mut self: Box<Self>, headers: HeaderMap) -> Box<Self> {
        if let Some(OriginalUri(uri)) = self.extensions.remove() {
            self.extensions.insert(OriginalUri(whole(uri)));
        }
        // There is one connection, and it is the primary's.
        self.extensions.remove::<OnUpgrade>();
        self.uri = whole(self.uri);
        self.headers = headers;
        self
    }

    pub(super) fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    pub(super) fn fill<B>(self, request: &mut Request<B>) {
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers;
        *request.extensions_mut() = self.extensions;
    }
}

/// A URI in memory of its own, with the authority that it has in HTTP/2.
fn whole(uri: Uri) -> Uri {
    // What was a URI is one.
    Uri::from_maybe_shared(Bytes::from(uri.to_string())).unwrap_or(uri)
}
