//! Reading archives. The specification asks for more than programs write, and more than a replay
//! needs: what is missing, or is `null`, is taken as not known.

use std::{
    borrow::Cow,
    fmt::Write as _,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{BufReader, Read},
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Uri;
use mirror_record::{Fields, Record, RecordId, Request, Response, SessionHash};
use serde::Deserialize;
use serde_json::Value;

use super::NO_HOST;
use crate::{
    convert::{
        ConvertError, Converted, decompressed,
        message::{
            CONTENT_ENCODING, FRAMING, has_no_body, host_of, is_one_of, is_said_encoded,
            outcome_of, take_redacted, value,
        },
    },
    filter::unix_ns,
};

/// A whole file.
#[derive(Deserialize)]
struct File {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    version: Value,
    entries: Vec<Value>,
}

/// Reads an archive, as records of a mirror of this name. All of them are of one session: an archive
/// is what one browser has asked for, in this order. It may be compressed by `gzip`.
///
/// # Errors
///
/// If the file cannot be read, or is no archive, and what `tell` returns.
pub fn read_har(
    file: impl Read,
    mirror: &str,
    mut tell: impl FnMut(Record) -> Result<(), ConvertError>,
) -> Result<Converted, ConvertError> {
    let mut text = Vec::new();
    decompressed(BufReader::new(file))?.read_to_end(&mut text)?;
    // Some programs write a byte order mark.
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    let file: File = serde_json::from_slice(text)
        .map_err(|error| ConvertError(format!("it is no HTTP Archive: {error}")))?;
    let version = plain(&file.log.version);
    if let Some(version) = version.filter(|it| !["1.1", "1.2", "1.3"].contains(&it.trim())) {
        return Err(ConvertError(format!(
            "HAR {version} is not known: 1.2 and 1.3 are"
        )));
    }
    let mut converted = Converted::default();
    let session = session(text);
    for (number, entry) in file.log.entries.iter().enumerate() {
        match record(entry, mirror, number, session) {
            Ok(record) => {
                converted.add(&record.request, record.response.is_some());
                tell(record)?;
            }
            Err(reason) => converted.leave_out(|| format!("entry {}: {reason}", number + 1)),
        }
    }
    Ok(converted)
}

/// The same for the same file.
fn session(file: &[u8]) -> SessionHash {
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    SessionHash((u128::from(hasher.finish()) << 64).to_be_bytes())
}

/// The record of an entry, or what is wrong with it.
pub(super) fn record(
    entry: &Value,
    mirror: &str,
    number: usize,
    session: SessionHash,
) -> Result<Record, &'static str> {
    let arrived = entry["startedDateTime"].as_str().and_then(time);
    let arrived = arrived.ok_or("`startedDateTime` is no time")?;
    let request = request(&entry["request"])?;
    let response = response(entry, &request.method);
    // All of the hash of the file is in it: an id has room for 80 bits.
    let random = (u128::from_be_bytes(session.0) >> 48) ^ number as u128;
    let id = RecordId::from_parts(arrived / 1_000_000, random);
    let mut record = Record::new(id, mirror, request);
    record.arrived_ns = arrived;
    record.session = Some(session);
    if let Some(response) = response {
        record.outcome = outcome_of(&response);
        record.last_byte_us = Some(response.latency_us);
        record.response = Some(response);
    }
    Ok(record)
}

fn request(written: &Value) -> Result<Request, &'static str> {
    let method = written["method"].as_str().filter(|it| !it.is_empty());
    let method = method.ok_or("`request.method` is missing")?;
    let url = written["url"].as_str().ok_or("`request.url` is missing")?;
    let url = url.split('#').next().unwrap_or_default();
    let uri: Uri = escaped(url)
        .parse()
        .map_err(|_| "`request.url` is no URL")?;
    // Extensions of browsers have others, and WebSockets.
    if uri
        .scheme_str()
        .is_some_and(|it| !["http", "https"].contains(&it))
    {
        return Err("`request.url` is not of HTTP");
    }
    let target = uri.path_and_query().ok_or("`request.url` has no path")?;
    let mut request = Request::new(method, target.as_str().to_owned());
    request.headers = fields(&written["headers"]);
    request.redacted = take_redacted(&mut request.headers);
    if value(&request.headers, "host").is_none()
        && let Some(host) = uri.authority().map(host_of)
        && host != NO_HOST
    {
        request.headers.insert(0, ("host".into(), host.into()));
    }
    if value(&request.headers, "cookie").is_none()
        && let Some(cookies) = cookies(&written["cookies"])
    {
        request.headers.push(("cookie".into(), cookies.into()));
    }
    request.body = posted(&written["postData"], number(&written["bodySize"]));
    if request.body.as_ref().is_none_or(|body| !body.is_empty()) {
        // It is that of the body now.
        let fields = &mut request.headers;
        fields.retain(|(name, _)| !is_one_of(name, &FRAMING));
    }
    Ok(request)
}

