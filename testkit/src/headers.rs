//! What never travels.

/// What RFC 9110 section 7.6.1 keeps from travelling, what the client sets anew, the marker, and the
/// proof of it.
pub const NEVER_COPIED: [&str; 15] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
    "content-length",
    "expect",
    "x-mirrored-from",
    "mirror-signature",
];
