//! Reading a body before the handler does.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Poll, ready},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::{
    runtime::Handle,
    time::{Sleep, sleep},
};

use super::{
    Copied, CopyBody, ReadBody, Reservation,
    collector::Collector,
    replay::{Replay, Tail},
};
use crate::{
    callbacks::caught,
    outcome::{ShedReason, SkipReason},
};

/// How long a client may send nothing in the middle of its body before the handler runs without waiting for the rest.
/// A client that waits for the handler's answer before it goes on waits no longer than this; one that merely is slow
/// sends something more often.
const STALL: Duration = Duration::from_secs(5);

/// Reads a body to its end, or until it turns out to be larger than `max` bytes, beyond the byte budget, stalled, or
/// broken.
///
/// The handler gets the returned body, which yields what the original would have: the same bytes, trailers, length
/// and error, whatever was read here and whatever is still to come.
pub(crate) async fn read_ahead(mut body: Body, max: usize) -> (Body, Copied) {
    let hint = body.size_hint();
    if hint.lower() > max as u64 {
        return (body, Err(SkipReason::BodyTooLarge));
    }
    let known = hint
        .exact()
        .map_or(0, |known| usize::try_from(known).unwrap_or(max));
    let Some(place) = Reservation::of(known) else {
        return (body, Err(ShedReason::ByteBudget.into()));
    };
    let next = match next_frame(&mut body).await {
        // As most bodies. Trailers may come after the last byte.
        Some((Some(Ok(frame)), _)) if is_whole(&frame, &hint) && body.is_end_stream() => {
            let piece = frame.into_data().unwrap_or_default();
            return (Body::from(piece.clone()), Ok(ReadBody::Piece(piece, place)));
        }
        other => other,
    };
    // In a box, because most requests need no room for it.
    Box::pin(read_on(
        body,
        next,
        Collector::holding(place, max, known),
        hint,
    ))
    .await
}

/// Reads on after the first frame.
async fn read_on(
    mut body: Body,
    mut next: Option<Next>,
    mut read: Collector,
    hint: SizeHint,
) -> (Body, Copied) {
    let (tail, copied) = loop {
        let Some((frame, waited)) = next else {
            break (Tail::Rest(body), Err(SkipReason::BodyStalled));
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
        next = next_frame(&mut body).await;
    };
    let (chunks, trailers, reservation) = read.into_parts();
    let reservation = Arc::new(reservation);
    let copied = copied.map(|()| {
        let body = CopyBody::new(chunks.clone(), Arc::clone(&reservation));
        ReadBody::Collected(body.with_trailers(trailers))
    });
    (
        Body::new(Replay::new(chunks, reservation, tail, hint)),
        copied,
    )
}

/// What a body yields next, and whether that had to be waited for.
type Next = (Option<Result<Frame<Bytes>, axum::Error>>, bool);

/// Waits for what a body yields next; `None` where the client has stopped.
async fn next_frame(body: &mut Body) -> Option<Next> {
    let (mut waited, mut stalled) = (false, None);
    let frame = poll_fn(|context| {
        let frame = Pin::new(&mut *body).poll_frame(context);
        if frame.is_ready() {
            return frame.map(Some);
        }
        waited = true;
        let stalled = stalled.get_or_insert_with(stall);
        ready!(
            stalled
                .as_mut()
                .map_or(Poll::Pending, |timer| timer.as_mut().poll(context))
        );
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

/// A timer for a client that has stopped; none where the runtime has none to give.
fn stall() -> Option<Pin<Box<Sleep>>> {
    Handle::try_current().ok()?;
    caught("timer", || Box::pin(sleep(STALL)))
}
