//! What the fuzz targets reach of this crate. It is there with `--cfg fuzzing` only.

use http::{HeaderMap, Uri, request::Parts};
use url::Url;

use crate::{
    copy::{HeaderRules, join},
    target::Destination,
    transport,
};

/// The URL that a copy of a request is sent to, where one can be sent.
#[must_use]
pub fn exact_url(target: &str, original: &Uri) -> Option<Url> {
    let destination = Destination::parse(target).ok()?;
    let joined = join(&destination, original).ok()?;
    transport::exact_url(&joined).ok()
}

/// The headers of the copies of a request.
#[must_use]
pub fn copied_headers(parts: &Parts, strip_credentials: bool, preserve_host: bool) -> HeaderMap {
    let rules = HeaderRules {
        strip_credentials,
        preserve_host,
        ..HeaderRules::default()
    };
    rules.apply(parts)
}
