//! Reading a body before the handler does.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Poll, ready},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use super::{
    Chunks, Copied, ReadBody,
    collector::Collector,
    deadline::Deadline,
    rewound::{Replay, Tail},
    tee::Tee,
};
use crate::{
    bounds::Reservation,
    outcome::{ShedReason, SkipReason},
};

/// The outcome of reading ahead.
pub(crate) enum ReadAhead {
    /// The bodies for the handler and for the copies.
    Ended(Body, Copied),
    /// The client takes its time.
    Slow(Box<Unfinished>),
}

/// A body of which a part was read, when the time to read it was over.
pub(crate) struct Unfinished {
    rest: Body,
    within: Duration,
    collector: Collector,
    so_far: Chunks,
    place: Arc<Reservation>,
    hint: SizeHint,
}

/// Reads a body to its end, or until it turns out to be larger than `max` bytes, beyond the byte
/// budget, broken, or not to arrive `within` the time that there is for all of it.
///
/// The handler gets the returned body, which yields what the original would have: the same bytes,
/// trailers, length and error, whatever was read here and whatever is still to come.
pub(crate) async fn read_ahead(mut body: Body, max: usize, within: Duration) -> ReadAhead {
    let hint = body.size_hint();
    if hint.lower() > max as u64 {
        return ReadAhead::Ended(body, Err(SkipReason::BodyTooLarge));
    }
    let mut deadline = Deadline::new(within);
    let next = match next_frame(&mut body, &mut deadline).await {
        // As most bodies. Trailers may come after the last byte.
        Some((Some(Ok(frame)), _)) if is_whole(&frame, &hint) && body.is_end_stream() => {
            let piece = frame.into_data().unwrap_or_default();
            let copied = match Reservation::new(piece.len()) {
                Some(place) => Ok(ReadBody::Piece(piece.clone(), place)),
                None => Err(ShedReason::ByteBudget.into()),
            };
            return ReadAhead::Ended(Body::from(piece), copied);
        }
        other => other,
    };
    let known = hint.exact().and_then(|known| usize::try_from(known).ok());
    let read = Collector::in_reservation(Reservation::default(), max, known.unwrap_or_default());
    // In a box, because most requests need no room for it.
    Box::pin(read_on(body, next, read, hint, deadline)).await
}

/// Reads on after the first frame.
async fn read_on(
    mut body: Body,
    mut next: Option<Next>,
    mut read: Collector,
    hint: SizeHint,
    mut deadline: Deadline,
) -> ReadAhead {
    let (tail, copied) = loop {
        let Some((frame, waited)) = next else {
            if let Err(reason) = read.slow_down() {
                break (Tail::Rest(body), Err(reason));
            }
            let (so_far, place, collector) = read.go_on();
            return ReadAhead::Slow(Box::new(Unfinished {
                rest: body,
                within: deadline.within,
                collector,
                so_far,
                place,
                hint,
            }));
        };
        match frame {
            None => break (Tail::End, Ok(())),
            Some(Err(error)) => {
                let (error, later) = (error.into_inner(), waited);
                break (Tail::Error { error, later }, Err(SkipReason::PrimaryGone));
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    if let Err(reason) = read.push(data) {
                        break (Tail::Rest(body), Err(reason));
                    }
                }
                Err(frame) => {
                    // A frame that is neither data nor trailers: there is none today.
                    if let Ok(trailers) = frame.into_trailers() {
                        let kept = read.keep_trailers(&trailers);
                        break (Tail::Trailers(trailers), kept);
                    }
                }
            },
        }
        if body.is_end_stream() {
            break (Tail::End, Ok(()));
        }
        next = next_frame(&mut body, &mut deadline).await;
    };
    let (so_far, place, copy) = read.into_shared();
    let copied = copied.map(|()| ReadBody::Collected(copy));
    let body = Body::new(Replay::new(so_far, place, tail, hint));
    ReadAhead::Ended(body, copied)
}

impl Unfinished {
    /// The body for the handler. Nothing more is kept of it.
    pub(crate) fn into_body(self) -> Body {
        let tail = Tail::Rest(self.rest);
        Body::new(Replay::new(self.so_far, self.place, tail, self.hint))
    }

    /// The body for the handler. The rest is noted as the handler reads it, and `done` is told of
    /// all that the copies get.
    pub(crate) fn note<F>(self, done: F) -> Body
    where
        F: FnOnce(Copied) + Send + Unpin + 'static,
    {
        let rest = Tee::after(self.rest, self.collector, self.within, done);
        let tail = Tail::Rest(Body::new(rest));
        Body::new(Replay::new(self.so_far, self.place, tail, self.hint))
    }
}

/// The next item of a body, and whether it had to be waited for.
type Next = (Option<Result<Frame<Bytes>, axum::Error>>, bool);

/// Waits for what a body yields next; `None` if the time is over.
async fn next_frame(body: &mut Body, deadline: &mut Deadline) -> Option<Next> {
    if deadline.has_passed() {
        return None;
    }
    let mut waited = false;
    let frame = poll_fn(|context| {
        let frame = Pin::new(&mut *body).poll_frame(context);
        if frame.is_ready() {
            return frame.map(Some);
        }
        waited = true;
        ready!(deadline.poll(context));
        Poll::Ready(None)
    });
    let frame = frame.await?;
    Some((frame, waited))
}

/// Whether a frame is all the bytes of a body.
fn is_whole(frame: &Frame<Bytes>, hint: &SizeHint) -> bool {
    let data = frame.data_ref();
    data.is_some_and(|data| hint.exact() == Some(data.len() as u64))
}