/// Characters that no request line may have, and that a browser would not have sent so.
fn escaped(url: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_graphic();
    if url.bytes().all(is_plain) {
        return url.into();
    }
    let mut escaped = String::new();
    for byte in url.bytes() {
        if is_plain(byte) {
            escaped.push(byte.into());
        } else {
            // Writing to a text does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped.into()
}

/// The value of the header that browsers send for these.
fn cookies(written: &Value) -> Option<String> {
    let cookies = written.as_array()?.iter().filter_map(|cookie| {
        let value = plain(&cookie["value"]).unwrap_or_default();
        Some(format!("{}={value}", plain(&cookie["name"])?))
    });
    let cookies: Vec<_> = cookies.collect();
    (!cookies.is_empty()).then(|| cookies.join("; "))
}

/// A request that was blocked, or broke off, has a response with a status of 0, or none.
fn response(entry: &Value, method: &str) -> Option<Response> {
    let written = &entry["response"];
    let status = plain(&written["status"])?.trim().parse::<f64>().ok()?;
    let status = status.clamp(0.0, 65_535.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is in this range"
    )]
    let status = status as u16;
    if !(100..1_000).contains(&status) {
        return None;
    }
    let mut response = Response::new(status);
    response.headers = fields(&written["headers"]);
    response.redacted = take_redacted(&mut response.headers);
    response.latency_us = micros(took(entry));
    if has_no_body(method, status) {
        return Some(response);
    }
    response.body = content(written);
    // A body that is there is without its encoding.
    let is_decoded = response.body.is_some() && is_said_encoded(&response.headers);
    response.headers.retain(|(name, _)| {
        let is_gone = is_one_of(name, &FRAMING);
        !is_gone && (!is_decoded || !is_one_of(name, &[CONTENT_ENCODING]))
    });
    Some(response)
}

/// Milliseconds that an entry took: all of it, or the sum of its parts. Those that there were not
/// are -1.
fn took(entry: &Value) -> f64 {
    if let Some(time) = number(&entry["time"]).filter(|time| *time >= 0.0) {
        return time;
    }
    // The time for TLS is in that for the connection.
    let parts = ["blocked", "dns", "connect", "send", "wait", "receive"].into_iter();
    let parts = parts.filter_map(|part| number(&entry["timings"][part]));
    parts.map(|part| part.max(0.0)).sum()
}

/// A text, or what some programs write in its place.
fn plain(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(is) => Some(is.to_string().into()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    plain(value)?.trim().parse().ok()
}

/// Header fields, without those that HTTP/2 has for the first line.
fn fields(written: &Value) -> Fields {
    let mut fields = Fields::new();
    for header in written.as_array().into_iter().flatten() {
        let Some(name) = plain(&header["name"]).filter(|name| !name.starts_with(':')) else {
            continue;
        };
        let name = Bytes::from(name.to_ascii_lowercase());
        let value = plain(&header["value"]).unwrap_or_default();
        // Browsers write several of one name so.
        for value in value.split('\n') {
            fields.push((name.clone(), value.to_owned().into()));
        }
    }
    fields
}

/// The body of a request; `None` if there was one, and it is not in the file.
fn posted(data: &Value, size: Option<f64>) -> Option<Bytes> {
    if let Some(text) = plain(&data["text"]) {
        return decoded(&text, &data["encoding"]);
    }
    let params = data["params"]
        .as_array()
        .filter(|params| !params.is_empty());
    let Some(params) = params else {
        let is_empty = size == Some(0.0) || data.is_null() && size.is_none_or(|size| size < 0.0);
        return is_empty.then(Bytes::new);
    };
    let mime = plain(&data["mimeType"]).unwrap_or_default();
    // Of a file there is the name only, and of several parts not how they were joined.
    if mime.to_ascii_lowercase().starts_with("multipart/")
        || params.iter().any(|param| !param["fileName"].is_null())
    {
        return None;
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    for param in params {
        let value = plain(&param["value"]).unwrap_or_default();
        form.append_pair(&plain(&param["name"])?, &value);
    }
    Some(form.finish().into())
}

/// The body of a response; `None` if there was one, or may have been, and it is not in the file.
fn content(response: &Value) -> Option<Bytes> {
    let content = &response["content"];
    if let Some(text) = plain(&content["text"]) {
        return decoded(&text, &content["encoding"]);
    }
    let size = number(&content["size"]).or_else(|| number(&response["bodySize"]));
    (size == Some(0.0)).then(Bytes::new)
}

fn decoded(text: &str, encoding: &Value) -> Option<Bytes> {
    let encoding = plain(encoding).unwrap_or_default().to_ascii_lowercase();
    match &*encoding {
        "base64" => STANDARD.decode(text).ok().map(Bytes::from),
        "" | "utf-8" | "utf8" => Some(text.to_owned().into()),
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it saturates"
)]
fn micros(millis: f64) -> u64 {
    (millis.max(0.0) * 1_000.0).round() as u64
}

/// Nanoseconds since the beginning of 1970, of a time with an offset.
fn time(text: &str) -> Option<u64> {
    // `+01:00`, or `+0100`.
    let at = text.len().checked_sub(6)?;
    let zone = text.get(at..)?.find(['+', '-']).map(|zone| at + zone);
    let zone = zone.filter(|_| text.contains(':'));
    let (text, offset) = match zone {
        Some(zone) => {
            let digits = text[zone + 1..].replace(':', "");
            let (hours, minutes) = digits.split_at_checked(2)?;
            let minutes = if minutes.is_empty() { "0" } else { minutes };
            let seconds = hours.parse::<u64>().ok()? * 3_600 + minutes.parse::<u64>().ok()? * 60;
            let offset = (text[zone..].starts_with('+'), Duration::from_secs(seconds));
            (format!("{}Z", &text[..zone]), Some(offset))
        }
        None => (text.to_owned(), None),
    };
    let time = humantime::parse_rfc3339_weak(&text).ok()?;
    let time: SystemTime = match offset {
        // It is earlier where the sun rises later.
        Some((true, offset)) => time.checked_sub(offset)?,
        Some((false, offset)) => time.checked_add(offset)?,
        None => time,
    };
    Some(unix_ns(time))
}
