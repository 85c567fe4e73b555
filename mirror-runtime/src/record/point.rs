//! The point of a program at which a replay takes the response: where the mirror stands, as when
//! the fixture was recorded.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{body::Body, response::Response};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;

use crate::{
    comparison::BufferedResponse,
    exchange::{Ending, Note, NotedBody, length},
};

tokio::task_local! {
    static POINT: Point;
}

/// A mirror whose request is being replayed.
struct Point {
    mirror: Arc<str>,
    /// How much of a body is compared.
    max: usize,
    began: Instant,
    taken: Taken,
}

type Taken = Arc<Mutex<Option<BufferedResponse>>>;

/// A response that is being taken.
struct Taking {
    status: StatusCode,
    headers: HeaderMap,
    body: BytesMut,
    trailers: Option<HeaderMap>,
    max: usize,
    began: Instant,
    taken: Taken,
}

/// Calls an app, and takes the response where the mirror of this name stands. It is there when the
/// app's response has been read.
pub(super) async fn taking<T>(
    mirror: &str,
    max: usize,
    app: impl Future<Output = T>,
) -> (T, impl FnOnce() -> Option<BufferedResponse>) {
    let taken = Taken::default();
    let point = Point {
        mirror: mirror.into(),
        max,
        began: Instant::now(),
        taken: Arc::clone(&taken),
    };
    let output = POINT.scope(point, app).await;
    let take = move || taken.lock().unwrap_or_else(PoisonError::into_inner).take();
    (output, take)
}

/// Whether this task replays a request of a mirror.
pub(crate) fn is_of(mirror: &str) -> bool {
    POINT
        .try_with(|point| &*point.mirror == mirror)
        .unwrap_or(false)
}

/// Takes the response of the mirror whose request is replayed: now, and as its body is read.
pub(crate) fn take(response: &mut Response) {
    let _ = POINT.try_with(|point| note(response, point.max, point.began, &point.taken));
}

/// A response that is read here, as far as it is compared.
pub(super) async fn read(mut response: Response, max: usize, began: Instant) -> BufferedResponse {
    /// How many times as much is read as is compared: a response that was larger before a layer made
    /// it smaller is read to its end, and one without an end is not.
    const READ_ON: usize = 16;
    let taken = Taken::default();
    note(&mut response, max, began, &taken);
    let (head, mut body) = response.into_parts();
    let mut length = 0_usize;
    while length <= max.saturating_mul(READ_ON)
        && let Some(Ok(frame)) = body.frame().await
    {
        length = length.saturating_add(frame.data_ref().map_or(0, Bytes::len));
    }
    drop(body);
    let read = taken.lock().unwrap_or_else(PoisonError::into_inner).take();
    read.unwrap_or_else(|| BufferedResponse::new(head.status, head.headers, Bytes::new()))
}

/// Has a response taken as its body is read.
fn note(response: &mut Response, max: usize, began: Instant, taken: &Taken) {
    let taking = Taking {
        status: response.status(),
        headers: response.headers().clone(),
        body: BytesMut::new(),
        trailers: None,
        max,
        began,
        taken: Arc::clone(taken),
    };
    let length = length(response);
    let body = std::mem::take(response.body_mut());
    *response.body_mut() = Body::new(NotedBody::new(body, taking, length));
}

impl Note for Taking {
    fn piece(mut self, data: &Bytes) -> Option<Self> {
        // One byte more says that it is too large.
        if self.body.len() <= self.max {
            self.body.extend_from_slice(data);
        }
        Some(self)
    }

    fn trailers(&mut self, trailers: &HeaderMap) {
        self.trailers = Some(trailers.clone());
    }

    fn ended(self, ending: Ending, _: Duration) {
        // Whether it went on is no matter: it is too large.
        let is_too_large = self.body.len() > self.max;
        let ending = if is_too_large {
            Ending::Truncated
        } else {
            ending
        };
        let response = BufferedResponse::new(self.status, self.headers, self.body)
            .with_latency(self.began.elapsed())
            .with_ending(ending)
            // There are none if none have come: the app is in this process.
            .with_trailers(self.trailers.unwrap_or_default());
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt, stream};

    use super::*;

    fn pieces(count: usize, ends: bool) -> Body {
        let pieces = stream::repeat_with(|| Ok(Bytes::from_static(b"0123456789"))).take(count);
        let error = (!ends).then(|| Err(std::io::Error::other("it broke off")));
        Body::from_stream(pieces.chain(stream::iter(error)))
    }

    /// What is taken at the mirror, and what is read of the app's response.
    fn both(body: Body) -> [(Ending, usize); 2] {
        const MAX: usize = 25;
        let app = async {
            let mut response = Response::new(body);
            take(&mut response);
            response
        };
        let run = async {
            let (response, taken) = taking("orders", MAX, app).await;
            let read = read(response, MAX, Instant::now()).await;
            [taken().unwrap(), read]
        };
        let both = run.now_or_never().unwrap();
        both.map(|response| (response.ending(), response.body().len()))
    }

    #[test]
    fn a_response_ends_alike_at_the_mirror_and_behind_the_app() {
        assert_eq!(both(pieces(2, true)), [(Ending::Complete, 20); 2]);
        assert_eq!(both(pieces(2, false)), [(Ending::CutShort, 20); 2]);
        // Too large, however it ends, and if it never does.
        for body in [pieces(4, true), pieces(4, false), pieces(usize::MAX, true)] {
            assert_eq!(both(body), [(Ending::Truncated, 30); 2]);
        }
    }
}
