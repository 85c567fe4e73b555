//! Calling the original handler: axum's own way of extracting arguments, without a box around the
//! future.

use std::{
    convert::Infallible,
    future::{Future, Ready},
};

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use http::request::Parts;

use super::incoming::Incoming;

/// An `async fn` whose arguments are extractors: all but the last from the parts, the last from the
/// whole request.
///
/// `S` is the state, `M` tells the two ways of extracting the last argument apart, and `A` is the
/// tuple of arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler that can be mirrored",
    note = "it must be an `async fn` that takes extractors, the one that takes the body last, \
            returns an `IntoResponse`, and whose future is `Send`"
)]
pub trait Call<S, M, A>: Send + Sized {
    /// Extracts the arguments, calls the handler, and turns what it returns into a response.
    fn call(self, incoming: Incoming<S>) -> impl Future<Output = Response> + Send {
        self.call_unless(
            incoming,
            |_| None,
            |never: Infallible, _, _| -> Ready<Response> { match never {} },
        )
    }

    /// The same, unless `diverts` finds in the request's head that it goes another way: that of
    /// `divert`.
    ///
    /// All of it is one future, in which the request stays where it is.
    fn call_unless<D, F>(
        self,
        incoming: Incoming<S>,
        diverts: impl FnOnce(&mut Parts) -> Option<D> + Send,
        divert: impl FnOnce(D, Self, Incoming<S>) -> F + Send,
    ) -> impl Future<Output = Response> + Send
    where
        D: Send,
        F: Future<Output = Response> + Send;
}

impl<S, F, Fut> Call<S, (), ()> for F
where
    F: FnOnce() -> Fut + Send,
    Fut: Future<Output: IntoResponse> + Send,
    S: Send,
{
    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` has room for each argument twice"
    )]
    #[expect(
        clippy::inline_always,
        reason = "a request is large, and each call that it passes moves it"
    )]
    #[inline(always)]
    fn call_unless<D, G>(
        self,
        mut incoming: Incoming<S>,
        diverts: impl FnOnce(&mut Parts) -> Option<D> + Send,
        divert: impl FnOnce(D, Self, Incoming<S>) -> G + Send,
    ) -> impl Future<Output = Response> + Send
    where
        D: Send,
        G: Future<Output = Response> + Send,
    {
        async move {
            if let Some(way) = diverts(&mut incoming.parts) {
                return divert(way, self, incoming).await;
            }
            self().await.into_response()
        }
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
            fn call_unless<D, G>(
                self,
                mut incoming: Incoming<S>,
                diverts: impl FnOnce(&mut Parts) -> Option<D> + Send,
                divert: impl FnOnce(D, Self, Incoming<S>) -> G + Send,
            ) -> impl Future<Output = Response> + Send
            where
                D: Send,
                G: Future<Output = Response> + Send,
            {
                async move {
                    if let Some(way) = diverts(&mut incoming.parts) {
                        return divert(way, self, incoming).await;
                    }
                    $(
                        let $arg = match $arg::from_request_parts(&mut incoming.parts, &incoming.state).await {
                            Ok(value) => value,
                            Err(rejection) => return rejection.into_response(),
                        };
                    )*
                    let request = Request::from_parts(incoming.parts, incoming.body);
                    let $last = match $last::from_request(request, &incoming.state).await {
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
