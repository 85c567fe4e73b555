//! Headers: what a name and a value may be (RFC 9110 section 5), and which of them a copy cannot be
//! given.

use std::fmt;

use http::header::{self, HeaderName, HeaderValue};

/// Headers about one connection, which no copy carries (RFC 9110 section 7.6.1).
static HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    // Of the offer of HTTP/2 over the same connection (RFC 7540 section 3.2.1).
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Why a copy cannot be given a header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// Not a token (RFC 9110 section 5.1).
    Name(String),
    /// A control character, or text outside ASCII (RFC 9110 section 5.5). The value may be a secret
    /// and is not kept.
    Value,
    /// About one connection (RFC 9110 section 7.6.1).
    HopByHop(HeaderName),
    /// Set by the HTTP client, from the body that it sends.
    Framing(HeaderName),
    /// `Expect`, which asks a server whether it wants the body (RFC 9110 section 10.1.1). A copy
    /// comes with its body.
    Expect,
    /// `Host`, which has an option of its own.
    Host,
    /// `X-Mirrored-From`, which keeps copies from being copied.
    Marker,
    /// `Mirror-Signature`, which proves who has sent a copy.
    Signature,
    /// Says nothing of the response as it is compared.
    Incomparable(HeaderName, &'static str),
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "invalid header name `{name}`"),
            Self::Value => {
                f.write_str("invalid header value: it must be visible ASCII, spaces and tabs")
            }
            Self::HopByHop(name) => {
                write!(
                    f,
                    "`{name}` is a hop-by-hop header: it is about one connection and never copied"
                )
            }
            Self::Framing(name) => write!(
                f,
                "`{name}` is set by the HTTP client, from the body of the copy"
            ),
            Self::Expect => {
                f.write_str("`expect` waits for `100 Continue`: a copy sends its body at once")
            }
            Self::Host => f.write_str(
                "`host` has an option of its own: `host = \"preserve\"` or `\"target\"`",
            ),
            Self::Marker => f.write_str("`x-mirrored-from` marks every copy and cannot be changed"),
            Self::Signature => f.write_str(
                "`mirror-signature` is made with the key of the mirror and cannot be changed",
            ),
            Self::Incomparable(name, why) => {
                write!(f, "`{name}` cannot be compared: {why}")
            }
        }
    }
}

impl std::error::Error for HeaderError {}

/// Headers that differ between two right responses, and why.
const INCOMPARABLE: &[(&str, &str)] = &[
    ("date", "it is the time at which each server responded"),
    ("connection", OF_THE_CONNECTION),
    ("http2-settings", OF_THE_CONNECTION),
    ("keep-alive", OF_THE_CONNECTION),
    ("proxy-authenticate", OF_THE_CONNECTION),
    ("proxy-authorization", OF_THE_CONNECTION),
    ("proxy-connection", OF_THE_CONNECTION),
    ("te", OF_THE_CONNECTION),
    ("trailer", OF_THE_CONNECTION),
    ("transfer-encoding", OF_THE_CONNECTION),
    ("upgrade", OF_THE_CONNECTION),
];

const OF_THE_CONNECTION: &str =
    "it is about one connection, and the shadow is connected in another way";

/// Headers that are set by the mirror and by the HTTP client, beside those of the connection.
const DECIDED: &[&str] = &[
    "content-length",
    "expect",
    "host",
    "mirror-signature",
    "x-mirrored-from",
];

/// Whether a text is the name of a header (RFC 9110 section 5.1), also if it is the value of a
/// `const`.
#[must_use]
pub const fn is_header_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let is_token = bytes[i].is_ascii_alphanumeric()
            || matches!(
                bytes[i],
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        if !is_token {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty()
}

/// Why a header cannot be compared, by its name in any case.
const fn incomparable(name: &str) -> Option<&'static str> {
    let mut i = 0;
    while i < INCOMPARABLE.len() {
        let (incomparable, why) = INCOMPARABLE[i];
        if name.eq_ignore_ascii_case(incomparable) {
            return Some(why);
        }
        i += 1;
    }
    None
}

/// Whether a text is the name of a header that can be compared, also if it is the value of a
/// `const`.
#[must_use]
pub const fn is_comparable(name: &str) -> bool {
    is_header_name(name) && incomparable(name).is_none()
}

/// Whether a text is the name of a header that a copy may be given, also if it is the value of a
/// `const`.
#[must_use]
pub const fn is_settable(name: &str) -> bool {
    let mut i = 0;
    while i < DECIDED.len() {
        if name.eq_ignore_ascii_case(DECIDED[i]) {
            return false;
        }
        i += 1;
    }
    // What cannot be compared beside those is about the connection.
    name.eq_ignore_ascii_case("date") && is_header_name(name) || is_comparable(name)
}

