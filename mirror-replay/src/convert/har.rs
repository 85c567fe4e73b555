//! Archives of browsers: HAR 1.2 and 1.3.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{Read, Write},
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use har::v1_3::{
    Cache, Content, Creator, Entries, Headers, Log, PostData, QueryString, Request as HarRequest,
    Response as HarResponse, Timings,
};
use http::{StatusCode, Uri};
use mirror_record::{Fields, Outcome, Record, RecordId, Request, Response, SessionHash};
use serde::{Deserialize, Serialize};

use super::{ConvertError, Converted};
use crate::filter::unix_ns;

/// Of a body on a connection: one in an archive has neither.
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "content-encoding"];

/// A whole file.
#[derive(Serialize, Deserialize)]
struct File {
    log: Versioned,
}

/// The newer version has all that the older one has.
#[derive(Serialize, Deserialize)]
struct Versioned {
    version: String,
    #[serde(flatten)]
    log: Log,
}

/// Reads an archive, as records of a mirror of this name. All of them are of one session: an archive
/// is what one browser has asked for, in this order.
///
/// # Errors
///
/// If the file cannot be read, or is no archive, and what `tell` returns.
pub fn read_har(
    mut file: impl Read,
    mirror: &str,
    mut tell: impl FnMut(Record) -> Result<(), ConvertError>,
) -> Result<Converted, ConvertError> {
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    // Some programs write a byte order mark.
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    let file: File = serde_json::from_slice(text)
        .map_err(|error| ConvertError(format!("it is no HTTP Archive: {error}")))?;
    if !["1.1", "1.2", "1.3"].contains(&&*file.log.version) {
        let version = file.log.version;
        return Err(ConvertError(format!(
            "HAR {version} is not known: 1.2 and 1.3 are"
        )));
    }
    let mut converted = Converted::default();
    let session = session(text);
    for (number, entry) in file.log.log.entries.iter().enumerate() {
        let Some(record) = record(entry, mirror, number, session) else {
            converted.left_out += 1;
            continue;
        };
        converted.records += 1;
        converted.with_response += u64::from(record.response.is_some());
        tell(record)?;
    }
    Ok(converted)
}

/// The same for the same file.
fn session(file: &[u8]) -> SessionHash {
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    SessionHash((u128::from(hasher.finish()) << 64).to_be_bytes())
}

fn record(entry: &Entries, mirror: &str, number: usize, session: SessionHash) -> Option<Record> {
    let arrived = time(&entry.started_date_time)?;
    let recorded = &entry.request;
    let uri: Uri = recorded.url.split('#').next()?.parse().ok()?;
    let target = uri.path_and_query()?.as_str().to_owned();
    let mut request = Request::new(recorded.method.clone(), target);
    request.headers = fields(&recorded.headers);
    let has_host = request.headers.iter().any(|(name, _)| name == "host");
    if !has_host && let Some(authority) = uri.authority() {
        let host = authority
            .as_str()
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .to_owned();
        request.headers.insert(0, ("host".into(), host.into()));
    }
    request.body = match &recorded.post_data {
        Some(data) => posted(data),
        // One that is there and not in the file is not known.
        None if recorded.body_size > 0 => None,
        None => Some(Bytes::new()),
    };
    let random = u128::from_be_bytes(session.0) | number as u128;
    let mut record = Record::new(
        RecordId::from_parts(arrived / 1_000_000, random),
        mirror,
        request,
    );
    record.arrived_ns = arrived;
    record.session = Some(session);
    // A request that was blocked, or broke off, has 0.
    if let Some(status) = u16::try_from(entry.response.status)
        .ok()
        .filter(|status| *status >= 100)
    {
        let mut response = Response::new(status);
        response.headers = fields(&entry.response.headers);
        response.body = content(&entry.response);
        response.latency_us = micros(entry.time);
        record.last_byte_us = Some(response.latency_us);
        record.outcome = if response.body.is_some() {
            Outcome::Complete
        } else {
            Outcome::Cut
        };
        record.response = Some(response);
    }
    Some(record)
}

/// Header fields, without those that HTTP/2 has for the first line, and without the framing.
fn fields(headers: &[Headers]) -> Fields {
    let headers = headers.iter().filter(|header| {
        let is_framing = FRAMING
            .iter()
            .any(|name| header.name.eq_ignore_ascii_case(name));
        !header.name.starts_with(':') && !is_framing
    });
    headers
        .map(|header| {
            (
                header.name.to_ascii_lowercase().into(),
                header.value.clone().into(),
            )
        })
        .collect()
}

