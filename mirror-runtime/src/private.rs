//! What the expansion of the attribute names. Not for anybody else: it may change with any release.

mod check;
mod options;
mod serving;

use std::future::Future;

pub use axum::{
    extract::{FromRequest, FromRequestParts},
    response::Response,
};

use self::serving::Serving;
pub use self::{
    check::{check_baseline, check_distinct, check_target},
    options::{Options, Source},
};
use crate::candidate::Candidates;
pub use crate::{
    Mirror,
    call::Call,
    candidate::{Candidate, any_arguments, same_arguments_without_state},
    fixture::{App, replay, replay_others},
    incoming::Incoming,
};

/// Answers a request with the original handler, and mirrors it.
#[expect(
    clippy::inline_always,
    reason = "a request is large, and each call that it passes moves it"
)]
#[inline(always)]
pub fn serve<S, M, A, H>(
    mirror: &Mirror,
    handler: H,
    incoming: Incoming<S>,
) -> impl Future<Output = Response> + Send + use<S, M, A, H>
where
    H: Call<S, M, A>,
    S: Send + Sync,
{
    let Incoming { parts, body, state } = incoming;
    let primary = move |parts, body| handler.call(parts, body, state);
    match mirror.sample(&parts) {
        None => Serving::Direct {
            future: primary(parts, body),
        },
        Some(sampled) => Serving::Mirrored {
            future: Box::pin(sampled.serve(parts, body, primary, |answer| Some(answer))),
        },
    }
}

/// The same for a mirror with handlers among its targets: `candidates`, in the order of the attribute.
#[expect(
    clippy::inline_always,
    reason = "a request is large, and each call that it passes moves it"
)]
#[inline(always)]
pub fn serve_with<S, M, A, H, const N: usize>(
    mirror: &Mirror,
    handler: H,
    candidates: [Candidate<S>; N],
    incoming: Incoming<S>,
) -> impl Future<Output = Response> + Send + use<S, M, A, H, N>
where
    H: Call<S, M, A>,
    S: Clone + Send + Sync + 'static,
{
    let Incoming { parts, body, state } = incoming;
    match mirror.sample(&parts) {
        None => Serving::Direct {
            future: handler.call(parts, body, state),
        },
        Some(mut sampled) => {
            if sampled.wants_candidates() {
                sampled = sampled.with_candidates(Candidates::new(candidates, state.clone()));
            }
            let primary = move |parts, body| handler.call(parts, body, state);
            Serving::Mirrored {
                future: Box::pin(sampled.serve(parts, body, primary, |answer| Some(answer))),
            }
        }
    }
}
