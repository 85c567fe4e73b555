//! Bodies: read ahead up to a limit or noted as they pass, and shared with the copies.

mod budget;
mod chunks;
mod collector;
mod copy_body;
mod leftover;
#[cfg(test)]
mod properties;
mod read_ahead;
mod read_body;
mod replay;
mod tee;

pub(crate) use budget::Reservation;
pub(crate) use chunks::Chunks;
pub(crate) use collector::Collector;
pub use copy_body::CopyBody;
pub(crate) use read_ahead::{ReadAhead, read_ahead};
pub(crate) use read_body::ReadBody;
pub(crate) use tee::Tee;

use crate::outcome::SkipReason;

/// What the copies get of a body: all of it, or nothing for a reason.
pub(crate) type Copied = Result<ReadBody, SkipReason>;
