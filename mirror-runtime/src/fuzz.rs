//! The part of this crate that the fuzz targets use. It is there with `--cfg fuzzing` only.

use http::{HeaderMap, Uri, request::Parts};

use crate::{
    request::{HeaderRules, Original, join},
    target::Destination,
};

/// The URI that a copy of a request is sent to, if one can be sent; `None` for a target that is
/// none, too.
#[must_use]
pub fn joined(target: &str, original: &Uri) -> Option<Uri> {
    let destination = Destination::parse(target).ok()?;
    join(&destination, original).ok()
}

/// The headers of the copies of a request.
#[must_use]
pub fn copied_headers(parts: &Parts, strip_credentials: bool, preserve_host: bool) -> HeaderMap {
    let rules = HeaderRules {
        strip_credentials,
        preserve_host,
        ..HeaderRules::default()
    };
    // A request with more headers than there is room for has no copies.
    rules
        .apply(&mut Original::from_parts(parts))
        .unwrap_or_default()
}
