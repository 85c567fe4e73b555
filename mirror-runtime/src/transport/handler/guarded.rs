//! Code of a candidate, kept from doing harm: a panic in it ends there.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{BoxError, body::Body, response::Response};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::{outcome::MirrorError, workers::caught};

/// The text of a panic in the log.
const CODE: &str = "handler";

pin_project! {
    /// The future of a candidate, or the body of its response, until it has ended or panicked.
    pub(crate) struct Guarded<T> {
        #[pin]
        code: Option<T>,
    }

    impl<T> PinnedDrop for Guarded<T> {
        fn drop(this: Pin<&mut Self>) {
            this.end();
        }
    }
}

impl<T> Guarded<T> {
    pub(crate) fn new(code: T) -> Self {
        Self { code: Some(code) }
    }

    /// Drops it, which runs its code too.
    fn end(self: Pin<&mut Self>) {
        let mut code = self.project().code;
        if code.is_some() {
            caught(CODE, || code.set(None));
        }
    }
}

impl<F: Future<Output = Response>> Future for Guarded<F> {
    type Output = Result<Response, MirrorError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self
            .as_mut()
            .project()
            .code
            .as_pin_mut()
            .and_then(|future| caught(CODE, || future.poll(context)));
        let answer = match polled {
            Some(polled) => Ok(ready!(polled).map(|body| Body::new(Guarded::new(body)))),
            None => Err(MirrorError::Panicked),
        };
        self.end();
        Poll::Ready(answer)
    }
}

impl HttpBody for Guarded<Body> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(body) = self.as_mut().project().code.as_pin_mut() else {
            return Poll::Ready(None);
        };
        let Some(polled) = caught(CODE, || body.poll_frame(context)) else {
            self.end();
            return Poll::Ready(Some(Err(MirrorError::Panicked.into())));
        };
        polled.map(|frame| frame.map(|frame| frame.map_err(axum::Error::into_inner)))
    }

    fn is_end_stream(&self) -> bool {
        self.code.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.code
            .as_ref()
            .map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}
