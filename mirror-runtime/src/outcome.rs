//! The outcome of one request for one target: exactly one of *sent* (and then *answered* or
//! *failed*), *skipped* and *shed*.

mod cause;
mod error;
mod labels;
mod reason;

#[cfg(any(test, feature = "http2"))]
pub(crate) use cause::ConnectionLost;
pub use error::{FailureKind, MirrorError};
pub use mirror_compare::BufferedResponse;
pub use reason::{ShedReason, SkipReason};
