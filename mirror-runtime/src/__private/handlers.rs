//! Handlers of the same program that stand in for servers: what `handler(..)` in an attribute
//! names.

use axum::{body::Body, handler::Handler};
use http::Request;

use super::{call::Call, incoming::Incoming};
use crate::{
    body::CopyBody,
    transport::{
        Sending,
        handler::{Candidates, Guarded},
    },
};

/// Calls one candidate. A plain function, so that a request that is not sampled pays nothing for
/// it.
pub type Candidate<S> = fn(Request<CopyBody>, S) -> Sending;

/// The candidates of one request, in the order of the attribute, with the state that the router
/// gave its primary.
pub(super) fn candidates<S, const N: usize>(candidates: [Candidate<S>; N], state: S) -> Candidates
where
    S: Clone + Send + Sync + 'static,
{
    Candidates::new(move |slot, copy| {
        let candidate = candidates.get(slot)?;
        Some(candidate(copy, state.clone()))
    })
}

/// A handler with the arguments of the primary, which the primary's `where` clause therefore
/// covers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be called like the mirrored handler",
    label = "not a handler with the same arguments",
    note = "it must be an `async fn` with the arguments of the mirrored handler, in the same order, that returns an `IntoResponse`",
    note = "with other arguments, it needs the option `state`, the type of the router's state: `state = AppState`"
)]
pub trait SameArguments<S, M, A>: Call<S, M, A> {}

#[diagnostic::do_not_recommend]
impl<S, M, A, H: Call<S, M, A>> SameArguments<S, M, A> for H {}

/// Calls a handler with the arguments of the primary.
///
/// Of functions with other arguments rustc says so itself, and shows neither message nor notes of
/// the trait, but the line of the bound: what to do stands behind it.
pub fn same_arguments_without_state<S, M, A, H>(
    handler: H,
    copy: Request<CopyBody>,
    state: S,
) -> Sending
where
    H: SameArguments<S, M, A> + 'static, // with other arguments, it needs the option `state`
    S: Send + 'static,
    M: 'static,
    A: 'static,
{
    let (parts, body) = copy.into_parts();
    Box::pin(Guarded::new(async move {
        handler
            .call(Incoming {
                parts,
                body: Body::new(body),
                state,
            })
            .await
    }))
}

/// Calls a handler with any arguments.
pub fn any_arguments<S, T, H>(handler: H, copy: Request<CopyBody>, state: S) -> Sending
where
    H: Handler<T, S>,
    S: Send + 'static,
    T: 'static,
{
    let request = copy.map(Body::new);
    Box::pin(Guarded::new(
        async move { handler.call(request, state).await },
    ))
}
