//! Comparing headers and trailer fields.

use http::{HeaderMap, HeaderName, header};

use crate::{
    engine::found::Found,
    model::{BufferedResponse, DifferenceKind, MAX_BYTES, Shapes, prefix},
    redact::{CREDENTIALS, GRPC_STATUS, Names, REDACTED, says_nothing},
};

/// Headers that say of what kind a body is, and nothing that is in it.
static OF_ANY_BODY: [HeaderName; 3] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
];

/// The outcome of a gRPC call. It is in the trailers, or in the headers if there is nothing else in
/// a response.
static GRPC: [HeaderName; 3] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
];

/// Adds the differences of the headers and trailer fields that must agree.
pub(crate) fn fields(found: &mut Found<'_>, primary: &BufferedResponse, shadow: &BufferedResponse) {
    let rules = found.rules;
    for name in rules
        .compare_headers
        .iter()
        .filter(|name| !GRPC.contains(name))
    {
        let of = |response: &BufferedResponse| value(response.headers(), name);
        field(found, DifferenceKind::Header, name, [primary, shadow], of);
    }
    // Those of a body that is not whole are not known.
    if !primary.is_complete() || !shadow.is_complete() {
        return;
    }
    let names = rules.compare_headers.iter();
    let listed = names.filter(|name| **name != GRPC_STATUS);
    for name in std::iter::once(&GRPC_STATUS).chain(listed) {
        let is_grpc = GRPC.contains(name);
        // A server that speaks HTTP/1 leaves trailers out that it was not asked for, as a copy
        // never does.
        if is_grpc || shadow.trailers().is_some() {
            let of = |response: &BufferedResponse| {
                let trailer = response
                    .trailers()
                    .and_then(|trailers| value(trailers, name));
                let header = || value(response.headers(), name).filter(|_| is_grpc);
                trailer.or_else(header)
            };
            field(found, DifferenceKind::Trailer, name, [primary, shadow], of);
        }
    }
}

/// Adds the difference of one field, if there is one.
fn field(
    found: &mut Found<'_>,
    kind: DifferenceKind,
    name: &HeaderName,
    responses: [&BufferedResponse; 2],
    value: impl Fn(&BufferedResponse) -> Option<Vec<u8>>,
) {
    let [one, other] = responses.map(value);
    if one == other {
        return;
    }
    let names = Names::new(&found.rules.written().redact);
    let is_secret = CREDENTIALS.contains(name)
        || names.are(name.as_str())
        || found.secrecy.may_miss_some() && !OF_ANY_BODY.contains(name)
        || responses
            .into_iter()
            .any(|response| is_sensitive(response, name));
    let is_secret = |value: &[u8]| {
        !says_nothing(name, value)
            && (is_secret
                || found.secrecy.secrets.are_in_part_of(value)
                || has_credential(value, &names))
    };
    let shapes = || {
        let all_secret = [&one, &other]
            .into_iter()
            .flatten()
            .any(|value| is_secret(value));
        let [one, other] =
            [&one, &other].map(|value| Some(String::from_utf8_lossy(value.as_ref()?)));
        Shapes::of_texts(one.as_deref(), other.as_deref(), all_secret)
    };
    let [shown_one, shown_other] =
        [&one, &other].map(|value| value.as_ref().map(|value| shown(value, is_secret(value))));
    let shapes = shapes();
    found.other(name.as_str(), kind, shown_one, shown_other, || shapes);
}

fn is_sensitive(response: &BufferedResponse, name: &HeaderName) -> bool {
    let trailers = response.trailers().into_iter();
    let all = trailers.flat_map(|trailers| trailers.get_all(name));
    let all = all.chain(response.headers().get_all(name));
    all.into_iter().any(http::HeaderValue::is_sensitive)
}

/// The value of a header; that of several lines as that of one (RFC 9110 section 5.3). The lines of
/// `Set-Cookie` are the only ones that must not be joined: browsers would read one cookie.
fn value(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(AsRef::as_ref).collect();
    // No value has the end of a line in it.
    let between: &[u8] = if *name == header::SET_COOKIE {
        b"\n"
    } else {
        b", "
    };
    (!lines.is_empty()).then(|| lines.join(between))
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
