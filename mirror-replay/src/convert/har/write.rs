//! Writing archives.

use std::io::Write;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use har::v1_3::{
    Cache, Content, Creator, Entries, Headers, Log, PostData, QueryString, Request as HarRequest,
    Response as HarResponse, Timings,
};
use http::{StatusCode, uri::Authority};
use mirror_record::{Fields, Outcome, Record, Response, SessionHash};
use serde::Serialize;

use super::{NO_HOST, read};
use crate::convert::{
    ConvertError, Converted,
    message::{
        is_same_request, is_same_response, reason_of, reason_of_response, redacted_field, value,
    },
};

/// A whole file.
#[derive(Serialize)]
struct File {
    log: Versioned,
}

/// The newer version has all that the older one has.
#[derive(Serialize)]
struct Versioned {
    version: String,
    #[serde(flatten)]
    log: Log,
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
        let Some((entry, has_response)) = checked(&record)? else {
            converted.leave_out(|| reason_of(&record));
            continue;
        };
        converted.add(&record.request, has_response);
        if record.response.is_some() && !has_response {
            converted.leave_response_out(|| reason_of_response(&record));
        }
        entries.push(entry);
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
    serde_json::to_writer(file, &file_of)?;
    Ok(converted)
}

/// An entry, and whether it has the response; `None` if it would be read as another request.
fn checked(record: &Record) -> Result<Option<(Entries, bool)>, ConvertError> {
    let written = entry(record, known_response(record));
    let Some(written) = written else {
        return Ok(None);
    };
    let value = serde_json::to_value(&written)?;
    let Ok(read) = read::record(&value, &record.mirror, 0, SessionHash([0; 16])) else {
        return Ok(None);
    };
    if !is_same_request(&read.request, &record.request) {
        return Ok(None);
    }
    let is_same = match (&read.response, known_response(record)) {
        (Some(read), Some(response)) => is_same_response(read, response, &record.request.method),
        (None, None) => return Ok(Some((written, false))),
        _ => false,
    };
    if is_same {
        return Ok(Some((written, true)));
    }
    Ok(entry(record, None).map(|written| (written, false)))
}

/// The response, if all of it is known, or nothing of its body. One that broke off is another one
/// without saying so.
fn known_response(record: &Record) -> Option<&Response> {
    let response = record.response.as_ref()?;
    let is_known = response.body.is_none() || record.outcome == Outcome::Complete;
    is_known.then_some(response)
}

/// An entry; `None` if the body of the request is not known, or the target is none of a URL.
fn entry(record: &Record, response: Option<&Response>) -> Option<Entries> {
    let request = &record.request;
    let body = request.body.as_ref()?;
    let target = std::str::from_utf8(&request.target).ok()?;
    let text = |fields: &Fields, name: &str| {
        let text = value(fields, name)?;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    let host = text(&request.headers, "host").filter(|host| host.parse::<Authority>().is_ok());
    let host = host.unwrap_or_else(|| NO_HOST.to_owned());
    let mime = |fields: &Fields| {
        let mime = text(fields, "content-type");
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
    let latency = response.map_or(0, |response| response.latency_us);
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
            headers: written(&request.headers, &request.redacted),
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
        response: response_of(response, &mime),
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

/// Of one that is not known, as browsers write it: with a status of 0.
fn response_of(response: Option<&Response>, mime: &impl Fn(&Fields) -> String) -> HarResponse {
    let nothing = Response::new(0);
    let recorded = response.unwrap_or(&nothing);
    let (status, headers, body) = (recorded.status, &recorded.headers, recorded.body.as_ref());
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
        headers: written(headers, &recorded.redacted),
        content: Content {
            // Of one that is withheld nothing is known.
            size: body.map_or(-1, size),
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

impl From<serde_json::Error> for ConvertError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

fn encoded(body: &Bytes) -> (String, Option<String>) {
    match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (STANDARD.encode(body), Some("base64".to_owned())),
    }
}

fn written(fields: &Fields, redacted: &[String]) -> Vec<Headers> {
    let write = |(name, value): &(Bytes, Bytes)| Headers {
        name: String::from_utf8_lossy(name).into_owned(),
        value: String::from_utf8_lossy(value).into_owned(),
        comment: None,
    };
    let redacted = redacted_field(redacted);
    fields.iter().chain(&redacted).map(write).collect()
}
