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
use http_body::Body as _;
use tokio::{
    runtime::Handle,
    time::{Sleep, sleep},
};

use super::{
    Copied, CopyBody, ReadBody,
    collector::Collector,
    replay::{Replay, Tail},
};
use crate::{callbacks::caught, outcome::SkipReason};

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
    let mut read = match Collector::new(max, hint.exact()) {
        Ok(collector) => collector,
        Err(reason) => return (body, Err(reason)),
    };
    let (tail, copied) = loop {
        if body.is_end_stream() {
            break (Tail::End, Ok(()));
        }
        let (mut waited, mut stalled) = (false, None);
        let frame = poll_fn(|context| {
            let frame = Pin::new(&mut body).poll_frame(context);
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
        let Some(frame) = frame.await else {
            break (Tail::Rest(body), Err(SkipReason::BodyStalled));
        };
        match frame {
            None => break (Tail::End, Ok(())),
            Some(Err(error)) => {
                let (error, later) = (error.into_inner(), waited);
                break (Tail::Error { error, later }, Err(SkipReason::PrimaryGone));
            }
            Some(Ok(frame)) => match frame.into_data() {
                // Its place was taken when its length was known. Trailers may come after the last byte.
                Ok(data) if hint.exact() == Some(data.len() as u64) && body.is_end_stream() => {
                    return in_one_piece(data, read);
                }
                Ok(data) => {
                    if let Err(reason) = read.push(data) {
                        break (Tail::Rest(body), Err(reason));
                    }
                }
                Err(frame) => {
                    // A frame that is neither data nor trailers: there is none today.
                    if let Ok(trailers) = frame.into_trailers() {
                        break (Tail::Trailers(trailers), Ok(()));
                    }
                }
            },
        }
    };
    let (chunks, reservation) = read.finish();
    let reservation = Arc::new(reservation);
    let copied = copied
        .map(|()| ReadBody::Collected(CopyBody::new(chunks.clone(), Arc::clone(&reservation))));
    (
        Body::new(Replay::new(chunks, reservation, tail, hint)),
        copied,
    )
}

/// A body that has come in one piece, as most do. The handler gets that piece, and the copies one of their own when they
/// are made.
fn in_one_piece(piece: Bytes, read: Collector) -> (Body, Copied) {
    let (_, reservation) = read.finish();
    let copied = ReadBody::Piece(piece.clone(), reservation);
    (Body::from(piece), Ok(copied))
}

/// A timer for a client that has stopped; none where the runtime has none to give.
fn stall() -> Option<Pin<Box<Sleep>>> {
    Handle::try_current().ok()?;
    caught("timer", || Box::pin(sleep(STALL)))
}
