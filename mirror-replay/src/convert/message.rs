//! Messages of HTTP/1, from and to bytes.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use mirror_compare::{
    BufferedResponse, CompareMode, Rules, compared_body, is_bodiless, redact::is_encoded,
};
use mirror_record::{Fields, MAX_RECORD, Outcome, Record, Request, Response};

/// As many fields may a message have.
const MAX_FIELDS: usize = 512;

/// Fields that are about the length of a body on a connection.
pub(super) const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// Of a body that is not encoded any more.
pub(super) const CONTENT_ENCODING: &str = "content-encoding";

/// The header that says what was replaced in a message: an array of JSON with the places.
const REDACTED: &str = "mirror-redacted";

pub(super) fn is_one_of(name: &[u8], names: &[&str]) -> bool {
    let mut names = names.iter();
    names.any(|other| name.eq_ignore_ascii_case(other.as_bytes()))
}

/// The value of the last field of this name.
pub(super) fn value<'f>(fields: &'f Fields, name: &str) -> Option<&'f Bytes> {
    let mut fields = fields.iter().rev();
    let field = fields.find(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()));
    field.map(|(_, value)| value)
}

/// Whether the response to a request of this method has no body, whatever its length says.
pub(super) fn has_no_body(method: &str, status: u16) -> bool {
    let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
    StatusCode::from_u16(status).is_ok_and(|status| is_bodiless(&method, status))
}

/// How the response ended of a record that was read from a file.
pub(super) fn outcome_of(response: &Response) -> Outcome {
    if response.body.is_some() {
        Outcome::Complete
    } else {
        Outcome::Cut
    }
}

/// Reads a request.
pub(super) fn read_request(message: &[u8]) -> Option<Request> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(end) = head.parse(message).ok()? else {
        return None;
    };
    let mut request = Request::new(head.method?, head.path?.to_owned());
    request.headers = owned(head.headers);
    let (body, trailers) = body(&request.headers, &message[end..])?;
    (request.body, request.trailers) = (Some(body), trailers);
    request.redacted = take_redacted(&mut request.headers);
    to_origin_form(&mut request);
    Some(request)
}

/// Reads a response to a request of this method. Its content encoding is undone.
pub(super) fn read_response(message: &[u8], method: &str) -> Option<Response> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(end) = head.parse(message).ok()? else {
        return None;
    };
    let mut response = Response::new(head.code?);
    response.headers = owned(head.headers);
    response.redacted = take_redacted(&mut response.headers);
    if has_no_body(method, response.status) {
        return Some(response);
    }
    let body = body(&response.headers, &message[end..]);
    let (body, trailers) = body.unzip();
    response.body = body;
    response.trailers = trailers.unwrap_or_default();
    decode(&mut response);
    Some(response)
}

/// A proxy is asked for a whole URL. The host in it counts, and not that of the header (RFC 9112,
/// section 3.2.2).
fn to_origin_form(request: &mut Request) {
    if request.target.starts_with(b"/") {
        return;
    }
    let Ok(uri) = Uri::from_maybe_shared(request.target.clone()) else {
        return;
    };
    let (Some(_), Some(authority)) = (uri.scheme(), uri.authority()) else {
        return;
    };
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    request.target = if target.starts_with('/') {
        target.to_owned().into()
    } else {
        format!("/{target}").into()
    };
    let host = host_of(authority);
    let mut fields = request.headers.iter_mut();
    match fields.find(|(name, _)| name.eq_ignore_ascii_case(b"host")) {
        Some((_, value)) => *value = host.into(),
        None => request.headers.insert(0, ("host".into(), host.into())),
    }
}

/// The host and the port, without the user.
pub(super) fn host_of(authority: &http::uri::Authority) -> String {
    let host = authority.as_str().rsplit('@').next();
    host.unwrap_or_default().to_owned()
}

/// Takes out the header that says what was replaced.
pub(super) fn take_redacted(fields: &mut Fields) -> Vec<String> {
    let mut places = Vec::new();
    fields.retain(|(name, value)| {
        if !is_one_of(name, &[REDACTED]) {
            return true;
        }
        let Ok(named) = serde_json::from_slice::<Vec<String>>(value) else {
            return true;
        };
        places.extend(named);
        false
    });
    places
}

