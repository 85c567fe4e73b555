//! The future of a mirrored service.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

pin_project! {
    /// The response future of a [`MirrorService`](super::MirrorService).
    pub struct ResponseFuture<F: Future> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F: Future> {
        // Not sampled: the inner service's own future, and no allocation.
        Direct { #[pin] future: F },
        Mirrored { future: Pin<Box<dyn Future<Output = F::Output> + Send>> },
    }
}

impl<F: Future> ResponseFuture<F> {
    pub(super) fn direct(future: F) -> Self {
        Self {
            state: State::Direct { future },
        }
    }

    pub(super) fn mirrored(future: impl Future<Output = F::Output> + Send + 'static) -> Self {
        Self {
            state: State::Mirrored {
                future: Box::pin(future),
            },
        }
    }
}

impl<F: Future> Future for ResponseFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().state.project() {
            StateProjection::Direct { future } => future.poll(context),
            StateProjection::Mirrored { future } => future.as_mut().poll(context),
        }
    }
}

impl<F: Future> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
