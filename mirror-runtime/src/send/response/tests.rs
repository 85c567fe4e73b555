use std::{future::poll_fn, iter};

use futures_util::stream;
use http_body_util::StreamBody;

use super::*;
use crate::outcome::FailureKind;

const KEEP: Wanted = Wanted {
    keep: true,
    compare: false,
    max_compared: None,
};

fn receiving(body: Body, wanted: Wanted) -> Receiving {
    let sending = async { Ok(Response::new(body)) };
    Receiving::new(Box::pin(sending), Instant::now(), wanted)
}

async fn read(body: Body, wanted: Wanted) -> BufferedResponse {
    let mut receiving = receiving(body, wanted);
    let (response, _) = poll_fn(|context| receiving.poll(context)).await.unwrap();
    response
}

fn stream_of(pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(stream::iter(pieces.map(Ok::<_, BoxError>)))
}

fn body(pieces: usize, size: usize) -> Body {
    stream_of((0..pieces).map(move |_| Bytes::from(vec![7; size])))
}

#[tokio::test]
async fn the_first_part_is_kept() {
    for (pieces, size, kept, truncated) in [
        (0, 0, 0, false),
        (1, 10, 10, false),
        (3, 10, 30, false),
        (1, MAX_KEPT, MAX_KEPT, false),
        (2, MAX_KEPT / 2 + 1, MAX_KEPT, true),
        (4, MAX_KEPT, MAX_KEPT, true),
    ] {
        let response = read(body(pieces, size), KEEP).await;
        assert_eq!(
            (response.body().len(), response.is_truncated()),
            (kept, truncated),
            "{pieces} of {size}"
        );
    }
}

#[tokio::test]
async fn an_endless_body_is_left() {
    let nothing = Wanted {
        keep: false,
        ..KEEP
    };
    for size in [4096, 1, 0] {
        let pieces = iter::repeat_with(move || Bytes::from(vec![7; size]));
        let response = read(stream_of(pieces), nothing).await;
        assert!(response.body().is_empty() && response.is_truncated());
        assert!(!response.is_streaming());
    }
}

#[tokio::test]
async fn as_many_pieces_are_read_as_are_in_proportion_to_their_bytes() {
    let most = FREE_FRAMES;
    for (pieces, size, is_read) in [
        (most, 1, true),
        (most + 100, 1, false),
        (10 * most, BYTES_PER_FRAME / 4, false),
        (MAX_READ / BYTES_PER_FRAME, BYTES_PER_FRAME, true),
    ] {
        let response = read(body(pieces, size), KEEP).await;
        let kept = (pieces * size).min(MAX_KEPT);
        assert_eq!(response.body().len() == kept, is_read, "{pieces} of {size}");
        if pieces * size <= MAX_KEPT {
            assert_eq!(!response.is_truncated(), is_read, "{pieces} of {size}");
        }
    }
}

#[tokio::test]
async fn what_was_cut_is_answered_if_its_length_was_not_stated() {
    let endless = || Body::from_stream(stream::pending::<Result<Bytes, BoxError>>());
    let mut waiting = Receiving::new(Box::pin(std::future::pending()), Instant::now(), KEEP);
    let cut = waiting.cut(MirrorError::Cancelled).map(drop);
    assert!(matches!(cut, Err(MirrorError::Cancelled)));
    for (length, is_answered) in [(None, true), (Some("10"), false), (Some("9999999"), true)] {
        let mut response = Response::new(endless());
        if let Some(length) = length {
            let length = length.parse().unwrap();
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, length);
        }
        let sending = Box::pin(async { Ok(response) });
        let mut receiving = Receiving::new(sending, Instant::now(), KEEP);
        let polled = poll_fn(|context| Poll::Ready(receiving.poll(context))).await;
        assert!(polled.is_pending());
        match receiving.cut(MirrorError::Cancelled) {
            Ok((response, _)) => assert!(response.is_streaming() && response.is_truncated()),
            Err(error) => assert!(matches!(error, MirrorError::Cancelled)),
        }
        assert_eq!(matches!(receiving.stage, Stage::Over), is_answered);
    }
}

#[tokio::test]
async fn trailers_are_kept_unless_there_are_too_many() {
    let fields = |count: usize, size: usize| {
        let field = move |i: usize| {
            let name = format!("x-{i}").parse::<http::HeaderName>().unwrap();
            (name, vec![b'v'; size].try_into().unwrap())
        };
        (0..count).map(field).collect::<HeaderMap>()
    };
    for (count, size, kept) in [
        (1, 1, true),
        (MAX_TRAILERS, 1, true),
        (MAX_TRAILERS + 1, 1, false),
        (2, MAX_TRAILER_BYTES / 2, false),
    ] {
        let frames = [
            Ok::<_, BoxError>(Frame::data(Bytes::from("a"))),
            Ok(Frame::trailers(fields(count, size))),
        ];
        let body = Body::new(StreamBody::new(stream::iter(frames)));
        let mut receiving = receiving(body, KEEP);
        match poll_fn(|context| receiving.poll(context)).await {
            Ok((response, _)) => assert!(kept && response.trailers().is_some()),
            Err(error) => assert!(!kept && error.kind() == FailureKind::Body, "{error}"),
        }
    }
}
