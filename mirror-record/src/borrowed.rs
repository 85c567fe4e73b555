//! Records that are made of what somebody else has.

use std::fmt;

use bytes::Bytes;

use crate::{
    id::RecordId,
    record::{Fields, MAX_FIELDS, Outcome, Record, Request, Response, SessionHash},
};

/// Header or trailer fields, in order, wherever they are kept.
pub trait FieldList {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls a function with the name and the value of each, in their order.
    fn each(&self, field: &mut dyn FnMut(&[u8], &[u8]));
}

/// A [`Record`] whose parts are somebody else's: it is [encoded](Self::encode) without a copy of them.
///
/// ```
/// use mirror_record::{Fields, Record, RecordId, RecordRef, RequestRef};
///
/// let headers: Fields = vec![("host".into(), "shop.example".into())];
/// let mut request = RequestRef::new("GET", b"/orders/7");
/// request.headers = &headers;
/// let payload = RecordRef::new(RecordId::generate(), "orders", request).encode();
/// let record = Record::decode(&payload)?;
/// assert_eq!(record.request.headers, headers);
/// # Ok::<(), mirror_record::RecordError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordRef<'a> {
    /// See [`Record::id`].
    pub id: RecordId,
    /// See [`Record::mirror`].
    pub mirror: &'a str,
    /// See [`Record::build`].
    pub build: Option<&'a str>,
    /// See [`Record::arrived_ns`].
    pub arrived_ns: u64,
    /// See [`Record::handler_start_us`].
    pub handler_start_us: Option<u64>,
    /// See [`Record::first_byte_us`].
    pub first_byte_us: Option<u64>,
    /// See [`Record::last_byte_us`].
    pub last_byte_us: Option<u64>,
    /// See [`Record::outcome`].
    pub outcome: Outcome,
    /// See [`Record::share`].
    pub share: f64,
    /// See [`Record::session`].
    pub session: Option<SessionHash>,
    /// See [`Record::request`].
    pub request: RequestRef<'a>,
    /// See [`Record::response`].
    pub response: Option<ResponseRef<'a>>,
    /// See [`Record::redaction_version`].
    pub redaction_version: u32,
    /// See [`Record::rules_version`].
    pub rules_version: u64,
}

/// A [`Request`] whose parts are somebody else's.
#[derive(Clone)]
#[non_exhaustive]
pub struct RequestRef<'a> {
    /// See [`Request::method`].
    pub method: &'a str,
    /// See [`Request::target`].
    pub target: &'a [u8],
    /// See [`Request::headers`].
    pub headers: &'a dyn FieldList,
    /// See [`Request::body`].
    pub body: Option<&'a [u8]>,
    /// See [`Request::trailers`].
    pub trailers: &'a dyn FieldList,
    /// See [`Request::redacted`].
    pub redacted: &'a [String],
}

/// A [`Response`] whose parts are somebody else's.
#[derive(Clone)]
#[non_exhaustive]
pub struct ResponseRef<'a> {
    /// See [`Response::status`].
    pub status: u16,
    /// See [`Response::headers`].
    pub headers: &'a dyn FieldList,
    /// See [`Response::body`].
    pub body: Option<&'a [u8]>,
    /// See [`Response::trailers`].
    pub trailers: &'a dyn FieldList,
    /// See [`Response::redacted`].
    pub redacted: &'a [String],
    /// See [`Response::latency_us`].
    pub latency_us: u64,
}

/// None.
const NO_FIELDS: &dyn FieldList = &Fields::new();

impl FieldList for Fields {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn each(&self, field: &mut dyn FnMut(&[u8], &[u8])) {
        for (name, value) in self {
            field(name, value);
        }
    }
}