/// Checks that a header of a response says something that two right responses have in common.
///
/// # Errors
///
/// [`HeaderError::Incomparable`].
pub fn check_comparable(name: &HeaderName) -> Result<(), HeaderError> {
    match incomparable(name.as_str()) {
        Some(why) => Err(HeaderError::Incomparable(name.clone(), why)),
        None => Ok(()),
    }
}

/// Parses the name of a header; upper case is taken as lower case.
///
/// # Errors
///
/// [`HeaderError::Name`].
pub fn parse_header_name(name: &str) -> Result<HeaderName, HeaderError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| HeaderError::Name(name.to_owned()))
}

/// Parses the value of a header.
///
/// # Errors
///
/// [`HeaderError::Value`].
pub fn parse_header_value(value: &str) -> Result<HeaderValue, HeaderError> {
    // `from_bytes` takes text outside ASCII, which RFC 9110 section 5.5 calls obsolete.
    HeaderValue::from_bytes(value.as_bytes())
        .ok()
        .filter(|value| value.to_str().is_ok())
        .ok_or(HeaderError::Value)
}

/// Whether a header is about one connection and travels no further (RFC 9110 section 7.6.1).
#[must_use]
pub fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(name)
}

/// Checks that a copy may be given, or be denied, a header of this name.
///
/// # Errors
///
/// [`HeaderError`] for the headers that the mirror and the HTTP client decide about.
pub fn check_settable(name: &HeaderName) -> Result<(), HeaderError> {
    if is_hop_by_hop(name) {
        Err(HeaderError::HopByHop(name.clone()))
    } else if name == header::CONTENT_LENGTH {
        Err(HeaderError::Framing(name.clone()))
    } else if name == header::EXPECT {
        Err(HeaderError::Expect)
    } else if name == header::HOST {
        Err(HeaderError::Host)
    } else if name == "x-mirrored-from" {
        Err(HeaderError::Marker)
    } else if name == "mirror-signature" {
        Err(HeaderError::Signature)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_follow_rfc_9110() {
        assert_eq!(parse_header_name("X-Env").unwrap(), "x-env");
        for bad in ["", "x env", "x:env", "ü"] {
            assert_eq!(
                parse_header_name(bad),
                Err(HeaderError::Name(bad.to_owned()))
            );
        }
        assert_eq!(parse_header_value("a b\tc").unwrap(), "a b\tc");
        for bad in ["a\nb", "a\r\nb: c", "\0", "ü"] {
            assert_eq!(parse_header_value(bad), Err(HeaderError::Value), "{bad:?}");
        }
    }

    #[test]
    fn headers_of_the_connection_and_of_the_mirror_cannot_be_set() {
        for name in [
            "connection",
            "te",
            "trailer",
            "upgrade",
            "http2-settings",
            "keep-alive",
            "proxy-authorization",
            "transfer-encoding",
            "content-length",
            "expect",
            "host",
            "mirror-signature",
            "x-mirrored-from",
        ] {
            assert!(
                check_settable(&HeaderName::from_static(name)).is_err(),
                "{name}"
            );
        }
        assert!(check_settable(&HeaderName::from_static("x-env")).is_ok());
    }

    #[test]
    fn a_const_is_checked_like_any_other_name() {
        let names = HOP_BY_HOP.iter().map(HeaderName::as_str);
        for name in names
            .chain(DECIDED.iter().copied())
            .chain(["date", "x-env", "Etag"])
        {
            let parsed = parse_header_name(name).unwrap();
            assert_eq!(is_settable(name), check_settable(&parsed).is_ok(), "{name}");
            assert_eq!(
                is_comparable(name),
                check_comparable(&parsed).is_ok(),
                "{name}"
            );
        }
        for bad in ["", "x env", "x:env", "ü"] {
            assert!(!is_settable(bad) && !is_comparable(bad), "{bad}");
        }
    }

    #[test]
    fn what_differs_between_right_responses_is_not_compared() {
        for name in HOP_BY_HOP.iter().chain([&header::DATE]) {
            assert!(check_comparable(name).is_err(), "{name}");
        }
        // Of a response without a body, its length says something.
        for name in [
            "etag",
            "content-type",
            "content-length",
            "location",
            "x-request-id",
        ] {
            assert!(
                check_comparable(&HeaderName::from_static(name)).is_ok(),
                "{name}"
            );
        }
    }
}
