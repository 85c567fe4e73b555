//! Reading a body before the handler does.

use std::{future::poll_fn, pin::Pin, sync::Arc};

use axum::body::Body;
use http_body::Body as _;

use super::{
    Copied, CopyBody,
    collector::Collector,
    replay::{Replay, Tail},
};
use crate::outcome::SkipReason;

/// Reads a body to its end, or until it turns out to be larger than `max` bytes, beyond the byte budget, or broken.
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
        let mut waited = false;
        let frame = poll_fn(|context| {
            let frame = Pin::new(&mut body).poll_frame(context);
            waited |= frame.is_pending();
            frame
        });
        match frame.await {
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
                        break (Tail::Trailers(trailers), Ok(()));
                    }
                }
            },
        }
    };
    let (chunks, reservation) = read.finish();
    let copied = copied.map(|()| CopyBody::new(chunks.clone(), Arc::new(reservation)));
    (Body::new(Replay::new(chunks, tail, hint)), copied)
}
