//! Reading a shadow's response: as much as is of use, and then as much as makes the connection
//! usable again.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{BoxError, body::Body};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode, Version, header};
use http_body::{Body as _, Frame};
use tokio::{task::coop::poll_proceed, time::Instant};

use crate::{
    body::copied,
    exchange::{Ending, Noting},
    outcome::{BufferedResponse, MirrorError},
    transport::Sending,
};

/// How much of a response's body is kept for callbacks.
const MAX_KEPT: usize = 64 * 1024;

/// How much of a response's body is read at all. Reading the rest of a longer one costs more than
/// the new connection that dropping it costs.
pub(crate) const MAX_READ: usize = 1024 * 1024;

/// The frames (chunks, `DATA` frames) that a response may always have: a stream of events or lines
/// that ends is within.
const FREE_FRAMES: usize = 1024;

/// A response may have one more frame for each so many bytes. A frame costs half a microsecond,
/// whatever is in it: a body of [`MAX_READ`] bytes costs five milliseconds at most, and one of
/// single bytes is left after a thousand.
const BYTES_PER_FRAME: usize = 128;

/// Trailer fields of one response, in number and in bytes: what a head may have. More are a
/// failure, as in a head.
const MAX_TRAILERS: usize = 100;
const MAX_TRAILER_BYTES: usize = 64 * 1024;

/// How much of a response to keep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Whether a callback asks for it.
    pub(super) keep: bool,
    /// Whether it is compared.
    pub(super) compare: bool,
    /// How much of its body is compared, if that matters.
    pub(super) max_compared: Option<usize>,
}

impl Wanted {
    /// Whether nobody looks at the body.
    fn is_head_alone(self) -> bool {
        !self.keep && (!self.compare || self.max_compared.is_none())
    }
}

/// A response, and what was noted of it if it is compared: in a box, for which the futures of the
/// many that are not compared have little room to keep.
pub(super) type Received = (BufferedResponse, Option<(Box<Noting>, Ending)>);

/// Why there is no response, and what was noted of one that broke off.
pub(super) struct Failed {
    pub(super) error: MirrorError,
    pub(super) noting: Option<Box<Noting>>,
}

impl From<MirrorError> for Failed {
    fn from(error: MirrorError) -> Self {
        Self {
            error,
            noting: None,
        }
    }
}

/// Waits for a response and reads its body; keeps of it what is wanted.
///
/// Not an `async` block, of which nothing is left when its time is over: once the head is there,
/// the copy is answered.
pub(super) struct Receiving {
    stage: Stage,
    left: Instant,
    wanted: Wanted,
}

enum Stage {
    Waiting(Sending),
    Reading(Reading),
    Over,
}

impl Receiving {
    pub(super) fn new(sending: Sending, left: Instant, wanted: Wanted) -> Self {
        Self {
            stage: Stage::Waiting(sending),
            left,
            wanted,
        }
    }

    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Received, MirrorError>> {
        if let Stage::Waiting(sending) = &mut self.stage {
            let response = ready!(sending.as_mut().poll(context))?;
            self.stage = Stage::Reading(Reading::new(response, self.left.elapsed(), self.wanted));
        }
        let Stage::Reading(reading) = &mut self.stage else {
            return Poll::Pending;
        };
        let ending = ready!(reading.poll(context))?;
        Poll::Ready(self.finish(ending).ok_or(MirrorError::Cancelled))
    }

    /// Ends before the response has, for a reason. That is a failure, unless the head was there and
    /// says nothing of how much was to come.
    pub(super) fn cut(&mut self, reason: MirrorError) -> Result<Received, MirrorError> {
        match &self.stage {
            Stage::Reading(reading) if !reading.must_end => {
                self.finish(Ending::Streaming).ok_or(reason)
            }
            _ => Err(reason),
        }
    }

    /// What was noted of a response whose body has failed.
    pub(super) fn broken(&mut self) -> Option<Box<Noting>> {
        match &mut self.stage {
            Stage::Reading(reading) => reading.noting.take(),
            _ => None,
        }
    }

    fn finish(&mut self, ending: Ending) -> Option<Received> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Reading(reading) => Some(reading.finish(ending, self.left.elapsed())),
            _ => None,
        }
    }
}

/// A response whose head is there.
struct Reading {
    status: StatusCode,
    version: Version,
    headers: HeaderMap,
    body: Body,
    first_byte: Duration,
    kept: Kept,
    noting: Option<Box<Noting>>,
    trailers: Option<Box<HeaderMap>>,
    read: usize,
    frames: usize,
    truncated: bool,
    /// Whether the end of the body is known beforehand, and is within what is read.
    must_end: bool,
    /// Whether the rest is of use to nobody.
    is_over: bool,
}

impl Reading {
    fn new(response: Response<Body>, first_byte: Duration, wanted: Wanted) -> Self {
        let (head, body) = response.into_parts();
        let noting = wanted.compare.then(|| {
            let known = body.size_hint().exact();
            let headers = copied(&head.headers);
            let noting = Noting::new(head.status, headers, wanted.max_compared, known);
            Box::new(noting)
        });
        let length = stated_length(&head.headers, &body);
        Self {
            must_end: length.is_some_and(|length| length <= MAX_READ as u64),
            is_over: wanted.is_head_alone()
                && is_event_stream(&head.headers)
                && !body.is_end_stream(),
            status: head.status,
            version: head.version,
            headers: head.headers,
            body,
            first_byte,
            kept: Kept::new(if wanted.keep { MAX_KEPT } else { 0 }),
            noting,
            trailers: None,
            read: 0,
            frames: 0,
            truncated: false,
        }
    }

