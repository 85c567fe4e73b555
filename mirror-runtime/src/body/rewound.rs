//! The body that the handler gets after it was read ahead: what was read, and then what was to
//! come.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{BoxError, body::Body};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::Chunks;
use crate::bounds::Reservation;

/// The end of the bytes that were read.
#[derive(Debug)]
pub(super) enum Tail {
    End,
    Trailers(HeaderMap),
    Error {
        error: BoxError,
        /// Whether it had to be waited for.
        later: bool,
    },
    Rest(Body),
}

/// A body that yields what was read of another, and then its tail.
#[derive(Debug)]
pub(super) struct Replay {
    chunks: Chunks,
    /// Their place in the byte budget: what was read ahead is held until the handler has taken it.
    reservation: Option<Arc<Reservation>>,
    next: usize,
    tail: Tail,
    /// The size hint of the original body before anything was read: a handler that forwards the
    /// body, or decides by its length, must not see that it is known now.
    hint: SizeHint,
    yielded: u64,
    finished: bool,
}

impl Replay {
    pub(super) fn new(
        chunks: Chunks,
        reservation: Arc<Reservation>,
        tail: Tail,
        hint: SizeHint,
    ) -> Self {
        Self {
            chunks,
            reservation: Some(reservation),
            next: 0,
            tail,
            hint,
            yielded: 0,
            finished: false,
        }
    }
}