impl<'a> RecordRef<'a> {
    /// A record as [`Record::new`] makes it.
    #[must_use]
    pub fn new(id: RecordId, mirror: &'a str, request: RequestRef<'a>) -> Self {
        Self {
            id,
            mirror,
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

    /// The record with copies of all its parts.
    #[must_use]
    pub fn to_owned(&self) -> Record {
        let mut record = Record::new(self.id, self.mirror, self.request.to_owned());
        record.build = self.build.map(str::to_owned);
        record.arrived_ns = self.arrived_ns;
        record.handler_start_us = self.handler_start_us;
        record.first_byte_us = self.first_byte_us;
        record.last_byte_us = self.last_byte_us;
        record.outcome = self.outcome;
        record.share = self.share;
        record.session = self.session;
        record.response = self.response.as_ref().map(ResponseRef::to_owned);
        record.redaction_version = self.redaction_version;
        record.rules_version = self.rules_version;
        record
    }

    /// Which of so many shards it belongs to: see [`Record::shard`].
    #[must_use]
    pub fn shard(&self, shards: u16) -> u16 {
        let number = match self.session {
            Some(SessionHash(bytes)) => u128::from_be_bytes(bytes) >> 64,
            None => u128::from_be_bytes(self.id.to_bytes()) & u128::from(u64::MAX),
        };
        let shard = number.checked_rem(shards.into()).unwrap_or(0);
        u16::try_from(shard).unwrap_or(0)
    }

    /// About how many bytes it has as a payload, some more rather than less.
    #[must_use]
    pub fn size_hint(&self) -> usize {
        /// What is not counted one by one.
        const REST: usize = 192;
        let texts = [self.mirror, self.build.unwrap_or_default()];
        let texts = texts.iter().map(|text| text.len()).sum::<usize>();
        let response = self.response.as_ref().map_or(0, |response| {
            size_of_parts(
                response.headers,
                response.body,
                response.trailers,
                response.redacted,
            )
        });
        let request = &self.request;
        let parts = size_of_parts(
            request.headers,
            request.body,
            request.trailers,
            request.redacted,
        );
        REST + texts + request.method.len() + request.target.len() + parts + response
    }
}

fn size_of_parts(
    headers: &dyn FieldList,
    body: Option<&[u8]>,
    trailers: &dyn FieldList,
    redacted: &[String],
) -> usize {
    // Of each length, mostly.
    const LENGTH: usize = 3;
    let mut bytes = body.map_or(0, <[u8]>::len);
    for fields in [headers, trailers] {
        fields.each(&mut |name, value| bytes += name.len() + value.len() + 2 * LENGTH);
    }
    bytes
        + redacted
            .iter()
            .map(|place| place.len() + LENGTH)
            .sum::<usize>()
}

impl<'a> RequestRef<'a> {
    /// A request as [`Request::new`] makes it.
    #[must_use]
    pub fn new(method: &'a str, target: &'a [u8]) -> Self {
        Self {
            method,
            target,
            headers: NO_FIELDS,
            body: Some(&[]),
            trailers: NO_FIELDS,
            redacted: &[],
        }
    }

    fn to_owned(&self) -> Request {
        let mut request = Request::new(self.method, Bytes::copy_from_slice(self.target));
        request.headers = fields(self.headers);
        request.body = self.body.map(Bytes::copy_from_slice);
        request.trailers = fields(self.trailers);
        request.redacted = self.redacted.to_vec();
        request
    }
}

impl ResponseRef<'_> {
    /// A response as [`Response::new`] makes it.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: NO_FIELDS,
            body: Some(&[]),
            trailers: NO_FIELDS,
            redacted: &[],
            latency_us: 0,
        }
    }

    fn to_owned(&self) -> Response {
        let mut response = Response::new(self.status);
        response.headers = fields(self.headers);
        response.body = self.body.map(Bytes::copy_from_slice);
        response.trailers = fields(self.trailers);
        response.redacted = self.redacted.to_vec();
        response.latency_us = self.latency_us;
        response
    }
}

fn fields(list: &dyn FieldList) -> Fields {
    let mut fields = Vec::with_capacity(list.len().min(MAX_FIELDS));
    list.each(&mut |name, value| {
        fields.push((Bytes::copy_from_slice(name), Bytes::copy_from_slice(value)));
    });
    fields
}

impl Record {
    /// The same record, to be read.
    #[must_use]
    pub fn borrowed(&self) -> RecordRef<'_> {
        let Self {
            id,
            mirror,
            build,
            arrived_ns,
            handler_start_us,
            first_byte_us,
            last_byte_us,
            outcome,
            share,
            session,
            request,
            response,
            redaction_version,
            rules_version,
        } = self;
        RecordRef {
            id: *id,
            mirror,
            build: build.as_deref(),
            arrived_ns: *arrived_ns,
            handler_start_us: *handler_start_us,
            first_byte_us: *first_byte_us,
            last_byte_us: *last_byte_us,
            outcome: *outcome,
            share: *share,
            session: *session,
            request: request.borrowed(),
            response: response.as_ref().map(Response::borrowed),
            redaction_version: *redaction_version,
            rules_version: *rules_version,
        }
    }
}

impl Request {
    pub(crate) fn borrowed(&self) -> RequestRef<'_> {
        RequestRef {
            method: &self.method,
            target: &self.target,
            headers: &self.headers,
            body: self.body.as_deref(),
            trailers: &self.trailers,
            redacted: &self.redacted,
        }
    }
}

impl Response {
    fn borrowed(&self) -> ResponseRef<'_> {
        ResponseRef {
            status: self.status,
            headers: &self.headers,
            body: self.body.as_deref(),
            trailers: &self.trailers,
            redacted: &self.redacted,
            latency_us: self.latency_us,
        }
    }
}

/// How much there is, and nothing of it.
impl fmt::Debug for RequestRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestRef")
            .field("method", &self.method)
            .field("headers", &self.headers.len())
            .field("body", &self.body.map(<[u8]>::len))
            .finish_non_exhaustive()
    }
}

/// How much there is, and nothing of it.
impl fmt::Debug for ResponseRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseRef")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body.map(<[u8]>::len))
            .finish_non_exhaustive()
    }
}
