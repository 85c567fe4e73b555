//! What never travels.

/// What RFC 9110 section 7.6.1 keeps from travelling, what the client sets anew, and the marker.
pub const NEVER_COPIED: [&str; 14] = [
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
];