/// The header that says what was replaced, if something was.
pub(super) fn redacted_field(places: &[String]) -> Option<(Bytes, Bytes)> {
    if places.is_empty() {
        return None;
    }
    let places = serde_json::to_string(places).ok()?;
    Some((REDACTED.into(), places.into()))
}

/// Undoes the content encoding of a response. Of a body with an unknown one nothing is known.
fn decode(response: &mut Response) {
    let Some(status) = StatusCode::from_u16(response.status).ok() else {
        return;
    };
    let headers = map_of(&response.headers);
    if !is_encoded(&headers) {
        return;
    }
    let Some(body) = response.body.take() else {
        return;
    };
    let mut rules = Rules::default();
    rules.set_max_compare_body(MAX_RECORD / 2);
    let encoded = BufferedResponse::new(status, headers, body);
    let decoded = compared_body(&encoded, CompareMode::Bytes, &rules);
    response.body = decoded.map(|body| Bytes::copy_from_slice(&body));
    if response.body.is_some() {
        let fields = &mut response.headers;
        fields.retain(|(name, _)| !is_one_of(name, &[CONTENT_ENCODING]));
    }
}

/// Whether a body is encoded, by what its header says.
#[cfg(feature = "har")]
pub(super) fn is_said_encoded(fields: &Fields) -> bool {
    is_encoded(&map_of(fields))
}

/// Those that can be read.
fn map_of(fields: &Fields) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    headers
}

fn owned(fields: &[httparse::Header<'_>]) -> Fields {
    let owned = |field: &httparse::Header<'_>| {
        let name = Bytes::from(field.name.to_ascii_lowercase());
        (name, Bytes::copy_from_slice(field.value))
    };
    fields.iter().map(owned).collect()
}

/// The body behind a head, without its framing, and the trailer fields; `None` if it is not whole.
fn body(fields: &Fields, rest: &[u8]) -> Option<(Bytes, Fields)> {
    let of = |name| std::str::from_utf8(value(fields, name)?).ok();
    let is_chunked = of("transfer-encoding")
        .is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
    // Else the chunks were joined already.
    if is_chunked
        && matches!(
            httparse::parse_chunk_size(rest),
            Ok(httparse::Status::Complete(_))
        )
    {
        return unchunked(rest);
    }
    // Without a length it goes on to the end, and so it does if it was joined already.
    let length = of("content-length").and_then(|length| length.trim().parse::<usize>().ok());
    let body = match length {
        Some(length) if !is_chunked => rest.get(..length)?,
        _ => rest,
    };
    Some((Bytes::copy_from_slice(body), Fields::new()))
}

/// The chunks of a body, joined, and the fields behind them; `None` if there should be more.
fn unchunked(mut rest: &[u8]) -> Option<(Bytes, Fields)> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((start, length)) = httparse::parse_chunk_size(rest).ok()?
        else {
            return None;
        };
        let length = usize::try_from(length).ok()?;
        if length == 0 {
            let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
            let trailers = match httparse::parse_headers(rest.get(start..)?, &mut fields) {
                Ok(httparse::Status::Complete((_, trailers))) => owned(trailers),
                _ => Fields::new(),
            };
            return Some((body.into(), trailers));
        }
        let end = start.checked_add(length)?;
        body.extend_from_slice(rest.get(start..end)?);
        rest = rest.get(end..)?.strip_prefix(b"\r\n")?;
    }
}

/// Writes a request; `None` if it would be read as another one.
pub(super) fn write_request(request: &Request) -> Option<Vec<u8>> {
    let body = request.body.as_ref()?;
    let line = [
        request.method.as_bytes(),
        b" ",
        &*request.target,
        b" HTTP/1.1",
    ]
    .concat();
    let mut message = Message::new(&line);
    message.fields(&request.headers, &FRAMING);
    message.fields(&redacted_field(&request.redacted), &[]);
    let message = message.with_body(body, &request.trailers, declares_body(&request.headers));
    is_same_request(&read_request(&message)?, request).then_some(message)
}

