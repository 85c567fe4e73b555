//! The outcome of one request for one target: exactly one of *sent* (and then *answered* or
//! *failed*), *skipped* and *shed*.

mod cause;
mod completion;
mod error;
mod reason;
mod told;

#[cfg(any(test, feature = "http2"))]
pub(crate) use cause::ConnectionLost;
pub use completion::Completion;
pub use error::{FailureKind, MirrorError, SinkError};
pub use mirror_compare::BufferedResponse;
pub use reason::{ShedReason, SkipReason};
pub use told::{Callback, CallbackOutcome, FixtureOutcome};