    /// Reads on, until the response has ended or enough of it was read.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Ending, MirrorError>> {
        if self.is_over {
            return Poll::Ready(Ok(Ending::Truncated));
        }
        loop {
            // A body that is always there, and has no bytes, must not keep its task from its
            // deadline.
            let budget = ready!(poll_proceed(context));
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            budget.made_progress();
            let Some(frame) = frame else {
                return Poll::Ready(Ok(Ending::Complete));
            };
            let frame = frame.map_err(|error| MirrorError::Body(BoxError::from(error)))?;
            if let Some(ending) = self.take(frame)? {
                return Poll::Ready(Ok(ending));
            }
        }
    }

    /// Takes a frame, and says how the reading ends if it goes no further.
    fn take(&mut self, frame: Frame<Bytes>) -> Result<Option<Ending>, MirrorError> {
        self.frames += 1;
        match frame.into_data() {
            Ok(data) => {
                self.read += data.len();
                if let Some(noting) = &mut self.noting {
                    noting.push(data.clone());
                }
                self.truncated |= !self.kept.keep(data);
            }
            Err(other) => {
                if let Ok(trailers) = other.into_trailers() {
                    if !are_few(&trailers) {
                        return Err(MirrorError::Body("the trailers are too large".into()));
                    }
                    self.trailers = Some(Box::new(trailers));
                }
            }
        }
        Ok(if self.read > MAX_READ {
            Some(Ending::Truncated)
        } else if self.frames > FREE_FRAMES + self.read / BYTES_PER_FRAME {
            Some(Ending::CutShort)
        } else {
            None
        })
    }

    fn finish(self, ending: Ending, latency: Duration) -> Received {
        let is_complete = ending == Ending::Complete;
        let trailers = self.trailers.filter(|_| is_complete);
        let noting = self.noting.map(|mut noting| {
            if let Some(trailers) = &trailers {
                noting.trailers(copied(trailers));
            } else if is_complete && self.version >= Version::HTTP_2 {
                // There are none. A server that speaks HTTP/1 keeps those that nobody asked for.
                noting.trailers(HeaderMap::new());
            }
            (noting, ending)
        });
        // A callback gets less of the body than is read.
        let kept = if is_complete && self.truncated {
            Ending::Truncated
        } else {
            ending
        };
        let mut response = BufferedResponse::new(self.status, self.headers, self.kept.into_bytes())
            .with_ending(kept)
            .with_version(self.version)
            .with_first_byte(self.first_byte)
            .with_latency(latency);
        if let Some(trailers) = trailers {
            response = response.with_trailers(trailers);
        }
        (response, noting)
    }
}

/// The length of a body, if it is known beforehand. That of chunks is not (RFC 9112 section 6.3).
fn stated_length(headers: &HeaderMap, body: &Body) -> Option<u64> {
    body.size_hint().exact().or_else(|| {
        let length = headers.get(header::CONTENT_LENGTH)?;
        let length = length.to_str().ok()?.parse().ok()?;
        (!headers.contains_key(header::TRANSFER_ENCODING)).then_some(length)
    })
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let media_type =
        content_type.and_then(|value| value.as_bytes().split(|byte| *byte == b';').next());
    media_type.is_some_and(|it| it.trim_ascii().eq_ignore_ascii_case(b"text/event-stream"))
}

fn are_few(trailers: &HeaderMap) -> bool {
    let bytes = trailers.iter();
    let bytes: usize = bytes
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    trailers.len() <= MAX_TRAILERS && bytes <= MAX_TRAILER_BYTES
}

/// The first part of a body. A body that comes in one piece is not copied.
struct Kept {
    pieces: Pieces,
    max: usize,
}

enum Pieces {
    /// None, or one.
    One(Bytes),
    Joined(BytesMut),
}

impl Kept {
    fn new(max: usize) -> Self {
        Self {
            pieces: Pieces::One(Bytes::new()),
            max,
        }
    }

    /// Keeps as much as there is room for; `false` if that was not all.
    fn keep(&mut self, mut data: Bytes) -> bool {
        let kept = match &self.pieces {
            Pieces::One(piece) => piece.len(),
            Pieces::Joined(joined) => joined.len(),
        };
        let room = self.max - kept;
        let is_whole = data.len() <= room;
        data.truncate(room);
        match &mut self.pieces {
            Pieces::One(piece) if piece.is_empty() => *piece = data,
            Pieces::One(_) if data.is_empty() => {}
            Pieces::One(piece) => {
                let mut joined = BytesMut::from(&piece[..]);
                joined.extend_from_slice(&data);
                self.pieces = Pieces::Joined(joined);
            }
            Pieces::Joined(joined) => joined.extend_from_slice(&data),
        }
        is_whole
    }

    fn into_bytes(self) -> Bytes {
        match self.pieces {
            Pieces::One(piece) => piece,
            Pieces::Joined(joined) => joined.freeze(),
        }
    }
}

#[cfg(test)]
mod tests;
