//! From a record to the request that is sent, and to the response that is expected.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header,
    uri::{Authority, PathAndQuery, Scheme},
};
use mirror_compare::{BufferedResponse, Ending};
use mirror_grammar::is_hop_by_hop;
use mirror_record::{Fields, Outcome, Record};

/// Marks every copy, and holds the host that the original was for.
pub const MIRRORED_FROM: HeaderName = HeaderName::from_static("x-mirrored-from");

/// Holds the id of the record, by which a target knows one that it was sent before.
pub const RECORD_ID: HeaderName = HeaderName::from_static("mirror-record-id");

/// Of a copy that is sent by a mirror itself. It is not of this one.
const SIGNATURE: HeaderName = HeaderName::from_static("mirror-signature");

/// What a copy has of its own, or not at all.
const SET_ANEW: [HeaderName; 6] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::EXPECT,
    MIRRORED_FROM,
    RECORD_ID,
    SIGNATURE,
];

/// As many headers are added: two that mark a copy, and a length.
const ADDED: usize = 3;

/// What is in the place of a secret begins with this.
const REDACTED: &[u8] = b"[redacted";

/// Where copies go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// Without a slash at its end.
    base_path: String,
}

/// Why a record cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unsendable {
    /// Its body is withheld: it was too large, or might have held secrets.
    NoBody,
    /// A part of its path is replaced.
    RedactedPath,
    /// Its method, its target or a header cannot be written in a request.
    Malformed,
}

impl Unsendable {
    /// As it is counted.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoBody => "no_body",
            Self::RedactedPath => "redacted_path",
            Self::Malformed => "malformed",
        }
    }
}

impl Destination {
    /// Reads a URL like `https://rewrite.example/base`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without its credentials.
    pub fn parse(url: &str) -> Result<Self, String> {
        if url.contains('@') {
            return Err("a target must not contain credentials: use `--header-env`".to_owned());
        }
        let example = "write the scheme and the host, like `https://rewrite.example`";
        let uri: Uri = url.parse().map_err(|error| format!("{error}; {example}"))?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(format!("it is not an absolute URL; {example}"));
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(format!(
                "the scheme must be `http` or `https`, not `{scheme}`"
            ));
        }
        let path = parts.path_and_query;
        if path.as_ref().is_some_and(|path| path.query().is_some()) {
            return Err("a target must not have a query".to_owned());
        }
        let base_path = path.as_ref().map_or("", PathAndQuery::path);
        Ok(Self {
            scheme,
            authority,
            base_path: base_path.trim_end_matches('/').to_owned(),
        })
    }

    /// Whether it is called over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The host and the port, as reports call it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.authority.as_str()
    }

    /// The request of a record, with headers that are set in all of them.
    ///
    /// # Errors
    ///
    /// [`Unsendable`], if the record does not hold a whole request.
    pub fn request(
        &self,
        record: &Record,
        set: &[(HeaderName, HeaderValue)],
    ) -> Result<(Request<Bytes>, HeaderMap), Unsendable> {
        let recorded = &record.request;
        if recorded.redacted.iter().any(|place| place == "path") {
            return Err(Unsendable::RedactedPath);
        }
        let body = recorded.body.clone().ok_or(Unsendable::NoBody)?;
        let malformed = Unsendable::Malformed;
        let method = Method::from_bytes(recorded.method.as_bytes()).map_err(|_| malformed)?;
        let uri = self.uri(&recorded.target).ok_or(malformed)?;
        let arrived = read(&recorded.headers).ok_or(malformed)?;
        let from = arrived.get(header::HOST).cloned();
        let is_declared = arrived.contains_key(header::CONTENT_LENGTH)
            || arrived.contains_key(header::TRANSFER_ENCODING);
        let named = named_by_connection(&arrived);
        let is_left_out = |name: &HeaderName| {
            SET_ANEW.contains(name)
                || is_hop_by_hop(name)
                || named.contains(name)
                || set.iter().any(|(set, _)| set == name)
        };
        // Who takes one out of a map changes the order of the others.
        let mut headers = HeaderMap::with_capacity(arrived.keys_len() + ADDED + set.len());
        for (name, value) in &arrived {
            if !is_left_out(name) {
                headers.append(name.clone(), value.clone());
            }
        }
        for (name, value) in set {
            headers.append(name.clone(), value.clone());
        }
        headers.insert(
            MIRRORED_FROM,
            from.unwrap_or(HeaderValue::from_static("replay")),
        );
        let id = HeaderValue::from_str(&record.id.to_string()).map_err(|_| malformed)?;
        headers.insert(RECORD_ID, id);
        let trailers = read(&recorded.trailers).ok_or(malformed)?;
        let anticipates = matches!(method, Method::POST | Method::PUT | Method::PATCH);
        if body.is_empty() && trailers.is_empty() && (is_declared || anticipates) {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok((request, trailers))
    }

    /// The target of a request, byte for byte, behind the base path.
    fn uri(&self, target: &Bytes) -> Option<Uri> {
        if !target.starts_with(b"/") {
            return None;
        }
        let path = if self.base_path.is_empty() {
            PathAndQuery::from_maybe_shared(target.clone())
        } else {
            if climbs(crate::filter::path(target)) {
                return None;
            }
            let joined = [self.base_path.as_bytes(), target].concat();
            PathAndQuery::from_maybe_shared(Bytes::from(joined))
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.ok()?);
        Uri::from_parts(parts).ok()
    }
}

