//! A request and the primary's response to it.

use std::{
    fmt::{self, Write},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, uri::PathAndQuery};
use mirror_compare::{
    BufferedResponse, Ending, Rules,
    redact::{Redaction, Searched, Unredactable, is_encoded},
};
use serde::{Deserialize, Serialize};

use super::{
    about::About,
    message::{Parts, RecordedRequest, RecordedResponse},
};
use crate::{
    body::CopyBody,
    bounds::Reservation,
    key::{Key, Purpose},
    outcome::Completion,
    request::KeptRequest,
};

/// One request and the primary's response to it, at rest and without their secrets: what a
/// [`Sink`](crate::Sink) is given.
///
/// It is serialized as an object, and can be read again:
///
/// ```json
/// {
///   "mirror": "orders",
///   "arrived_ns": 1764206400000000000,
///   "handler_start_us": 12,
///   "first_byte_us": 1310,
///   "last_byte_us": 1322,
///   "completion": "complete",
///   "request": { "method": "GET", "target": "/orders/7", "headers": [], "body": "", "redacted": [] },
///   "response": { "status": 200, "headers": [], "body": "{}", "redacted": [], "latency_us": 1310 }
/// }
/// ```
///
/// As long as it lives, what it holds has its place in the byte budget of the process
/// ([`Limits`](crate::Limits)).
#[derive(Serialize, Deserialize)]
pub struct RecordedExchange {
    pub(super) mirror: String,
    /// Since the beginning of 1970.
    pub(super) arrived_ns: u64,
    pub(super) handler_start_us: Option<u64>,
    pub(super) first_byte_us: Option<u64>,
    pub(super) last_byte_us: Option<u64>,
    pub(super) completion: Completion,
    pub(super) request: RecordedRequest,
    pub(super) response: Option<RecordedResponse>,
    /// What a record says besides.
    #[cfg_attr(not(feature = "log"), expect(dead_code, reason = "it says nothing"))]
    #[serde(skip)]
    pub(super) about: About,
    #[serde(skip)]
    place: BudgetPlace,
}

/// The place of an exchange in the byte budget of the process: see
/// [`RecordedExchange::place`].
#[derive(Clone, Debug, Default)]
pub struct BudgetPlace {
    _places: Arc<[Arc<Reservation>]>,
}

/// Two messages of so many bytes together are searched where copies are made: in some 40 us, and to
/// send one takes as long.
const LIGHT: usize = 16 * 1024;

/// When what happened, since the request had arrived.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) handler_start: Option<Duration>,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) last_byte: Option<Duration>,
}

/// An exchange that is to be recorded.
pub(crate) struct Exchanged {
    pub(crate) arrived: SystemTime,
    pub(crate) times: Times,
    pub(crate) completion: Completion,
    pub(crate) method: Method,
    pub(crate) request: KeptRequest,
    pub(crate) body: CopyBody,
    pub(crate) response: Option<BufferedResponse>,
    /// Where the response has its place in the byte budget.
    pub(crate) places: Vec<Reservation>,
    /// What is known of the bodies of both.
    pub(crate) searched: Option<[Searched; 2]>,
}

impl Exchanged {
    /// Whether its secrets are found in moments: both messages are small, and nothing in their bodies is
    /// secret by itself. What is found out for that is kept.
    pub(crate) fn is_light(&mut self, rules: &Rules) -> bool {
        let request = self.body.to_bytes();
        let response = self.response.as_ref().and_then(known_body);
        let bodies = [&request, response.unwrap_or(&Bytes::new())].map(Bytes::clone);
        let headers = [
            Some(&self.request.headers),
            self.response.as_ref().map(BufferedResponse::headers),
        ];
        let values = headers.into_iter().flatten().flat_map(HeaderMap::values);
        let target = self.request.target.as_ref();
        let bytes = bodies.iter().map(Bytes::len).sum::<usize>()
            + values.map(HeaderValue::len).sum::<usize>()
            + target.map_or(0, |target| target.as_str().len());
        if bytes > LIGHT {
            return false;
        }
        let searched = bodies.each_ref().map(|body| Searched::of(body, rules));
        self.searched = Some(searched);
        let mut all = bodies.iter().zip(searched);
        all.all(|(body, searched)| body.is_empty() || searched.is_plain())
    }
}

/// The body of a response, unless it was cut or cannot be read.
fn known_body(response: &BufferedResponse) -> Option<&Bytes> {
    let is_known = response.ending() != Ending::Truncated && !is_encoded(response.headers());
    is_known.then(|| response.body())
}

