//! Comparing headers.

use http::{HeaderMap, HeaderName, header};

use super::{
    DifferenceKind,
    cut::{MAX_BYTES, prefix},
    found::Found,
    json::REDACTED,
};

/// Headers that carry credentials. Their values are never shown.
pub(super) static CREDENTIALS: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
    HeaderName::from_static("x-api-key"),
];

/// Adds the differences of the headers that must agree.
pub(super) fn headers(found: &mut Found<'_>, primary: &HeaderMap, shadow: &HeaderMap) {
    for name in &found.rules.compare_headers {
        let [one, other] = [primary, shadow].map(|headers| value(headers, name));
        if one != other {
            let is_secret = CREDENTIALS.contains(name)
                || [primary, shadow]
                    .into_iter()
                    .flat_map(|headers| headers.get_all(name))
                    .any(http::HeaderValue::is_sensitive);
            let [one, other] =
                [one, other].map(|value| value.map(|value| shown(&value, is_secret)));
            found.other(name.as_str(), DifferenceKind::Header, one, other);
        }
    }
}

/// The value of a header; that of several lines as that of one (RFC 9110 section 5.3).
fn value(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(AsRef::as_ref).collect();
    (!lines.is_empty()).then(|| lines.join(&b", "[..]))
}

fn shown(value: &[u8], is_secret: bool) -> String {
    if is_secret {
        REDACTED.to_owned()
    } else {
        // Longer than what is shown, so that it is seen to be cut.
        prefix(&String::from_utf8_lossy(value), MAX_BYTES + 1).to_owned()
    }
}