/// Whether a path has a segment that leads up, out of the base path.
fn climbs(path: &[u8]) -> bool {
    let text = String::from_utf8_lossy(path).to_ascii_lowercase();
    let text = text
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/")
        .replace('\\', "/");
    text.split('/')
        .any(|segment| segment.split(';').next() == Some(".."))
}

/// The fields that `Connection` names, which are about the connection that the request came over.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let lists = headers.get_all(header::CONNECTION).iter();
    let names = lists.filter_map(|list| list.to_str().ok());
    let names = names.flat_map(|list| list.split(','));
    names.filter_map(|name| name.trim().parse().ok()).collect()
}

fn read(fields: &Fields) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name).ok()?;
        let value = HeaderValue::from_maybe_shared(value.clone()).ok()?;
        headers.try_append(name, value).ok()?;
    }
    Some(headers)
}

/// The headers of the recorded request, as far as they can be read.
pub(crate) fn request_headers(record: &Record) -> HeaderMap {
    read(&record.request.headers).unwrap_or_default()
}

/// The recorded response, as it is compared; `None` if there is none, or it cannot be read.
#[must_use]
pub(crate) fn expected(record: &Record) -> Option<BufferedResponse> {
    let recorded = record.response.as_ref()?;
    let status = StatusCode::from_u16(recorded.status).ok()?;
    let headers = read(&recorded.headers)?;
    let ending = match record.outcome {
        Outcome::Complete => Ending::Complete,
        Outcome::Cut => Ending::Truncated,
        _ => Ending::CutShort,
    };
    let body = recorded.body.clone().unwrap_or_default();
    let response = BufferedResponse::new(status, headers, body)
        .with_latency(Duration::from_micros(recorded.latency_us))
        .with_ending(ending)
        .already_decoded();
    let trailers = read(&recorded.trailers)?;
    Some(if trailers.is_empty() {
        response
    } else {
        response.with_trailers(trailers)
    })
}

/// The header and trailer fields of the recorded response in which something was replaced.
#[must_use]
pub(crate) fn redacted_headers(record: &Record) -> Vec<HeaderName> {
    let Some(response) = &record.response else {
        return Vec::new();
    };
    let fields = response.headers.iter().chain(&response.trailers);
    let redacted = fields.filter(|(_, value)| is_redacted(value));
    redacted
        .filter_map(|(name, _)| HeaderName::from_bytes(name).ok())
        .collect()
}

fn is_redacted(value: &[u8]) -> bool {
    value
        .windows(REDACTED.len())
        .any(|window| window == REDACTED)
}

#[cfg(test)]
mod tests {
    use mirror_record::{RecordId, Response};

    use super::*;

    fn record(
        method: &str,
        target: &'static str,
        headers: &[(&'static str, &'static str)],
    ) -> Record {
        let mut request = mirror_record::Request::new(method, target);
        let pair = |(name, value): &(&'static str, &'static str)| ((*name).into(), (*value).into());
        request.headers = headers.iter().map(pair).collect();
        Record::new(RecordId::from_parts(7, 7), "orders", request)
    }

    fn sent(to: &str, record: &Record) -> Result<Request<Bytes>, Unsendable> {
        let destination = Destination::parse(to).unwrap();
        destination.request(record, &[]).map(|(request, _)| request)
    }

    #[test]
    fn a_target_is_sent_as_it_arrived() {
        for (to, target, uri) in [
            (
                "http://new:8080",
                "/a/../b?%20",
                Some("http://new:8080/a/../b?%20"),
            ),
            ("http://new/", "//x", Some("http://new//x")),
            ("http://new/base/", "/a", Some("http://new/base/a")),
            ("http://new/base", "/a/%2E%2e/b", None),
            ("http://new/base", "/a/..%2fb", None),
            ("http://new", "*", None),
            ("http://new", "http://evil/", None),
        ] {
            let uri_sent = sent(to, &record("GET", target, &[])).map(|it| it.uri().to_string());
            assert_eq!(uri_sent.ok().as_deref(), uri, "{to} {target}");
        }
    }

