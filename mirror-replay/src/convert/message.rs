//! Messages of HTTP/1, from and to bytes.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use mirror_compare::{BufferedResponse, CompareMode, Rules, compared_body};
use mirror_record::{Fields, MAX_RECORD, Request, Response};

/// As many fields may a message have.
const MAX_FIELDS: usize = 512;

/// Fields that are about the length of a body on a connection, or its encoding.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// Reads a request.
pub(super) fn read_request(message: &[u8]) -> Option<Request> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(end) = head.parse(message).ok()? else {
        return None;
    };
    let mut request = Request::new(head.method?, head.path?.to_owned());
    request.headers = owned(head.headers);
    request.body = Some(body(&request.headers, &message[end..])?);
    Some(request)
}

/// Reads a response, whose content encoding is undone.
pub(super) fn read_response(message: &[u8]) -> Option<Response> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(end) = head.parse(message).ok()? else {
        return None;
    };
    let mut response = Response::new(head.code?);
    response.headers = owned(head.headers);
    response.body = body(&response.headers, &message[end..]);
    decode(&mut response);
    Some(response)
}

/// Undoes the content encoding of a response. Of a body with an unknown one nothing is known.
fn decode(response: &mut Response) {
    let Some(status) = StatusCode::from_u16(response.status).ok() else {
        return;
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &response.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    if !headers.contains_key(http::header::CONTENT_ENCODING) {
        return;
    }
    let mut rules = Rules::default();
    rules.set_max_compare_body(MAX_RECORD / 2);
    let body = response.body.take().unwrap_or_default();
    let encoded = BufferedResponse::new(status, headers, body);
    let decoded = compared_body(&encoded, CompareMode::Bytes, &rules);
    response.body = decoded.map(|body| Bytes::copy_from_slice(&body));
    response
        .headers
        .retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-encoding"));
}

fn owned(fields: &[httparse::Header<'_>]) -> Fields {
    let owned = |field: &httparse::Header<'_>| {
        let name = Bytes::from(field.name.to_ascii_lowercase());
        (name, Bytes::copy_from_slice(field.value))
    };
    fields.iter().map(owned).collect()
}

/// The body behind a head, without its framing.
fn body(fields: &Fields, rest: &[u8]) -> Option<Bytes> {
    let of = |wanted: &str| {
        let mut fields = fields.iter().rev();
        let (_, value) = fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()))?;
        std::str::from_utf8(value).ok()
    };
    if of("transfer-encoding").is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"))
        && let Some(body) = unchunked(rest)
    {
        return Some(body);
    }
    // Without a length it goes on to the end, and so it does if it was joined already.
    let length = of("content-length").and_then(|length| length.trim().parse::<usize>().ok());
    match length {
        Some(length) => rest.get(..length).map(Bytes::copy_from_slice),
        None => Some(Bytes::copy_from_slice(rest)),
    }
}

/// The chunks of a body, joined; `None` if these are none.
fn unchunked(mut rest: &[u8]) -> Option<Bytes> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((start, length)) = httparse::parse_chunk_size(rest).ok()?
        else {
            return None;
        };
        let length = usize::try_from(length).ok()?;
        if length == 0 {
            return Some(body.into());
        }
        let end = start.checked_add(length)?;
        body.extend_from_slice(rest.get(start..end)?);
        rest = rest.get(end..)?.strip_prefix(b"\r\n")?;
    }
}

/// Writes a request.
pub(super) fn write_request(request: &Request) -> Option<Vec<u8>> {
    let body = request.body.as_ref()?;
    let line = [
        request.method.as_bytes(),
        b" ",
        &*request.target,
        b" HTTP/1.1",
    ]
    .concat();
    Some(write(&line, &request.headers, body))
}

/// Writes a response. One whose body is not known has none.
pub(super) fn write_response(response: &Response) -> Vec<u8> {
    let reason = StatusCode::from_u16(response.status).ok();
    let reason = reason
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    let line = format!("HTTP/1.1 {} {reason}", response.status);
    let body = response.body.clone().unwrap_or_default();
    write(line.as_bytes(), &response.headers, &body)
}

fn write(line: &[u8], fields: &Fields, body: &[u8]) -> Vec<u8> {
    let mut message = [line, b"\r\n"].concat();
    for (name, value) in fields {
        let is_framing = FRAMING
            .iter()
            .any(|framing| name.eq_ignore_ascii_case(framing.as_bytes()));
        if !is_framing {
            message.extend_from_slice(&[name, &b": "[..], value, b"\r\n"].concat());
        }
    }
    let had_length = fields.iter().any(|(name, _)| {
        FRAMING
            .iter()
            .any(|framing| name.eq_ignore_ascii_case(framing.as_bytes()))
    });
    if had_length || !body.is_empty() {
        message.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    message.extend_from_slice(b"\r\n");
    message.extend_from_slice(body);
    message
}
