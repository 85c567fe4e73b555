//! What a record is in NATS: its subject, its headers, its payload.

use async_nats::HeaderMap;
use bytes::Bytes;
use mirror_record::RecordRef;
use mirror_runtime::RecordedExchange;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The subjects of all records.
pub(crate) const SUBJECTS: &str = "mirror.v1.>";

/// What is not for tokens of subjects, and what some tools do not like there.
const IN_SUBJECTS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// The subject of a mirror's records of one shard: `mirror.v1.orders.3`.
///
/// Letters and digits of ASCII, `-` and `_` stay as they are in the name of the mirror; any other
/// byte becomes `%` and two digits, because some have a meaning in subjects.
///
/// ```
/// assert_eq!(mirror_fleet::subject("orders", 3), "mirror.v1.orders.3");
/// assert_eq!(mirror_fleet::subject("a.b *", 0), "mirror.v1.a%2Eb%20%2A.0");
/// ```
#[must_use]
pub fn subject(mirror: &str, shard: u16) -> String {
    format!("mirror.v1.{}.{shard}", token(mirror))
}

/// The subjects of a mirror's records of all shards: `mirror.v1.orders.*`.
#[must_use]
pub fn subjects(mirror: &str) -> String {
    format!("mirror.v1.{}.*", token(mirror))
}

/// A name, safe in a subject. That of nobody is none, which no subject may have.
fn token(mirror: &str) -> String {
    match utf8_percent_encode(mirror, IN_SUBJECTS).to_string() {
        token if token.is_empty() => "%".to_owned(),
        token => token,
    }
}

/// The mirror whose records have a subject.
pub(crate) fn mirror_of(subject: &str) -> Option<String> {
    let (token, _) = subject.strip_prefix("mirror.v1.")?.split_once('.')?;
    if token == "%" {
        return Some(String::new());
    }
    Some(percent_decode_str(token).decode_utf8_lossy().into_owned())
}

/// Some more than what the payload will have, for what is not counted one by one.
const OVERHEAD: usize = 256;

/// About how many bytes a record takes while it waits.
pub(super) fn size(exchange: &RecordedExchange) -> usize {
    let fields = |(name, value): (&str, &[u8])| name.len() + value.len();
    let request = exchange.request();
    let mut bytes = OVERHEAD + request.target().len();
    bytes += request.headers().map(fields).sum::<usize>();
    bytes += request.trailers().map(fields).sum::<usize>();
    bytes += request.body().map_or(0, <[u8]>::len);
    if let Some(response) = exchange.response() {
        bytes += response.headers().map(fields).sum::<usize>();
        bytes += response.trailers().map(fields).sum::<usize>();
        bytes += response.body().map_or(0, <[u8]>::len);
    }
    bytes
}

/// A record, ready to be sent.
pub(super) struct Message {
    pub(super) subject: String,
    pub(super) payload: Bytes,
    id: String,
    source: String,
    time: Option<String>,
    traceparent: Option<String>,
}

impl Message {
    pub(super) fn new(record: &RecordRef<'_>, shards: u16) -> Self {
        let arrived = OffsetDateTime::from_unix_timestamp_nanos(record.arrived_ns.into());
        let time = arrived.ok().and_then(|time| time.format(&Rfc3339).ok());
        let mut traceparent = None;
        record.request.headers.each(&mut |name, value| {
            if name == b"traceparent" && traceparent.is_none() {
                traceparent = visible(value);
            }
        });
        Self {
            subject: subject(record.mirror, record.shard(shards)),
            payload: record.encode(),
            id: record.id.to_string(),
            source: format!("/mirror/{}", token(record.mirror)),
            time,
            traceparent,
        }
    }

    /// Those of CloudEvents 1.0 in binary mode, and the id by which JetStream knows duplicates.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", self.id.as_str());
        headers.insert("ce-id", self.id.as_str());
        headers.insert("ce-source", self.source.as_str());
        headers.insert("ce-specversion", "1.0");
        headers.insert("ce-type", "mirror.record.v1");
        headers.insert("content-type", "application/vnd.mirror.record");
        if let Some(time) = &self.time {
            headers.insert("ce-time", time.as_str());
        }
        if let Some(traceparent) = &self.traceparent {
            headers.insert("traceparent", traceparent.as_str());
        }
        headers
    }
}

/// The value if it can be a header of NATS: it was sent by a client.
fn visible(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let is_short = text.len() <= 128;
    (is_short && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.to_owned())
}