    #[test]
    fn what_is_about_a_connection_is_left_out_and_the_rest_is_kept_in_order() {
        let record = record(
            "POST",
            "/",
            &[
                ("Host", "shop.example"),
                ("X-A", "1"),
                ("X-A", "2"),
                ("Connection", "close, x-hop"),
                ("X-Hop", "1"),
                ("Content-Length", "5"),
                ("Transfer-Encoding", "chunked"),
                ("Expect", "100-continue"),
                ("Mirror-Record-Id", "old"),
            ],
        );
        let sent = sent("http://new", &record).unwrap();
        let all: Vec<_> = sent
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        let id = record.id.to_string();
        assert_eq!(
            all,
            [
                ("x-a", "1"),
                ("x-a", "2"),
                ("x-mirrored-from", "shop.example"),
                ("mirror-record-id", &*id),
                ("content-length", "0"),
            ]
        );
    }

    #[test]
    fn what_is_left_out_changes_nothing_in_the_order_of_the_rest() {
        let mut fields = vec![("Host", "shop.example"), ("Connection", "x-hop")];
        fields.extend([
            ("a", "1"),
            ("X-Hop", "1"),
            ("b", "1"),
            ("Content-Length", "0"),
        ]);
        fields.extend([
            ("c", "1"),
            ("Expect", "100-continue"),
            ("a", "2"),
            ("d", "1"),
        ]);
        fields.extend([
            ("authorization", "[redacted]"),
            ("e", "1"),
            ("cookie", "f=1"),
        ]);
        let destination = Destination::parse("http://new").unwrap();
        let set = [(header::AUTHORIZATION, HeaderValue::from_static("Bearer a"))];
        let record = record("GET", "/", &fields);
        let (request, _) = destination.request(&record, &set).unwrap();
        let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names[..6], ["a", "b", "c", "d", "e", "cookie"]);
        assert_eq!(request.headers()["authorization"], "Bearer a");
    }

    #[test]
    fn headers_that_are_set_replace_those_that_were_recorded() {
        let record = record("GET", "/", &[("authorization", "[redacted]"), ("x-a", "1")]);
        let destination = Destination::parse("http://new").unwrap();
        let set = [(
            header::AUTHORIZATION,
            HeaderValue::from_static("Bearer test"),
        )];
        let (request, _) = destination.request(&record, &set).unwrap();
        assert_eq!(request.headers()["authorization"], "Bearer test");
        assert_eq!(request.headers().get_all("authorization").iter().count(), 1);
    }

    #[test]
    fn a_request_that_is_not_whole_is_not_sent() {
        let mut without = record("POST", "/", &[]);
        without.request.body = None;
        assert_eq!(
            sent("http://new", &without).unwrap_err(),
            Unsendable::NoBody
        );
        let mut redacted = record("GET", "/[redacted]", &[]);
        redacted.request.redacted.push("path".to_owned());
        assert_eq!(
            sent("http://new", &redacted).unwrap_err(),
            Unsendable::RedactedPath
        );
        for malformed in [
            record("G T", "/", &[]),
            record("GET", "/", &[("a b", "1")]),
            record("GET", "/", &[("a", "\n")]),
        ] {
            assert_eq!(
                sent("http://new", &malformed).unwrap_err(),
                Unsendable::Malformed
            );
        }
    }

    #[test]
    fn urls_of_targets_are_checked() {
        for (url, said) in [
            ("rewrite:8080", "not an absolute URL"),
            ("ftp://rewrite", "`http` or `https`"),
            ("http://ann:secret@rewrite", "credentials"),
            ("http://rewrite/?a=1", "query"),
            ("", "https://rewrite.example"),
        ] {
            let error = Destination::parse(url).unwrap_err();
            assert!(
                error.contains(said) && !error.contains("secret"),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn a_response_is_expected_as_it_was_recorded() {
        let mut record = record("GET", "/", &[]);
        assert!(expected(&record).is_none());
        let mut response = Response::new(201);
        response.headers = vec![
            ("set-cookie".into(), "id=[redacted 4f2a]; Path=/".into()),
            ("x-a".into(), "1".into()),
        ];
        response.body = Some("{}".into());
        response.latency_us = 1_500;
        record.response = Some(response);
        record.outcome = Outcome::Complete;
        let response = expected(&record).unwrap();
        assert_eq!(
            (response.status().as_u16(), response.latency()),
            (201, Duration::from_micros(1_500))
        );
        assert!(response.is_complete());
        assert_eq!(redacted_headers(&record), [header::SET_COOKIE]);
        record.outcome = Outcome::Cancelled;
        assert_eq!(expected(&record).unwrap().ending(), Ending::CutShort);
    }
}
