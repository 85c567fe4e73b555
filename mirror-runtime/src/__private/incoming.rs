//! The argument of the generated handler: the whole request, and the router's state.

use std::{
    convert::Infallible,
    fmt,
    future::{Future, ready},
};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use http::request::Parts;

/// A request as it arrived, with the state that the original handler's extractors need.
///
/// The parts and the body are apart from the start: extractors and filters take the parts, and a
/// request is large enough that moving it once less is worth it.
pub struct Incoming<S> {
    pub(crate) parts: Parts,
    pub(crate) body: Body,
    pub(crate) state: S,
}

/// Nothing of the request: it is full of secrets.
impl<S> fmt::Debug for Incoming<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

impl<S> FromRequest<S> for Incoming<S>
where
    S: Clone + Send + Sync,
{
    type Rejection = Infallible;

    // No `async fn`: its future has room for the request twice.
    #[expect(
        clippy::inline_always,
        reason = "a request is large, and each call that it passes moves it"
    )]
    #[inline(always)]
    fn from_request(
        request: Request,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send {
        let state = state.clone();
        let (parts, body) = request.into_parts();
        ready(Ok(Self { parts, body, state }))
    }
}
