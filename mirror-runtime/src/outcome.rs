//! What became of one request for one target: exactly one of *sent* (and then *answered* or *failed*), *skipped* and
//! *shed*.

mod cause;
mod error;
mod labels;
mod reason;
mod response;

#[cfg(any(feature = "http2", test))]
pub(crate) use cause::ConnectionLost;
pub use error::{FailureKind, MirrorError};
pub use reason::{ShedReason, SkipReason};
pub use response::ShadowResponse;