impl HttpBody for Replay {
    type Data = Bytes;
    // Not `axum::Error`: `Body::new` wraps the error once, and extractors unwrap it once. A second
    // wrapping would turn the 413 of a body limit into a 400.
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let next = this.chunks.as_slice().get(this.next).cloned();
        let frame = if let Some(chunk) = next {
            this.next += 1;
            if this.next == this.chunks.as_slice().len() {
                // The copies may hold the bytes for longer than the handler; the handler need not.
                this.chunks = Chunks::Empty;
                this.reservation = None;
                this.next = 0;
            }
            Some(Ok(Frame::data(chunk)))
        } else if let Tail::Rest(rest) = &mut this.tail {
            std::task::ready!(Pin::new(rest).poll_frame(context))
                .map(|frame| frame.map_err(axum::Error::into_inner))
        } else if let Tail::Error { later, .. } = &mut this.tail
            && std::mem::take(later)
        {
            // A server that streams the body back sends what it has while it waits for more. If the
            // error came at once now, that would be thrown away together with the connection.
            context.waker().wake_by_ref();
            return Poll::Pending;
        } else {
            match std::mem::replace(&mut this.tail, Tail::End) {
                Tail::Trailers(trailers) => Some(Ok(Frame::trailers(trailers))),
                Tail::Error { error, .. } => Some(Err(error)),
                Tail::End | Tail::Rest(_) => None,
            }
        };
        match &frame {
            Some(Ok(frame)) => {
                this.yielded += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Some(Err(_)) | None => this.finished = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        if !self.chunks.as_slice().is_empty() {
            return false;
        }
        match &self.tail {
            // A body of unknown length does not know that it is at its end before it has been asked
            // once more.
            Tail::End => self.finished || self.hint.exact() == Some(self.yielded),
            Tail::Rest(rest) => rest.is_end_stream(),
            Tail::Trailers(_) | Tail::Error { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        if let Some(upper) = self.hint.upper() {
            hint.set_upper(upper.saturating_sub(self.yielded));
        }
        hint.set_lower(self.hint.lower().saturating_sub(self.yielded));
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::{BodyExt, LengthLimitError, Limited, StreamBody};

    use super::super::{Copied, ReadAhead};
    use super::*;
    use crate::outcome::SkipReason;

    /// Reads ahead; what is to come later is noted.
    async fn read_ahead(body: Body, max: usize) -> (Body, Copied) {
        match super::super::read_ahead(body, max, Duration::from_secs(1)).await {
            ReadAhead::Ended(body, copied) => (body, copied),
            ReadAhead::Slow(_) => panic!("it took its time"),
        }
    }

    /// A body of unknown length.
    fn streamed(frames: Vec<Frame<Bytes>>) -> Body {
        let mut frames = frames.into_iter().map(Ok::<_, BoxError>);
        Body::new(StreamBody::new(futures_util::stream::poll_fn(move |_| {
            Poll::Ready(frames.next())
        })))
    }

    fn data(bytes: &'static [u8]) -> Frame<Bytes> {
        Frame::data(Bytes::from_static(bytes))
    }

    #[tokio::test]
    async fn the_handler_gets_bytes_and_trailers_as_they_were() {
        let trailers = HeaderMap::from_iter([(http::header::ETAG, "x".parse().unwrap())]);
        let body = streamed(vec![
            data(b"he"),
            data(b"llo"),
            Frame::trailers(trailers.clone()),
        ]);
        let (body, copied) = read_ahead(body, 5).await;
        let copy = copied.unwrap().into_copy_body();
        assert_eq!(copy.collect().await.unwrap().to_bytes(), "hello");
        let collected = body.collect().await.unwrap();
        assert_eq!(collected.trailers(), Some(&trailers));
        assert_eq!(collected.to_bytes(), "hello");
    }

    #[tokio::test]
    async fn a_body_over_the_limit_streams_on() {
        let (body, copied) = read_ahead(streamed(vec![data(b"hello"), data(b" world")]), 4).await;
        assert!(matches!(copied, Err(SkipReason::BodyTooLarge)));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "hello world");
    }

    #[tokio::test]
    async fn a_body_that_says_it_is_too_long_is_not_read() {
        let (body, copied) = read_ahead(Body::from("hello"), 4).await;
        assert!(matches!(copied, Err(SkipReason::BodyTooLarge)));
        assert_eq!(body.size_hint().exact(), Some(5));
    }

    #[tokio::test]
    async fn the_length_is_what_it_was() {
        let (known, _) = read_ahead(Body::from("hello"), 5).await;
        assert_eq!(known.size_hint().exact(), Some(5));
        assert!(!known.is_end_stream());
        let (mut unknown, _) = read_ahead(streamed(vec![data(b"hello")]), 5).await;
        assert_eq!(unknown.size_hint().exact(), None);
        assert!(unknown.frame().await.unwrap().unwrap().is_data());
        assert!(!unknown.is_end_stream());
        assert!(unknown.frame().await.is_none());
        assert!(unknown.is_end_stream());
    }

    #[tokio::test]
    async fn an_error_comes_after_the_bytes_before_it_and_keeps_its_type() {
        let limited = Body::new(Limited::new(streamed(vec![data(b"he"), data(b"llo")]), 3));
        let (mut body, copied) = read_ahead(limited, 100).await;
        assert!(matches!(copied, Err(SkipReason::PrimaryGone)));
        assert_eq!(
            body.frame().await.unwrap().unwrap().into_data().unwrap(),
            "he"
        );
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(error.into_inner().downcast::<LengthLimitError>().is_ok());
    }

    /// A body that takes what it is sent.
    fn slow() -> (tokio::sync::mpsc::Sender<Frame<Bytes>>, Body) {
        let (sender, mut pieces) = tokio::sync::mpsc::channel(8);
        let stream = futures_util::stream::poll_fn(move |context| {
            pieces
                .poll_recv(context)
                .map(|frame| frame.map(Ok::<_, BoxError>))
        });
        (sender, Body::new(StreamBody::new(stream)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_or_drips_does_not_keep_the_handler_waiting() {
        for drips in [false, true] {
            let (sender, body) = slow();
            sender.send(data(b"hello")).await.unwrap();
            let began = tokio::time::Instant::now();
            let read = tokio::spawn(super::super::read_ahead(body, 100, Duration::from_secs(1)));
            let drip = |times: usize| {
                let sender = sender.clone();
                async move {
                    for _ in 0..times {
                        tokio::time::sleep(Duration::from_millis(300)).await;
                        sender.send(data(b".")).await.unwrap();
                    }
                }
            };
            drip(if drips { 4 } else { 0 }).await;
            let ReadAhead::Slow(body) = read.await.unwrap() else {
                panic!("it took its time")
            };
            // Paused time passes no further than to the next moment that is waited for.
            assert!(began.elapsed() < Duration::from_millis(1_500));
            let (told, copied) = tokio::sync::oneshot::channel();
            let body = body.note(|copied| told.send(copied).unwrap());
            sender.send(data(b" world")).await.unwrap();
            drop(sender);
            let whole = if drips {
                "hello.... world"
            } else {
                "hello world"
            };
            assert_eq!(body.collect().await.unwrap().to_bytes(), whole);
            // The client is slow, and its request is copied all the same.
            let copy = copied.await.unwrap().unwrap().into_copy_body();
            assert_eq!(copy.collect().await.unwrap().to_bytes(), whole);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_that_the_handler_does_not_read_has_stalled() {
        let (sender, body) = slow();
        let ReadAhead::Slow(body) =
            super::super::read_ahead(body, 100, Duration::from_secs(1)).await
        else {
            panic!("it took its time")
        };
        let (told, copied) = tokio::sync::oneshot::channel();
        drop(body.note(|copied| told.send(copied).unwrap()));
        assert_eq!(copied.await.unwrap().unwrap_err(), SkipReason::BodyStalled);
        drop(sender);
    }

    #[tokio::test]
    async fn an_error_that_came_later_comes_later() {
        for waits in [true, false] {
            let mut steps = vec![Poll::Ready(Some(Err(BoxError::from("broken"))))];
            steps.extend(waits.then_some(Poll::Pending));
            steps.push(Poll::Ready(Some(Ok(data(b"he")))));
            let stream = futures_util::stream::poll_fn(move |context| {
                context.waker().wake_by_ref();
                steps.pop().unwrap_or(Poll::Ready(None))
            });
            let (mut body, _) = read_ahead(Body::new(StreamBody::new(stream)), 100).await;
            assert!(body.frame().await.unwrap().is_ok());
            // A server sends what it has while it waits, and only then.
            let at_once = futures_util::FutureExt::now_or_never(body.frame());
            assert_eq!(at_once.is_none(), waits);
            assert_eq!(body.frame().await.is_some(), waits);
        }
    }
}
