//! The service that mirrors the requests of another.

use std::task::{Context, Poll};

use axum::{body::Body, extract::Request};
use tower_service::Service;

use super::ResponseFuture;
use crate::Mirror;

/// A service that mirrors each request and passes it on. Made by [`MirrorLayer`](super::MirrorLayer).
#[derive(Clone, Debug)]
pub struct MirrorService<S> {
    inner: S,
    mirror: Mirror,
}

impl<S> MirrorService<S> {
    pub(super) fn new(inner: S, mirror: Mirror) -> Self {
        Self { inner, mirror }
    }
}

impl<S> Service<Request> for MirrorService<S>
where
    S: Service<Request> + Clone + Send + 'static,
    S::Future: Send,
    S::Response: Send,
    S::Error: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let Some(sampled) = self.mirror.sample(&parts) else {
            return ResponseFuture::direct(self.inner.call(Request::from_parts(parts, body)));
        };
        // The service that is ready is the one that was polled; its clone takes its place.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        ResponseFuture::mirrored(sampled.serve(parts, body, move |parts, body| {
            ready.call(Request::from_parts(parts, body))
        }))
    }
}