/// Writes a response to a request of this method; `None` if its body is not known, or if it would
/// be read as another one.
pub(super) fn write_response(response: &Response, method: &str) -> Option<Vec<u8>> {
    let body = response.body.as_ref()?;
    let reason = StatusCode::from_u16(response.status).ok();
    let reason = reason
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    let line = format!("HTTP/1.1 {} {reason}", response.status);
    let mut message = Message::new(line.as_bytes());
    let message = if has_no_body(method, response.status) {
        message.fields(&response.headers, &[]);
        message.fields(&redacted_field(&response.redacted), &[]);
        message.with_body(body, &response.trailers, false)
    } else {
        message.fields(&response.headers, &FRAMING);
        message.fields(&redacted_field(&response.redacted), &[]);
        message.with_body(body, &response.trailers, true)
    };
    is_same_response(&read_response(&message, method)?, response, method).then_some(message)
}

/// A message that is written.
struct Message(Vec<u8>);

impl Message {
    fn new(line: &[u8]) -> Self {
        Self([line, b"\r\n"].concat())
    }

    /// Adds fields, without those of some names.
    fn fields<'f>(
        &mut self,
        fields: impl IntoIterator<Item = &'f (Bytes, Bytes)>,
        without: &[&str],
    ) {
        for (name, value) in fields {
            if !is_one_of(name, without) {
                let line = [name, &b": "[..], value, b"\r\n"].concat();
                self.0.extend_from_slice(&line);
            }
        }
    }

    /// The whole message. If it has no body it says so if that is asked for.
    fn with_body(mut self, body: &[u8], trailers: &Fields, says_length: bool) -> Vec<u8> {
        if !trailers.is_empty() {
            self.0
                .extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
            if !body.is_empty() {
                let size = format!("{:x}\r\n", body.len());
                self.0
                    .extend_from_slice(&[size.as_bytes(), body, b"\r\n"].concat());
            }
            self.0.extend_from_slice(b"0\r\n");
            self.fields(trailers, &[]);
            self.0.extend_from_slice(b"\r\n");
            return self.0;
        }
        if says_length || !body.is_empty() {
            let length = format!("content-length: {}\r\n", body.len());
            self.0.extend_from_slice(length.as_bytes());
        }
        self.0.extend_from_slice(b"\r\n");
        self.0.extend_from_slice(body);
        self.0
    }
}

/// Whether a message says that it has a body, be it empty.
fn declares_body(fields: &Fields) -> bool {
    fields.iter().any(|(name, _)| is_one_of(name, &FRAMING))
}

/// Whether the same copy is made of both.
pub(super) fn is_same_request(one: &Request, other: &Request) -> bool {
    let is_declared = |request: &Request| {
        request.body.as_ref().is_none_or(Bytes::is_empty) && declares_body(&request.headers)
    };
    one.method == other.method
        && one.target == other.target
        && are_same(&one.headers, &other.headers, &FRAMING)
        && is_declared(one) == is_declared(other)
        && one.body == other.body
        && are_same(&one.trailers, &other.trailers, &[])
        && one.redacted == other.redacted
}

/// Whether a response to a request of this method is compared alike with both.
pub(super) fn is_same_response(one: &Response, other: &Response, method: &str) -> bool {
    let without = if has_no_body(method, one.status) {
        &[][..]
    } else {
        &FRAMING[..]
    };
    one.status == other.status
        && are_same(&one.headers, &other.headers, without)
        && one.body == other.body
        && are_same(&one.trailers, &other.trailers, &[])
        && one.redacted == other.redacted
}

fn are_same(one: &Fields, other: &Fields, without: &[&str]) -> bool {
    let [one, other] = [one, other].map(|fields| {
        let fields = fields.iter();
        fields.filter(|(name, _)| !is_one_of(name, without))
    });
    one.map(|(name, value)| (name.to_ascii_lowercase(), value))
        .eq(other.map(|(name, value)| (name.to_ascii_lowercase(), value)))
}

/// Why a record cannot be written in a format.
pub(super) fn reason_of(record: &Record) -> String {
    let reason = if record.request.body.is_none() {
        "the body of its request is withheld"
    } else {
        "its request cannot be written in this format"
    };
    format!("record {}: {reason}", record.id)
}

/// Why a response cannot be written in a format.
pub(super) fn reason_of_response(record: &Record) -> String {
    let is_withheld = record.response.as_ref().is_some_and(|it| it.body.is_none());
    let reason = match record.outcome {
        Outcome::Complete | Outcome::Cut if is_withheld => "the body of its response is withheld",
        Outcome::Complete => "its response cannot be written in this format",
        _ => "its response broke off",
    };
    format!("record {}: {reason}", record.id)
}
