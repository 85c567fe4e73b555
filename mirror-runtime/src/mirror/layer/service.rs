//! The service that mirrors the requests of another.

use std::{
    any::Any,
    sync::Once,
    task::{Context, Poll},
};

use axum::{body::Body, extract::Request, response::Response};
use tower_service::Service;

use super::ResponseFuture;
use crate::{mirror::Mirror, send::Asked, workers::contained};

/// A service that mirrors each request and passes it on. Made by
/// [`MirrorLayer`](super::MirrorLayer).
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
        let (mut parts, body) = request.into_parts();
        let Some(sampled) = self.mirror.sample(&mut parts) else {
            return ResponseFuture::direct(self.inner.call(Request::from_parts(parts, body)));
        };
        // The service that is ready is the one that was polled; its clone takes its place.
        let clone = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, clone);
        let primary = move |parts, body| ready.call(Request::from_parts(parts, body));
        let mirror = self.mirror.clone();
        ResponseFuture::mirrored(sampled.serve(parts, body, primary, move |answer, asked| {
            let answer = answer.as_mut().ok()?;
            response(answer, &mirror, asked)
        }))
    }
}

/// The response, if it is one of axum's: what a router, a method router and a handler give. What
/// stands between them in a stack of layers may give another, whose body cannot be exchanged for
/// one that is noted.
fn response<'a, R: 'static>(
    answer: &'a mut R,
    mirror: &Mirror,
    asked: Asked,
) -> Option<&'a mut Response> {
    static TOLD: Once = Once::new();
    let response = (answer as &mut dyn Any).downcast_mut();
    if response.is_none() && asked == Asked::Response {
        TOLD.call_once(|| {
            contained(|| tracing::error!(
                mirror = mirror.name(),
                response = std::any::type_name::<R>(),
                "responses are not compared, because the service inside the layer does not return `axum::response::Response`: put the layer on a router, a method router or a handler"
            ));
        });
    }
    response
}
