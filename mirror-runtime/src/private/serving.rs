//! The future of a mirrored handler.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

pin_project! {
    /// The original handler's own future, or that of a request that is mirrored.
    ///
    /// The latter is larger, and most requests should not pay for its size: it is in a box. It keeps its type, for
    /// handlers whose arguments are not `'static`.
    #[project = ServingProjection]
    pub(super) enum Serving<F, M> {
        Direct { #[pin] future: F },
        Mirrored { future: Pin<Box<M>> },
    }
}

impl<F, M> Future for Serving<F, M>
where
    F: Future,
    M: Future<Output = F::Output>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            ServingProjection::Direct { future } => future.poll(context),
            ServingProjection::Mirrored { future } => future.as_mut().poll(context),
        }
    }
}
