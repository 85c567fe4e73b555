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
    let _ = POINT.try_with(|point| {
        let taking = Taking {
            status: response.status(),
            headers: response.headers().clone(),
            body: BytesMut::new(),
            trailers: None,
            max: point.max,
            began: point.began,
            taken: Arc::clone(&point.taken),
        };
        let length = length(response);
        let body = std::mem::take(response.body_mut());
        *response.body_mut() = Body::new(NotedBody::new(body, taking, length));
    });
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
        let response = BufferedResponse::new(self.status, self.headers, self.body)
            .with_latency(self.began.elapsed())
            .with_ending(ending)
            // There are none if none have come: the app is in this process.
            .with_trailers(self.trailers.unwrap_or_default());
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
    }
}