fn posted(data: &PostData) -> Option<Bytes> {
    if let Some(text) = &data.text {
        return decoded(text, data.encoding.as_deref());
    }
    let params = data.params.as_ref()?;
    if params.iter().any(|param| param.file_name.is_some()) {
        // Of a file there is the name only.
        return None;
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    for param in params {
        form.append_pair(&param.name, param.value.as_deref().unwrap_or_default());
    }
    Some(form.finish().into())
}

fn content(response: &HarResponse) -> Option<Bytes> {
    let content = &response.content;
    match &content.text {
        Some(text) => decoded(text, content.encoding.as_deref()),
        None if content.size > 0 => None,
        None => Some(Bytes::new()),
    }
}

fn decoded(text: &str, encoding: Option<&str>) -> Option<Bytes> {
    match encoding {
        Some("base64") => STANDARD.decode(text).ok().map(Bytes::from),
        _ => Some(text.to_owned().into()),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it saturates"
)]
fn micros(millis: f64) -> u64 {
    (millis.max(0.0) * 1_000.0) as u64
}

/// Nanoseconds since the beginning of 1970, of a time with an offset.
fn time(text: &str) -> Option<u64> {
    let (text, offset) = match text
        .len()
        .checked_sub(6)
        .and_then(|at| text.split_at_checked(at))
    {
        Some((local, offset)) if offset.starts_with(['+', '-']) => {
            let (hours, minutes) = offset[1..].split_once(':')?;
            let seconds = hours.parse::<u64>().ok()? * 3_600 + minutes.parse::<u64>().ok()? * 60;
            (
                format!("{local}Z"),
                Some((offset.starts_with('+'), Duration::from_secs(seconds))),
            )
        }
        _ => (text.to_owned(), None),
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

/// Writes records as an archive.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write_har(
    file: impl Write,
    records: impl Iterator<Item = Record>,
) -> Result<Converted, ConvertError> {
    let mut converted = Converted::default();
    let mut entries = Vec::new();
    for record in records {
        match entry(&record) {
            Some(entry) => {
                converted.records += 1;
                converted.with_response += u64::from(record.response.is_some());
                entries.push(entry);
            }
            None => converted.left_out += 1,
        }
    }
    let log = Log {
        creator: Creator {
            name: "mirror".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            comment: None,
        },
        browser: None,
        pages: None,
        entries,
        comment: None,
    };
    let version = "1.2".to_owned();
    let file_of = File {
        log: Versioned { version, log },
    };
    serde_json::to_writer(file, &file_of).map_err(|error| ConvertError(error.to_string()))?;
    Ok(converted)
}

/// An entry; `None` if the body of the request is not known, or the target is none of a URL.
fn entry(record: &Record) -> Option<Entries> {
    let request = &record.request;
    let body = request.body.as_ref()?;
    let target = std::str::from_utf8(&request.target).ok()?;
    let header = |fields: &Fields, wanted: &str| {
        let mut fields = fields.iter();
        let (_, value) = fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()))?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    let host = header(&request.headers, "host").unwrap_or_else(|| "unknown.invalid".to_owned());
    let mime = |fields: &Fields| {
        let mime = header(fields, "content-type");
        mime.unwrap_or_else(|| "application/octet-stream".to_owned())
    };
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let (text, encoding) = encoded(body);
    let post_data = (!body.is_empty()).then(|| PostData {
        mime_type: mime(&request.headers),
        text: Some(text),
        params: None,
        comment: None,
        encoding,
    });
    let latency = record
        .response
        .as_ref()
        .map_or(0, |response| response.latency_us);
    #[expect(clippy::cast_precision_loss, reason = "nobody waits for so long")]
    let time = latency as f64 / 1_000.0;
    Some(Entries {
        pageref: None,
        started_date_time: humantime::format_rfc3339_nanos(record.arrived()).to_string(),
        time,
        request: HarRequest {
            method: request.method.clone(),
            url: format!("http://{host}{target}"),
            http_version: "HTTP/1.1".to_owned(),
            cookies: Vec::new(),
            headers: written(&request.headers),
            query_string: form_urlencoded::parse(query.as_bytes())
                .map(|(name, value)| QueryString {
                    name: name.into_owned(),
                    value: value.into_owned(),
                    comment: None,
                })
                .collect(),
            post_data,
            headers_size: -1,
            body_size: size(body),
            comment: None,
            headers_compression: None,
        },
        response: response(record, &mime),
        cache: Cache {
            before_request: None,
            after_request: None,
        },
        timings: Timings {
            blocked: None,
            dns: None,
            connect: None,
            send: 0.0,
            wait: time,
            receive: 0.0,
            ssl: None,
            comment: None,
        },
        server_ip_address: None,
        connection: None,
        comment: Some(record.id.to_string()),
    })
}

fn response(record: &Record, mime: &impl Fn(&Fields) -> String) -> HarResponse {
    let none = Fields::new();
    let recorded = record.response.as_ref();
    let status = recorded.map_or(0, |response| response.status);
    let headers = recorded.map_or(&none, |response| &response.headers);
    let body = recorded.and_then(|response| response.body.as_ref());
    let (text, encoding) = match body {
        Some(body) => {
            let (text, encoding) = encoded(body);
            (Some(text), encoding)
        }
        None => (None, None),
    };
    let reason = StatusCode::from_u16(status).ok();
    let reason = reason.and_then(|status| status.canonical_reason());
    HarResponse {
        status: status.into(),
        status_text: reason.unwrap_or_default().to_owned(),
        http_version: "HTTP/1.1".to_owned(),
        cookies: Vec::new(),
        headers: written(headers),
        content: Content {
            // Of one that is withheld, only that there was one is known.
            size: match (recorded, body) {
                (_, Some(body)) => size(body),
                (Some(_), None) => 1,
                (None, None) => 0,
            },
            compression: None,
            mime_type: Some(mime(headers)),
            text,
            encoding,
            comment: None,
        },
        redirect_url: Some(String::new()),
        headers_size: -1,
        body_size: body.map_or(-1, size),
        comment: None,
        headers_compression: None,
    }
}

fn size(body: &Bytes) -> i64 {
    i64::try_from(body.len()).unwrap_or(i64::MAX)
}

fn encoded(body: &Bytes) -> (String, Option<String>) {
    match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (STANDARD.encode(body), Some("base64".to_owned())),
    }
}

fn written(fields: &Fields) -> Vec<Headers> {
    let write = |(name, value): &(Bytes, Bytes)| Headers {
        name: String::from_utf8_lossy(name).into_owned(),
        value: String::from_utf8_lossy(value).into_owned(),
        comment: None,
    };
    fields.iter().map(write).collect()
}
