//! The layer at which responses are compared as clients get them.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::response::Response;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::exchange::Outermost;

/// The point at which mirrors with `compare_at = "server"` take the primary's response. It is the
/// last layer that a program puts around its router.
///
/// It changes nothing of requests and responses. A request that is not sampled costs it no
/// allocation. Layers between it and a mirror must call their inner service in the task of the
/// request, as all of tower's do but `buffer`.
///
/// ```
/// use axum::{Router, response::Json, routing::get};
/// use mirror_runtime::{CompareAtServer, mirror};
///
/// #[mirror(targets = ["https://staging.example.com"], compare = "json", compare_at = "server")]
/// async fn orders() -> Json<[u32; 2]> {
///     Json([1, 2])
/// }
///
/// let app: Router = Router::new()
///     .route("/orders", get(orders))
///     // Other layers, and then, as the last of all:
///     .layer(CompareAtServer::new());
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct CompareAtServer;

impl CompareAtServer {
    /// The layer. There is nothing to choose.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for CompareAtServer {
    type Service = CompareAtServerService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CompareAtServerService { inner }
    }
}

/// The service of [`CompareAtServer`].
#[derive(Clone, Debug)]
pub struct CompareAtServerService<S> {
    inner: S,
}

impl<S, R> Service<R> for CompareAtServerService<S>
where
    S: Service<R, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = CompareAtServerFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        CompareAtServerFuture {
            outermost: Outermost::new(self.inner.call(request)),
        }
    }
}

pin_project! {
    /// The response future of a [`CompareAtServerService`].
    pub struct CompareAtServerFuture<F> {
        #[pin]
        outermost: Outermost<F>,
    }
}

impl<F, E> Future for CompareAtServerFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.project().outermost.poll(context)
    }
}

impl<F> fmt::Debug for CompareAtServerFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompareAtServerFuture")
            .finish_non_exhaustive()
    }
}
