//! Comparing headers.

use http::{HeaderMap, HeaderName, header};

use super::{
    DifferenceKind,
    cut::{MAX_BYTES, prefix},
    found::Found,
    json::REDACTED,
    redaction::names::Names,
};

/// Headers that carry credentials. Their values are never shown.
pub(super) static CREDENTIALS: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
    HeaderName::from_static("x-api-key"),
];

/// Headers that say of what kind a body is, and nothing that is in it.
static OF_ANY_BODY: [HeaderName; 3] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
];

/// Adds the differences of the headers that must agree.
pub(super) fn headers(found: &mut Found<'_>, primary: &HeaderMap, shadow: &HeaderMap) {
    for name in &found.rules.compare_headers {
        let [one, other] = [primary, shadow].map(|headers| value(headers, name));
        if one != other {
            let names = Names::new(&found.rules.written().redact);
            let is_secret = CREDENTIALS.contains(name)
                || names.are(name.as_str())
                || found.secrecy.may_miss_some() && !OF_ANY_BODY.contains(name)
                || [primary, shadow]
                    .into_iter()
                    .flat_map(|headers| headers.get_all(name))
                    .any(http::HeaderValue::is_sensitive);
            let is_secret = |value: &[u8]| {
                is_secret
                    || found.secrecy.secrets.are_in_part_of(value)
                    || has_credential(value, &names)
            };
            let [one, other] =
                [one, other].map(|value| value.map(|value| shown(&value, is_secret(&value))));
            found.other(name.as_str(), DifferenceKind::Header, one, other);
        }
    }
}

/// The value of a header; that of several lines as that of one (RFC 9110 section 5.3).
fn value(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(AsRef::as_ref).collect();
    (!lines.is_empty()).then(|| lines.join(&b", "[..]))
}

/// Whether it is a URL in whose query, or fragment, there is a credential.
fn has_credential(value: &[u8], names: &Names) -> bool {
    let Some(at) = value.iter().position(|byte| b"?#".contains(byte)) else {
        return false;
    };
    let parameters = value[at + 1..].split(|byte| b"?#".contains(byte));
    parameters
        .flat_map(form_urlencoded::parse)
        .any(|(name, _)| names.are(&name))
}

fn shown(value: &[u8], is_secret: bool) -> String {
    if is_secret {
        REDACTED.to_owned()
    } else {
        // Longer than what is shown, so that it is seen to be cut.
        prefix(&String::from_utf8_lossy(value), MAX_BYTES + 1).to_owned()
    }
}
