//! Memory of a copy's own, for when it has to wait, and of the headers of responses that are kept.
//!
//! The path and the header values that arrived are slices of the read buffer of the primary's
//! connection, of 8 to 400 KiB, which lives as long as one of them. A copy that leaves at once is
//! written before its request is answered or shortly after, and needs nothing of them any more; one
//! that waits for a connection, or for who knows what, must not hold them.

use bytes::Bytes;
use http::{Request, Uri, uri::PathAndQuery};

use crate::body::take_values;

/// Gives the head of a copy memory of its own.
pub(crate) fn in_own_memory<B>(copy: &mut Request<B>) {
    take_values(copy.headers_mut());
    take_path(copy.uri_mut());
}

/// Copies a path and its query. Scheme and authority are those of a target.
pub(super) fn take_path(uri: &mut Uri) {
    let mut parts = uri.clone().into_parts();
    let path = parts.path_and_query.take().map(|path| {
        let bytes = Bytes::copy_from_slice(path.as_str().as_bytes());
        PathAndQuery::from_maybe_shared(bytes)
    });
    // What was a path is one, and goes with what it went with.
    if let Some(Ok(path)) = path {
        parts.path_and_query = Some(path);
        if let Ok(own) = Uri::from_parts(parts) {
            *uri = own;
        }
    }
}
