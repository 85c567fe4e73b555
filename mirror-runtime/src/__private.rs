//! Used by generated code; not public API. It may change with any release.

mod call;
mod check;
mod handlers;
mod incoming;
mod options;
mod statics;
mod takes_body;

use std::{future::Future, ops::Deref};

pub use axum::{
    extract::{FromRequest, FromRequestParts},
    response::Response,
};

#[cfg(feature = "compare")]
pub use self::check::check_compared;
use self::handlers::candidates as with_state;
#[cfg(feature = "log")]
pub use self::statics::file;
pub use self::{
    call::Call,
    check::{
        check_baseline, check_connect_timeout, check_defaults, check_distinct, check_target,
        check_without_tls, shared,
    },
    handlers::{Candidate, any_arguments, same_arguments_without_state},
    incoming::Incoming,
    options::{Options, TargetOptions},
    statics::{sink, via},
    takes_body::{Argument, TakesBody},
};
pub use crate::mirror::Mirror;
pub use inventory::submit;

pub use crate::control::{EntryTarget, MirrorEntry, Shared};
#[cfg(feature = "record")]
pub use crate::record::{App, replay, replay_others};
use crate::send::Sampled;

/// Responses a request with the original handler, and mirrors it.
#[expect(
    clippy::inline_always,
    reason = "a request is large, and each call that it passes moves it"
)]
#[inline(always)]
pub fn serve<S, M, A, H, L>(
    mirror: &'static L,
    handler: H,
    incoming: Incoming<S>,
) -> impl Future<Output = Response> + Send + use<S, M, A, H, L>
where
    H: Call<S, M, A>,
    S: Send + Sync,
    L: Deref<Target = Mirror> + Sync,
{
    serve_prepared(mirror, handler, |sampled, _| sampled, incoming)
}

/// The same for a mirror with handlers among its targets: `candidates`, in the order of the
/// attribute.
#[expect(
    clippy::inline_always,
    reason = "a request is large, and each call that it passes moves it"
)]
#[inline(always)]
pub fn serve_with<S, M, A, H, L, const N: usize>(
    mirror: &'static L,
    handler: H,
    candidates: [Candidate<S>; N],
    incoming: Incoming<S>,
) -> impl Future<Output = Response> + Send + use<S, M, A, H, L, N>
where
    H: Call<S, M, A>,
    S: Clone + Send + Sync + 'static,
    L: Deref<Target = Mirror> + Sync,
{
    let prepare = move |sampled: Sampled, state: &S| {
        if sampled.wants_candidates() {
            sampled.with_candidates(with_state(candidates, state.clone()))
        } else {
            sampled
        }
    };
    serve_prepared(mirror, handler, prepare, incoming)
}

/// The future of a mirrored handler.
///
/// `mirror` is the attribute's `LazyLock`, which is looked into by the future: before there is one,
/// the request would be moved once more, to where it is dropped if the initialization panics.
#[expect(
    clippy::inline_always,
    reason = "a request is large, and each call that it passes moves it"
)]
#[inline(always)]
fn serve_prepared<S, M, A, H, L, P>(
    mirror: &'static L,
    handler: H,
    prepare: P,
    incoming: Incoming<S>,
) -> impl Future<Output = Response> + Send + use<S, M, A, H, L, P>
where
    H: Call<S, M, A>,
    S: Send + Sync,
    L: Deref<Target = Mirror> + Sync,
    P: FnOnce(Sampled, &S) -> Sampled + Send,
{
    handler.call_unless(
        incoming,
        |parts| mirror.sample(parts),
        move |sampled, handler: H, Incoming { parts, body, state }| {
            let sampled = prepare(sampled, &state);
            let primary = move |parts, body| handler.call(Incoming { parts, body, state });
            // In a box: it is larger, and most requests should not pay for its size.
            Box::pin(sampled.serve(parts, body, primary, |answer, _| Some(answer)))
        },
    )
}
