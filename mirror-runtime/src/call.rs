//! Calling the original handler: axum's own way of extracting arguments, without a box around the future.

use std::future::Future;

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use http::request::Parts;

/// An `async fn` whose arguments are extractors: all but the last from the parts, the last from the whole request.
///
/// `S` is the state, `M` tells the two ways of extracting the last argument apart, and `A` is the tuple of arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler that can be mirrored",
    note = "a handler is an `async fn` whose arguments are extractors, with the one that takes the body last, \
            whose answer is `IntoResponse`, and whose future is `Send`"
)]
pub trait Call<S, M, A>: Send {
    /// Extracts the arguments, calls the handler, and turns what it returns into a response.
    fn call(self, parts: Parts, body: Body, state: S) -> impl Future<Output = Response> + Send;
}

impl<S, F, Fut> Call<S, (), ()> for F
where
    F: FnOnce() -> Fut + Send,
    Fut: Future<Output: IntoResponse> + Send,
    S: Send,
{
    async fn call(self, _: Parts, _: Body, _: S) -> Response {
        self().await.into_response()
    }
}

macro_rules! impl_call {
    ([$($arg:ident),*], $last:ident) => {
        #[allow(non_snake_case, reason = "each argument is named as its type")]
        impl<S, M, F, Fut, $($arg,)* $last> Call<S, M, ($($arg,)* $last,)> for F
        where
            F: FnOnce($($arg,)* $last) -> Fut + Send,
            Fut: Future<Output: IntoResponse> + Send,
            S: Send + Sync,
            $($arg: FromRequestParts<S> + Send,)*
            $last: FromRequest<S, M> + Send,
        {
            #[allow(unused_mut, reason = "one argument takes the whole request")]
            #[allow(
                clippy::manual_async_fn,
                reason = "the future of an `async fn` has room for each argument twice"
            )]
            #[allow(
                clippy::inline_always,
                reason = "a request is large, and each call that it passes moves it"
            )]
            #[inline(always)]
            fn call(
                self,
                mut parts: Parts,
                body: Body,
                state: S,
            ) -> impl Future<Output = Response> + Send {
                async move {
                    $(
                        let $arg = match $arg::from_request_parts(&mut parts, &state).await {
                            Ok(value) => value,
                            Err(rejection) => return rejection.into_response(),
                        };
                    )*
                    let request = Request::from_parts(parts, body);
                    let $last = match $last::from_request(request, &state).await {
                        Ok(value) => value,
                        Err(rejection) => return rejection.into_response(),
                    };
                    self($($arg,)* $last).await.into_response()
                }
            }
        }
    };
}

impl_call!([], T1);
impl_call!([T1], T2);
impl_call!([T1, T2], T3);
impl_call!([T1, T2, T3], T4);
impl_call!([T1, T2, T3, T4], T5);
impl_call!([T1, T2, T3, T4, T5], T6);
impl_call!([T1, T2, T3, T4, T5, T6], T7);
impl_call!([T1, T2, T3, T4, T5, T6, T7], T8);
impl_call!([T1, T2, T3, T4, T5, T6, T7, T8], T9);
impl_call!([T1, T2, T3, T4, T5, T6, T7, T8, T9], T10);
impl_call!([T1, T2, T3, T4, T5, T6, T7, T8, T9, T10], T11);
impl_call!([T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11], T12);
impl_call!([T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12], T13);
impl_call!(
    [T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13],
    T14
);
impl_call!(
    [T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14],
    T15
);
impl_call!(
    [
        T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14, T15
    ],
    T16
);
