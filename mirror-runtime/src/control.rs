//! Control: who may send how much, while the program runs.
//!
//! Five layers say what a mirror does (`layers`): its code, the environment, a file, a fleet, and
//! this process. What follows from them is written into the mirror (`switch`), where a request reads
//! it, whenever it changes (`table`). Time is looked at by a thread of its own (`process`), never by
//! a request.

mod entry;
mod environment;
mod error;
mod file;
mod handle;
mod layers;
mod process;
mod report;
mod state;
mod switch;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    entry::{Configured, ConfiguredTarget, Place, begin, checked_date, entries},
    process::{is_isolated, read_environment, register},
    state::{serialize_moment, serialize_moment_if_any},
    switch::{AtomicShare, InForce, Switched},
};
pub use self::{
    entry::{EntryTarget, MirrorEntry, Shared},
    error::ControlError,
    file::{ControlFile, ControlFileMirror},
    handle::{Control, ControlAll, control, control_all, disable_all, enable_all},
    state::{ControlSource, ControlState, TargetControl},
};

#[cfg(feature = "testing")]
pub(crate) use self::process::isolate;
#[cfg(feature = "metrics")]
pub(crate) use self::switch::changes;
