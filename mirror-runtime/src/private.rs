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
    check::{check_distinct, check_target},
    options::{Options, Source},
};
pub use crate::{Mirror, call::Call, incoming::Incoming};

/// Answers a request with the original handler, and mirrors it.
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
