//! Bodies: read ahead up to a limit or noted as they pass, and shared with the copies.

mod buffer;
mod chunks;
mod collector;
mod deadline;
mod fields;
mod leftover;
#[cfg(test)]
mod properties;
mod read_body;
mod rewound;
mod shared;
mod tee;

pub(crate) use buffer::{ReadAhead, read_ahead};
pub(crate) use chunks::Chunks;
pub(crate) use collector::Collector;
pub(crate) use fields::{FREE_HEAD, copied, size_of, take_values};
pub(crate) use read_body::ReadBody;
pub use shared::CopyBody;
pub(crate) use tee::Tee;

use crate::outcome::SkipReason;

/// The copies' part of a body: all of it, or nothing for a reason.
pub(crate) type Copied = Result<ReadBody, SkipReason>;
