//! A body that is noted as it streams to the client.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use axum::{BoxError, body::Body, response::Response};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::recorder::Ending;

/// Who is told what a body is.
pub(crate) trait Note: Sized {
    /// Notes a piece; `None` if nothing more of the body is to be noted.
    fn piece(self, data: &Bytes) -> Option<Self>;

    /// Notes the trailer fields, which come last.
    fn trailers(&mut self, trailers: &HeaderMap);

    /// The body has ended, or was dropped before that. For so long in all, there was more of it and
    /// nobody asked for that.
    fn ended(self, ending: Ending, unread: Duration);

    /// The body has failed.
    fn failed(self, unread: Duration) {
        self.ended(Ending::CutShort, unread);
    }
}

/// Passes a body on as it is, and tells who notes it what it is.
pub(crate) struct NotedBody<N: Note> {
    body: Body,
    side: Option<N>,
    /// The length of the body, if known: a server that has sent as much may not ask for the end.
    length: Option<u64>,
    passed: u64,
    unread: Unread,
}

/// The time in which a client that takes its time keeps a server from asking for more of a body: it
/// is not the handler's.
#[derive(Default)]
struct Unread {
    total: Duration,
    since: Option<Instant>,
}

impl Unread {
    /// A piece was given away.
    fn begins(&mut self) {
        self.since = Some(Instant::now());
    }

    /// There is somebody who asks for the next.
    fn ends(&mut self) {
        if let Some(since) = self.since.take() {
            self.total += since.elapsed();
        }
    }

    fn total(&mut self) -> Duration {
        self.ends();
        self.total
    }
}

impl<N: Note> NotedBody<N> {
    pub(crate) fn new(body: Body, side: N, length: Option<u64>) -> Self {
        Self {
            body,
            side: Some(side),
            length,
            passed: 0,
            unread: Unread::default(),
        }
    }

    fn piece(&mut self, data: &Bytes) {
        self.passed += data.len() as u64;
        self.side = self.side.take().and_then(|side| side.piece(data));
    }

    fn end(&mut self, ending: Ending) {
        if let Some(side) = self.side.take() {
            side.ended(ending, self.unread.total());
        }
    }
}

impl<N: Note + Unpin> HttpBody for NotedBody<N> {
    type Data = Bytes;
    // As in `Tee`: wrapped once by `Body::new`, so that a server finds the error it knows.
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        this.unread.ends();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        match &frame {
            None => this.end(Ending::Complete),
            Some(Err(_)) => {
                if let Some(side) = this.side.take() {
                    side.failed(this.unread.total());
                }
            }
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.piece(data);
                }
                if let (Some(trailers), Some(side)) = (frame.trailers_ref(), &mut this.side) {
                    side.trailers(trailers);
                }
                // Whoever knows the length does not ask for the end, nor does who has the trailers.
                if frame.is_trailers() || this.body.is_end_stream() {
                    this.end(Ending::Complete);
                }
                if this.side.is_some() {
                    this.unread.begins();
                }
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::into_inner)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<N: Note> Drop for NotedBody<N> {
    fn drop(&mut self) {
        self.end(if self.length == Some(self.passed) {
            Ending::Complete
        } else {
            Ending::CutShort
        });
    }
}

/// What the response says that its length is: a server reads no further.
pub(crate) fn length(response: &Response) -> Option<u64> {
    let length = response.headers().get(http::header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use futures_util::{FutureExt, StreamExt, stream};
    use http_body_util::BodyExt;

    use super::*;

    /// Tells how long nobody asked for more.
    struct Told(Sender<Duration>);

    impl Note for Told {
        fn piece(self, _: &Bytes) -> Option<Self> {
            Some(self)
        }

        fn trailers(&mut self, _: &HeaderMap) {}

        fn ended(self, _: Ending, unread: Duration) {
            self.0.send(unread).unwrap();
        }
    }

    fn noted(pieces: usize) -> (NotedBody<Told>, std::sync::mpsc::Receiver<Duration>) {
        let pieces = vec![Ok::<_, std::convert::Infallible>("piece"); pieces];
        let (told, unread) = channel();
        let body = Body::from_stream(stream::iter(pieces));
        (NotedBody::new(body, Told(told), None), unread)
    }

    fn read(body: &mut NotedBody<Told>) -> bool {
        body.frame().now_or_never().unwrap().is_some()
    }

    /// A client that takes its time, and how much it took.
    fn pause() -> Duration {
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(1) {
            std::hint::spin_loop();
        }
        began.elapsed()
    }

    #[test]
    fn the_time_in_which_a_client_does_not_read_is_known() {
        let (mut body, unread) = noted(3);
        let began = Instant::now();
        let mut paused = Duration::ZERO;
        while read(&mut body) {
            paused += pause();
        }
        let unread = unread.recv().unwrap();
        assert!(paused <= unread && unread <= began.elapsed(), "{unread:?}");
    }

    #[test]
    fn a_client_that_goes_away_after_a_pause_has_not_read_either() {
        let (mut body, unread) = noted(3);
        assert!(read(&mut body));
        let paused = pause();
        drop(body);
        assert!(paused <= unread.recv().unwrap());
    }

    #[test]
    fn the_time_that_a_body_takes_is_its_own() {
        let (told, unread) = channel();
        let pieces = stream::iter([(); 3]).map(|()| {
            pause();
            Ok::<_, std::convert::Infallible>("piece")
        });
        let mut body = NotedBody::new(Body::from_stream(pieces), Told(told), None);
        let began = Instant::now();
        while read(&mut body) {}
        let all = began.elapsed();
        let unread = unread.recv().unwrap();
        assert!(
            unread + Duration::from_millis(3) <= all,
            "{unread:?} of {all:?}"
        );
    }
}
