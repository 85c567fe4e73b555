//! What became of one request for one target: exactly one of *sent* (and then *answered* or *failed*), *skipped* and
//! *shed*.

mod cause;
mod error;
mod reason;
mod response;

pub(crate) use error::ConnectionLost;
pub use error::{FailureKind, MirrorError};
pub use reason::{ShedReason, SkipReason};
pub use response::ShadowResponse;
