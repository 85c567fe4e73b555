//! Reading a body before the handler does.

use axum::body::Body;
use http_body::Body as _;
use http_body_util::BodyExt;

use super::{
    Chunks,
    chunks::ChunksBuilder,
    replay::{Replay, Tail},
};
use crate::outcome::SkipReason;

/// What the copies get of a body: all of it, or nothing for a reason.
pub(crate) type Copied = Result<Chunks, SkipReason>;

/// Reads a body to its end, or until it turns out to be larger than `max` bytes or broken.
///
/// The handler gets the returned body, which yields what the original would have: the same bytes, trailers, length
/// and error, whatever was read here and whatever is still to come.
pub(crate) async fn read_ahead(mut body: Body, max: usize) -> (Body, Copied) {
    let hint = body.size_hint();
    if hint.lower() > max as u64 {
        return (body, Err(SkipReason::BodyTooLarge));
    }
    let mut read = ChunksBuilder::default();
    let (tail, copied) = loop {
        if body.is_end_stream() {
            break (Tail::End, Ok(()));
        }
        match body.frame().await {
            None => break (Tail::End, Ok(())),
            Some(Err(error)) => {
                break (
                    Tail::Error(error.into_inner()),
                    Err(SkipReason::PrimaryGone),
                );
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    read.push(data);
                    if read.len() > max {
                        break (Tail::Rest(body), Err(SkipReason::BodyTooLarge));
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
    let chunks = read.build();
    let copied = copied.map(|()| chunks.clone());
    (Body::new(Replay::new(chunks, tail, hint)), copied)
}
