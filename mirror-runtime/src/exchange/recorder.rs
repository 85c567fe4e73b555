//! Noting an response: its status, its headers, and its body up to a limit.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
pub(crate) use mirror_compare::Ending;
use mirror_compare::{BufferedResponse, NotComparedReason};

use crate::{
    body::{Chunks, Collector, size_of},
    bounds::Reservation,
    outcome::{ShedReason, SkipReason},
};
#[cfg(feature = "compare")]
use crate::{comparison::Verdict, trace::CopySpan};

/// A response, or why there is none to compare.
pub(crate) type Noted = Result<NotedResponse, NotComparedReason>;

/// A response that is being noted.
pub(crate) struct Noting {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
    trailers: Trailers,
}

/// Trailer fields, with their place in the byte budget. In a box: most responses have none.
type Trailers = Option<Box<(HeaderMap, Reservation)>>;

/// The part of a body that has arrived so far.
enum Body {
    Collected(Collector),
    /// Nobody asks for it.
    Unwanted(Reservation),
    TooLarge(Reservation),
    NoRoom,
}

/// A response as it was noted. It keeps its place in the byte budget.
pub(crate) struct NotedResponse {
    status: StatusCode,
    headers: HeaderMap,
    chunks: Chunks,
    trailers: Trailers,
    ending: Ending,
    latency: Duration,
    place: Reservation,
    /// Of a copy that waits to be compared.
    #[cfg(feature = "compare")]
    span: CopySpan,
}

/// A response in the shape in which it is compared, with its place in the byte budget.
pub(crate) struct Held {
    pub(crate) response: BufferedResponse,
    place: Reservation,
    trailers: Option<Reservation>,
}

impl Noting {
    /// Begins with the head. `max` is how much of the body is recorded, if that matters, and
    /// `known` is its length, if known.
    pub(crate) fn new(
        status: StatusCode,
        headers: HeaderMap,
        max: Option<usize>,
        known: Option<u64>,
    ) -> Self {
        let body = match (Reservation::new(size_of(&headers)), max) {
            (None, _) => Body::NoRoom,
            (Some(place), None) => Body::Unwanted(place),
            // Nothing is reserved for bytes that will not be kept.
            (Some(place), Some(max)) if known.is_some_and(|known| known > max as u64) => {
                Body::TooLarge(place)
            }
            (Some(place), Some(max)) => {
                Collector::after(place, max, known).map_or(Body::NoRoom, Body::Collected)
            }
        };
        Self {
            status,
            headers,
            body,
            trailers: None,
        }
    }

    /// Notes the trailer fields, in memory of their own.
    pub(crate) fn trailers(&mut self, trailers: HeaderMap) {
        match Reservation::new(size_of(&trailers)) {
            Some(place) => self.trailers = Some(Box::new((trailers, place))),
            None => self.body = Body::NoRoom,
        }
    }

    /// Notes a piece. Once the body is too large, or there is no room for it, nothing more of it is
    /// kept.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if let Body::Collected(collector) = &mut self.body
            && let Err(reason) = collector.push(piece)
        {
            // In the place of what was collected.
            let place = match reason {
                SkipReason::Shed(ShedReason::ByteBudget) => None,
                _ => Reservation::new(0),
            };
            self.body = place.map_or(Body::NoRoom, Body::TooLarge);
        }
    }

    /// Whether the body is being noted.
    #[cfg(feature = "compare")]
    pub(super) fn is_collecting(&self) -> bool {
        matches!(self.body, Body::Collected(_))
    }

    /// Whether what is still to come does not matter.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.body, Body::TooLarge(_) | Body::NoRoom)
    }

    /// Ends with how the body ended and how long that took.
    pub(crate) fn finish(self, ending: Ending, latency: Duration) -> Noted {
        let (chunks, place, ending) = match self.body {
            Body::Collected(_) if ending == Ending::Streaming => {
                // Nobody looks at it: what it holds is given up.
                (Chunks::Empty, Reservation::default(), ending)
            }
            Body::Collected(collector) => {
                let (chunks, place) = collector.finish();
                (chunks, place, ending)
            }
            Body::Unwanted(place) => (Chunks::Empty, place, ending),
            Body::TooLarge(place) => (Chunks::Empty, place, Ending::Truncated),
            Body::NoRoom => return Err(NotComparedReason::Shed),
        };
        Ok(NotedResponse {
            status: self.status,
            headers: self.headers,
            chunks,
            trailers: self.trailers,
            ending,
            latency,
            place,
            #[cfg(feature = "compare")]
            span: CopySpan::default(),
        })
    }
}

#[cfg(feature = "compare")]
impl NotedResponse {
    /// The same response, of a copy whose span is told of the comparison.
    pub(super) fn with_span(mut self, span: CopySpan) -> Self {
        self.span = span;
        self
    }

    pub(super) fn take_span(&mut self) -> CopySpan {
        std::mem::take(&mut self.span)
    }

    /// Gives it up, for it is not compared.
    pub(super) fn not_compared(mut self, reason: NotComparedReason) -> NotComparedReason {
        self.take_span().compared(Verdict::NotCompared(reason));
        reason
    }
}

impl NotedResponse {
    /// Whether the time of its copy was over before it had ended.
    #[cfg(feature = "compare")]
    pub(super) fn is_streaming(&self) -> bool {
        self.ending == Ending::Streaming
    }

    /// Makes one piece of the body: not on the path of a request.
    pub(crate) fn into_held(self) -> Held {
        let body = match self.chunks {
            Chunks::Empty => Bytes::new(),
            Chunks::One(piece) => piece,
            Chunks::Many(pieces) => pieces.concat().into(),
        };
        let response =
            BufferedResponse::new(self.status, self.headers, body).with_latency(self.latency);
        let response = response.with_ending(self.ending);
        let (trailers, place) = self.trailers.map(|trailers| *trailers).unzip();
        Held {
            response: match trailers {
                Some(trailers) => response.with_trailers(trailers),
                None => response,
            },
            place: self.place,
            trailers: place,
        }
    }
}

impl Held {
    /// The response, and its places in the byte budget.
    pub(crate) fn into_parts(self) -> (BufferedResponse, Vec<Reservation>) {
        let places = [self.place].into_iter().chain(self.trailers);
        (self.response, places.collect())
    }
}
