//! What `sticky` tells users apart by: the name of a header or of a cookie.

use std::fmt;

use http::HeaderName;

use crate::header::{is_comparable, is_header_name, parse_header_name};

/// Why users cannot be told apart by a header or a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StickyError {
    /// Not a token (RFC 9110 section 5.1).
    Header(String),
    /// A header that says nothing of the user.
    Useless(HeaderName, &'static str),
    /// Not a token (RFC 6265 section 4.1.1).
    Cookie(String),
}

impl fmt::Display for StickyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "invalid header name `{name}`"),
            Self::Useless(name, why) => write!(f, "`{name}` does not tell users apart: {why}"),
            Self::Cookie(name) => write!(f, "invalid cookie name `{name}`"),
        }
    }
}

impl std::error::Error for StickyError {}

const EACH_HAS_ANOTHER: &str = "each request has another";

const OF_THE_BODY: &str = "it is about the body of one request";

/// Headers that say nothing of the user, beside those of the connection.
const USELESS: &[(&str, &str)] = &[
    ("content-length", OF_THE_BODY),
    (
        "cookie",
        "it holds all cookies of a client, and changes with each",
    ),
    ("date", EACH_HAS_ANOTHER),
    ("expect", OF_THE_BODY),
    (
        "host",
        "it names the server, and requests over HTTP/2 have none",
    ),
    ("idempotency-key", EACH_HAS_ANOTHER),
    ("set-cookie", "it is a header of responses"),
    ("traceparent", EACH_HAS_ANOTHER),
    ("x-mirrored-from", "requests that have it are not copied"),
    ("x-request-id", EACH_HAS_ANOTHER),
];

const fn useless(name: &str) -> Option<&'static str> {
    let mut i = 0;
    while i < USELESS.len() {
        let (useless, why) = USELESS[i];
        if name.eq_ignore_ascii_case(useless) {
            return Some(why);
        }
        i += 1;
    }
    if is_header_name(name) && !is_comparable(name) {
        return Some("it is about one connection");
    }
    None
}

/// Whether users can be told apart by a header of this name, also if it is the value of a `const`.
#[must_use]
pub const fn is_sticky_header(name: &str) -> bool {
    is_header_name(name) && useless(name).is_none()
}

/// Whether a text is the name of a cookie (RFC 6265 section 4.1.1), also if it is the value of a
/// `const`.
#[must_use]
pub const fn is_cookie_name(name: &str) -> bool {
    // Both are tokens.
    is_header_name(name)
}

/// Parses the name of a header that tells users apart.
///
/// # Errors
///
/// [`StickyError`] if it is no name, or that of a header that says nothing of the user.
pub fn parse_sticky_header(name: &str) -> Result<HeaderName, StickyError> {
    let parsed = parse_header_name(name).map_err(|_| StickyError::Header(name.to_owned()))?;
    match useless(name) {
        Some(why) => Err(StickyError::Useless(parsed, why)),
        None => Ok(parsed),
    }
}

/// Checks the name of a cookie. Its case counts.
///
/// # Errors
///
/// [`StickyError::Cookie`].
pub fn check_cookie_name(name: &str) -> Result<&str, StickyError> {
    if is_cookie_name(name) {
        Ok(name)
    } else {
        Err(StickyError::Cookie(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_tells_users_apart_if_it_is_about_them() {
        for good in [
            "x-user-id",
            "X-User-Id",
            "authorization",
            "user-agent",
            "x-forwarded-for",
        ] {
            assert!(is_sticky_header(good), "{good}");
            assert_eq!(parse_sticky_header(good).unwrap(), *good.to_lowercase());
        }
        for bad in ["", "x user", "x-user:", "ü"] {
            assert!(!is_sticky_header(bad), "{bad}");
            let error = StickyError::Header(bad.to_owned());
            assert_eq!(parse_sticky_header(bad), Err(error));
        }
        let useless = USELESS.iter().map(|(name, _)| *name);
        for bad in useless.chain(["Host", "connection", "te", "proxy-authorization"]) {
            assert!(!is_sticky_header(bad), "{bad}");
            let error = parse_sticky_header(bad);
            assert!(matches!(error, Err(StickyError::Useless(..))), "{bad}");
        }
    }

    #[test]
    fn the_name_of_a_cookie_is_a_token() {
        for good in ["sid", "__Host-sid", "connect.sid", "PHPSESSID"] {
            assert_eq!(check_cookie_name(good), Ok(good));
        }
        for bad in ["", "sid=1", "a;b", "a b", "ü"] {
            assert_eq!(
                check_cookie_name(bad),
                Err(StickyError::Cookie(bad.to_owned()))
            );
        }
    }
}
