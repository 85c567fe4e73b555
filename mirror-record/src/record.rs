//! One request, and the response that it got.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use crate::id::RecordId;

/// The version that payloads are written in. Those of this one and of the one before are read.
///
/// A field that is added has a tag of its own, which older programs pass over: that is no new
/// version.
pub const FORMAT_VERSION: u8 = 1;

/// As many header fields, trailer fields, or places that were replaced may a message have, each. A
/// field takes two bytes at least, and thirty times as many once it is read.
pub const MAX_FIELDS: usize = 1 << 17;

/// Header or trailer fields, in order, names as they are written: a name and its value.
pub type Fields = Vec<(Bytes, Bytes)>;

/// A request and the primary's response to it, at rest and without their secrets.
///
/// It is made by [`new`](Self::new), and its fields are set then.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// Its name. Two copies of a record have the same.
    pub id: RecordId,
    /// The name of the mirror.
    pub mirror: String,
    /// The build of the primary, as its operators name it.
    pub build: Option<String>,
    /// When the request arrived, by the clock of the system: nanoseconds since the beginning of
    /// 1970.
    pub arrived_ns: u64,
    /// Microseconds from then until the handler was called; `None` if it was not.
    pub handler_start_us: Option<u64>,
    /// Microseconds until the head of the response was there; `None` if there is no response.
    pub first_byte_us: Option<u64>,
    /// Microseconds until the response ended; `None` if that is not known.
    pub last_byte_us: Option<u64>,
    /// How the response ended.
    pub outcome: Outcome,
    /// The percentage of requests that are recorded, as it was set when this one was: from 0 to
    /// 100. This one stands for `100 / share` requests.
    pub share: f64,
    /// The session that the request belongs to, as a salted hash; `None` if that is not known.
    pub session: Option<SessionHash>,
    /// The request.
    pub request: Request,
    /// The response; `None` if there is none: the client went away before, or the handler panicked.
    pub response: Option<Response>,
    /// Which redaction took the secrets out. Another number takes out something else.
    pub redaction_version: u32,
    /// A fingerprint of the rules that named further secrets; `0` if there were none. Records with
    /// the same are redacted alike.
    pub rules_version: u64,
}

/// A request at rest.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query as they arrived.
    pub target: Bytes,
    /// The header fields.
    pub headers: Fields,
    /// The body; `None` if it is withheld: it may hold secrets that cannot be located, or it is too
    /// large.
    pub body: Option<Bytes>,
    /// The trailer fields.
    pub trailers: Fields,
    /// The parts that were replaced: `path`, `header authorization`, `query token`, or `body
    /// /password`.
    pub redacted: Vec<String>,
}

/// A response at rest.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Fields,
    /// The body, as far as it went to the client; `None` if it is withheld.
    pub body: Option<Bytes>,
    /// The trailer fields.
    pub trailers: Fields,
    /// JSON pointers to the values that were replaced in the body.
    pub redacted: Vec<String>,
    /// Microseconds that the handler took, without those in which nobody asked for more.
    pub latency_us: u64,
}

/// How a response ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// All of it is there.
    Complete,
    /// The client went away before its end.
    Cancelled,
    /// The handler panicked, or the body failed.
    Failed,
    /// The body is larger than what is recorded.
    Cut,
}

/// A salted hash of what tells a session: equal for the requests of one session, as long as the
/// secret is the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionHash(pub [u8; 16]);

impl Record {
    /// A record of a request that has arrived at the beginning of 1970, and that was answered by
    /// nothing: [`Outcome::Failed`], with a share of 100.
    pub fn new(id: RecordId, mirror: impl Into<String>, request: Request) -> Self {
        Self {
            id,
            mirror: mirror.into(),
            build: None,
            arrived_ns: 0,
            handler_start_us: None,
            first_byte_us: None,
            last_byte_us: None,
            outcome: Outcome::Failed,
            share: 100.0,
            session: None,
            request,
            response: None,
            redaction_version: 0,
            rules_version: 0,
        }
    }

    /// When the request arrived, by the clock of the system.
    #[must_use]
    pub fn arrived(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.arrived_ns)
    }

    /// Which of so many shards it belongs to: all records of a session to the same. Those without a
    /// session are spread evenly. `0` if there are none.
    ///
    /// It is the first eight bytes of the session, or the last eight of the id, as a number in
    /// network byte order, modulo the number of shards.
    #[must_use]
    pub fn shard(&self, shards: u16) -> u16 {
        self.borrowed().shard(shards)
    }

    /// The bytes of both bodies.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        let response = self
            .response
            .as_ref()
            .and_then(|response| response.body.as_ref());
        let bodies = self.request.body.iter().chain(response);
        bodies.map(Bytes::len).sum()
    }
}

impl Request {
    /// A request without header fields and with an empty body.
    pub fn new(method: impl Into<String>, target: impl Into<Bytes>) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            headers: Vec::new(),
            body: Some(Bytes::new()),
            trailers: Vec::new(),
            redacted: Vec::new(),
        }
    }
}

impl Response {
    /// A response without header fields and with an empty body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Some(Bytes::new()),
            trailers: Vec::new(),
            redacted: Vec::new(),
            latency_us: 0,
        }
    }
}

impl Outcome {
    /// All of them, by their numbers.
    pub(crate) const ALL: [Self; 4] = [Self::Complete, Self::Cancelled, Self::Failed, Self::Cut];

    /// As it is written: `complete`, `cancelled`, `failed` or `cut`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Cut => "cut",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// As 32 hexadecimal digits.
impl fmt::Display for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionHash({self})")
    }
}

/// A text is not a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a session: it has 32 hexadecimal digits")]
pub struct ParseSessionError;

impl FromStr for SessionHash {
    type Err = ParseSessionError;

    fn from_str(text: &str) -> Result<Self, ParseSessionError> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|_| is_hex);
        let number = number.ok_or(ParseSessionError)?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// How much there is, and nothing of it.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("headers", &self.headers.len())
            .field("body", &self.body.as_ref().map(Bytes::len))
            .field("redacted", &self.redacted)
            .finish_non_exhaustive()
    }
}

/// How much there is, and nothing of it.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body.as_ref().map(Bytes::len))
            .field("redacted", &self.redacted)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(random: u128) -> Record {
        Record::new(
            RecordId::from_parts(7, random),
            "orders",
            Request::new("GET", "/"),
        )
    }

    #[test]
    fn requests_of_a_session_are_in_one_shard() {
        let mut record = record(1);
        let session: SessionHash = "00000000000000230123456789abcdef".parse().unwrap();
        record.session = Some(session);
        assert_eq!(record.shard(16), 0x23 % 16);
        record.id = RecordId::generate();
        assert_eq!(record.shard(16), 0x23 % 16);
        assert_eq!(record.shard(0), 0);
        assert_eq!(session.to_string(), "00000000000000230123456789abcdef");
        for text in ["", "+0000000000000230123456789abcdef", "0000000000000023"] {
            assert_eq!(text.parse::<SessionHash>(), Err(ParseSessionError));
        }
    }

    #[test]
    fn requests_without_a_session_are_spread() {
        let mut counts = [0; 16];
        for random in 0..1600 {
            counts[usize::from(record(random).shard(16))] += 1;
        }
        assert_eq!(counts, [100; 16]);
    }

    #[test]
    fn what_was_recorded_is_not_shown() {
        let mut record = record(1);
        record.request.target = "/canary".into();
        record.request.headers.push(("a".into(), "canary".into()));
        record.request.body = Some("canary".into());
        let mut response = Response::new(200);
        response.body = Some("canary".into());
        record.response = Some(response);
        let shown = format!("{record:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}
