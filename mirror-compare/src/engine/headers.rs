//! Comparing headers and trailer fields.

mod cookies;
mod meaning;

use http::{HeaderMap, HeaderName, Method, StatusCode, header};

use self::meaning::Care;
use crate::{
    engine::found::Found,
    model::{BufferedResponse, DifferenceKind, MAX_BYTES, Shapes, is_bodiless, prefix},
    redact::{CREDENTIALS, GRPC_STATUS, Names, REDACTED, has_secret, says_nothing},
};

/// Headers that say of what kind a body is, and nothing that is in it.
static OF_ANY_BODY: [HeaderName; 3] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
];

/// Headers whose names are those of no secret, unless somebody says so.
static KNOWN: [HeaderName; 9] = [
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::ETAG,
    header::LAST_MODIFIED,
    header::LINK,
    header::LOCATION,
];

/// Headers that are about a connection, of which a copy has another.
static CONNECTION: [HeaderName; 6] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// The outcome of a gRPC call. It is in the trailers, or in the headers if there is nothing else in
/// a response.
static GRPC: [HeaderName; 3] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
];

/// Which headers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Headers {
    /// Those of `compare_headers`.
    Named,
    /// Those on which clients depend as well.
    All,
}

/// Adds the differences of the headers and trailer fields that must agree; whether both are known
/// to say the same of the encoding of their bodies.
pub(crate) fn fields(
    found: &mut Found<'_>,
    method: &Method,
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    headers: Headers,
) -> bool {
    let responses = [primary, shadow];
    let maps = responses.map(BufferedResponse::headers);
    found.applied.add(found.rules.applied_to(|name| {
        let all = responses.into_iter();
        let mut trailers = all.filter_map(BufferedResponse::trailers);
        maps.into_iter().any(|map| map.contains_key(name))
            || trailers.any(|map| map.contains_key(name))
    }));
    let same = if are_same(maps) {
        Same::ALL
    } else {
        differing(found, method, responses, headers)
    };
    // What there is of a call of gRPC is in the same lines.
    if !same.grpc || responses.iter().any(|it| it.trailers().is_some()) {
        trailers(found, primary, shadow);
    }
    same.encoding
}

/// What is known to be the same in the headers of both.
struct Same {
    grpc: bool,
    encoding: bool,
}

impl Same {
    const ALL: Self = Self {
        grpc: true,
        encoding: true,
    };
    const NOTHING: Self = Self {
        grpc: false,
        encoding: false,
    };
}

/// Adds the differences of headers that are not all equal.
fn differing(
    found: &mut Found<'_>,
    method: &Method,
    responses: [&BufferedResponse; 2],
    headers: Headers,
) -> Same {
    let [ones, others] = responses.map(BufferedResponse::headers);
    if ones.len() == others.len() && ones.iter().map(first).eq(others.iter().map(first)) {
        // As two versions of one server have them: no name has to be looked up.
        let lines = ones.iter().zip(others.iter());
        let (mut last, mut same) = (None, Same::ALL);
        for ((name, one), (_, other)) in lines {
            if one != other && last != Some(name) {
                last = Some(name);
                same.grpc &= !GRPC.contains(name);
                same.encoding &= *name != header::CONTENT_ENCODING;
                header(found, method, name, responses, headers);
            }
        }
        return same;
    }
    for name in ones.keys() {
        let (one, other) = (ones.get_all(name), others.get_all(name));
        if !one.iter().eq(other.iter()) {
            header(found, method, name, responses, headers);
        }
    }
    for name in others.keys().filter(|name| !ones.contains_key(*name)) {
        header(found, method, name, responses, headers);
    }
    Same::NOTHING
}

/// Whether both have the same lines in one order.
fn are_same([ones, others]: [&HeaderMap; 2]) -> bool {
    ones.len() == others.len()
        && ones
            .iter()
            .zip(others)
            .all(|((name, one), (other_name, other))| name == other_name && one == other)
}

fn first<A, B>(pair: (A, B)) -> A {
    pair.0
}

/// A header whose lines differ.
fn header(
    found: &mut Found<'_>,
    method: &Method,
    name: &HeaderName,
    responses: [&BufferedResponse; 2],
    headers: Headers,
) {
    let rules = found.rules;
    if GRPC.contains(name) || rules.ignore_headers.contains(name) {
        return;
    }
    let care = if rules.compare_headers.contains(name) {
        Care::Full
    } else if headers == Headers::Named {
        return;
    } else if is_compared(name, method, responses) {
        Care::Default
    } else {
        if !is_told_nowhere(name) {
            found.uncompared_header(name);
        }
        return;
    };
    // A body says more of its length, and is compared itself.
    let is_said = *name == header::CONTENT_LENGTH && !is_bodiless(method, responses[0].status());
    if is_said || CONNECTION.contains(name) {
        return;
    }
    if *name == header::CONTENT_TYPE && care == Care::Default && is_named_json_now(responses) {
        found.uncompared_header(name);
        return;
    }
    let lines = responses.map(|response| lines(response.headers(), name));
    if *name == header::SET_COOKIE {
        return cookies(found, &lines, care);
    }
    let [one, other] = lines.each_ref().map(|lines| meaning::of(name, lines, care));
    if one != other {
        let of = |response: &BufferedResponse| value(response.headers(), name);
        field(found, DifferenceKind::Header, name, responses, of);
    }
}

