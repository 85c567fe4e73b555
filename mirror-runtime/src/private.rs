//! What the expansion of the attribute names. Not for anybody else: it may change with any release.

mod check;
mod options;

pub use axum::{
    extract::{FromRequest, FromRequestParts},
    response::{IntoResponse, Response},
};

pub use self::{
    check::{check_distinct, check_target},
    options::{Options, Source},
};
pub use crate::{Mirror, call::Call, incoming::Incoming};

/// Answers a request with the original handler, and mirrors it.
pub async fn serve<S, M, A, H>(mirror: &Mirror, handler: H, incoming: Incoming<S>) -> Response
where
    H: Call<S, M, A>,
    S: Send + Sync,
{
    let Incoming { parts, body, state } = incoming;
    mirror
        .serve(parts, body, |parts, body| handler.call(parts, body, &state))
        .await
}