impl RecordedExchange {
    /// The exchange without its secrets. That takes as long as reading the bodies does.
    pub(crate) fn new(
        mirror: &str,
        exchanged: Exchanged,
        rules: &Rules,
        set: &[(HeaderName, HeaderValue)],
        key: &Key,
        about: About,
    ) -> Self {
        let Exchanged {
            request: kept,
            response,
            body,
            times,
            searched,
            ..
        } = exchanged;
        let request_body = body.to_bytes();
        let response_body = response.as_ref().and_then(known_body).cloned();
        let root = PathAndQuery::from_static("/");
        let target = kept.target.as_ref().unwrap_or(&root);
        let mark = |value: &[u8]| mark(key, value);
        let mut redaction = Redaction::new(rules).with_marks(&mark);
        redaction.learn_set_headers(set);
        let body_of_response = response_body.as_deref().unwrap_or_default();
        let [searched, searched_response] = searched.unwrap_or_else(|| {
            [&*request_body, body_of_response].map(|body| Searched::of(body, rules))
        });
        redaction.learn_request(target.query(), &kept.headers, &request_body, searched);
        if let Some(response) = &response {
            redaction.learn_response(response, body_of_response, searched_response);
        }
        let parts = Parts {
            method: &exchanged.method,
            target,
            headers: &kept.headers,
            body: (!kept.lacks_body).then_some(request_body),
            searched,
            trailers: body.trailers(),
        };
        let request = RecordedRequest::new(parts, &redaction);
        let response = response
            .and_then(|response| recorded(&response, response_body, searched_response, &redaction));
        let places = exchanged.places.into_iter().map(Arc::new);
        let arrived = exchanged.arrived.duration_since(SystemTime::UNIX_EPOCH);
        Self {
            mirror: mirror.to_owned(),
            arrived_ns: arrived.map_or(0, nanos),
            handler_start_us: times.handler_start.map(micros),
            first_byte_us: times.first_byte.map(micros),
            last_byte_us: times.last_byte.map(micros),
            completion: exchanged.completion,
            request,
            response,
            about,
            place: BudgetPlace {
                _places: places
                    .chain(body.reservation())
                    .chain([Arc::new(kept.into_place())])
                    .collect(),
            },
        }
    }

    /// The name of the mirror.
    #[must_use]
    pub fn mirror(&self) -> &str {
        &self.mirror
    }

    /// When the request arrived, by the clock of the system.
    #[must_use]
    pub fn arrived(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.arrived_ns)
    }

    /// The time from then until the handler was called: while its body was read, for example.
    /// `None` if it was not.
    #[must_use]
    pub fn handler_start(&self) -> Option<Duration> {
        self.handler_start_us.map(Duration::from_micros)
    }

    /// The time until the head of the response was there; `None` if there is no response.
    #[must_use]
    pub fn first_byte(&self) -> Option<Duration> {
        self.first_byte_us.map(Duration::from_micros)
    }

    /// The time until the response ended, for whatever reason; `None` if there is none, or if it is
    /// larger than the bounds.
    #[must_use]
    pub fn last_byte(&self) -> Option<Duration> {
        self.last_byte_us.map(Duration::from_micros)
    }

    /// How the response ended.
    #[must_use]
    pub fn completion(&self) -> Completion {
        self.completion
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &RecordedRequest {
        &self.request
    }

    /// The primary's response; `None` if there is none: the client went away before, or the handler
    /// panicked.
    #[must_use]
    pub fn response(&self) -> Option<&RecordedResponse> {
        self.response.as_ref()
    }

    /// Its place in the byte budget, which it has as long as one of these lives: for who has made
    /// bytes of the exchange, and keeps these alone.
    #[must_use]
    pub fn place(&self) -> BudgetPlace {
        self.place.clone()
    }

    /// The bytes of both bodies.
    pub(crate) fn bytes(&self) -> u64 {
        let response = self.response.as_ref().and_then(RecordedResponse::body);
        let bodies = [self.request.body(), response];
        bodies
            .into_iter()
            .flatten()
            .map(|body| body.len() as u64)
            .sum()
    }
}

/// A response without its secrets. A body in which they cannot be located is left out.
fn recorded(
    response: &BufferedResponse,
    body: Option<Bytes>,
    searched: Searched,
    redaction: &Redaction<'_>,
) -> Option<RecordedResponse> {
    let recorded = RecordedResponse::new(response, body, searched, redaction);
    let recorded = recorded
        .or_else(|Unredactable| RecordedResponse::new(response, None, searched, redaction))
        .ok()?;
    Some(recorded.0)
}

/// What stands for a secret: the same for the same one, wherever it stands, and in each process with
/// the same key.
fn mark(key: &Key, value: &[u8]) -> String {
    let digest = key.digest(Purpose::Redacted, &[value]);
    let (number, _) = digest.split_at(8);
    let hex: String = number.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a text does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("[redacted:{hex}]")
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// How much there is, and nothing of it.
impl fmt::Debug for RecordedExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedExchange")
            .field("mirror", &self.mirror)
            .field("completion", &self.completion)
            .field("request", &self.request)
            .field("response", &self.response)
            .finish_non_exhaustive()
    }
}