/// Adds the difference of the cookies that are set, without their values.
fn cookies(found: &mut Found<'_>, lines: &[Vec<&[u8]>; 2], care: Care) {
    let shown = cookies::differing(lines, care == Care::Full);
    let Some(shown) = shown else {
        return;
    };
    let hides = found.secrecy.may_miss_some();
    let secrets = &found.secrecy.secrets;
    let is_secret = |text: &String| hides || secrets.are_in_part_of(text.as_bytes());
    let all_secret = shown.iter().flatten().any(is_secret);
    let [one, other] = shown.map(|text| {
        text.map(|text| {
            if is_secret(&text) {
                REDACTED.to_owned()
            } else {
                prefix(&text, MAX_BYTES + 1).to_owned()
            }
        })
    });
    let shapes = || {
        let text =
            |lines: &Vec<&[u8]>| String::from_utf8_lossy(&lines.join(&b", "[..])).into_owned();
        let texts = lines
            .each_ref()
            .map(|lines| (!lines.is_empty()).then(|| text(lines)));
        Shapes::of_texts(texts[0].as_deref(), texts[1].as_deref(), all_secret)
    };
    found.other(
        header::SET_COOKIE.as_str(),
        DifferenceKind::Header,
        one,
        other,
        shapes,
    );
}

/// Whether the shadow says of JSON that it is JSON, which the primary sends without saying so:
/// clients that go by the type have no use for the primary's.
fn is_named_json_now([primary, shadow]: [&BufferedResponse; 2]) -> bool {
    let media_type = |response: &BufferedResponse| {
        let value = response.headers().get(header::CONTENT_TYPE)?;
        let media_type = value.as_bytes().split(|byte| *byte == b';').next()?;
        Some(media_type.trim_ascii().to_ascii_lowercase())
    };
    let says_nothing = match media_type(primary).as_deref() {
        None | Some(b"text/plain" | b"application/octet-stream") => true,
        Some(_) => false,
    };
    let is_json =
        media_type(shadow).is_some_and(|it| it == b"application/json" || it.ends_with(b"+json"));
    let is_plain = !primary.headers().contains_key(header::CONTENT_ENCODING);
    let begins = primary.body().trim_ascii_start().first();
    says_nothing && is_json && is_plain && matches!(begins, Some(b'{' | b'['))
}

/// Whether clients depend on a header, so that it is compared if nobody says otherwise.
fn is_compared(name: &HeaderName, method: &Method, responses: [&BufferedResponse; 2]) -> bool {
    let status = responses[0].status();
    match *name {
        // Of what there is not, it says nothing.
        header::CONTENT_TYPE => {
            let is_empty = |it: &BufferedResponse| it.is_complete() && it.body().is_empty();
            let without = status == StatusCode::NOT_MODIFIED || status == StatusCode::NO_CONTENT;
            !without && (method == Method::HEAD || !responses.into_iter().all(is_empty))
        }
        header::LOCATION => status.is_redirection() || status == StatusCode::CREATED,
        header::ALLOW
        | header::CACHE_CONTROL
        | header::CONTENT_DISPOSITION
        | header::CONTENT_LANGUAGE
        | header::CONTENT_RANGE
        | header::CONTENT_SECURITY_POLICY
        | header::CONTENT_SECURITY_POLICY_REPORT_ONLY
        | header::ETAG
        | header::LAST_MODIFIED
        | header::LINK
        | header::PROXY_AUTHENTICATE
        | header::RETRY_AFTER
        | header::SET_COOKIE
        | header::WWW_AUTHENTICATE => true,
        _ => name.as_str().starts_with("access-control-"),
    }
}

/// Whether a header is about a connection, a server or one request, and differs in any case; or
/// about the encoding of a body, which is undone.
fn is_told_nowhere(name: &HeaderName) -> bool {
    const STARTS: [&str; 7] = [
        "cf-",
        "fly-",
        "x-amz",
        "x-b3-",
        "x-cache",
        "x-datadog-",
        "x-envoy-",
    ];
    let name = name.as_str();
    matches!(
        name,
        "age"
            | "alt-svc"
            | "connection"
            | "content-encoding"
            | "content-length"
            | "date"
            | "keep-alive"
            | "nel"
            | "proxy-connection"
            | "report-to"
            | "request-id"
            | "server"
            | "server-timing"
            | "te"
            | "trailer"
            | "traceparent"
            | "tracestate"
            | "transfer-encoding"
            | "upgrade"
            | "via"
            | "x-cloud-trace-context"
            | "x-correlation-id"
            | "x-powered-by"
            | "x-process-time"
            | "x-request-id"
            | "x-response-time"
            | "x-runtime"
            | "x-served-by"
            | "x-trace-id"
            | "x-timer"
    ) || STARTS.iter().any(|start| name.starts_with(start))
}

/// Adds the differences of the trailer fields that must agree.
fn trailers(found: &mut Found<'_>, primary: &BufferedResponse, shadow: &BufferedResponse) {
    // Those of a body that is not whole are not known.
    if !primary.is_complete() || !shadow.is_complete() {
        return;
    }
    let rules = found.rules;
    let names = rules.compare_headers.iter();
    let listed = names.filter(|name| **name != GRPC_STATUS);
    let status = Some(&GRPC_STATUS).filter(|name| !rules.ignore_headers.contains(name));
    for name in status.into_iter().chain(listed) {
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
    // The look at a name is a long one, and what clients depend on has no secret name.
    let is_known = !found.rules.redacts && KNOWN.contains(name);
    let is_secret = CREDENTIALS.contains(name)
        || !is_known && names.are(name.as_str())
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
        let looks = [&one, &other]
            .into_iter()
            .flatten()
            .any(|text| has_secret(text));
        Shapes::of_texts(one.as_deref(), other.as_deref(), all_secret || looks)
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

fn lines<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Vec<&'h [u8]> {
    headers.get_all(name).iter().map(AsRef::as_ref).collect()
}

/// The value of a header; that of several lines as that of one (RFC 9110 section 5.3).
fn value(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let lines = lines(headers, name);
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
