//! Control: who may send how much, while the program runs.
//!
//! Five layers say what a mirror does (`layers`): its code, the environment, a file, a fleet, and
//! this process. What follows from them is written into the mirror (`switch`), where a request reads
//! it, whenever it changes (`table`). Time is looked at by a thread of its own (`expiry`), never by
//! a request.

mod entry;
mod environment;
mod expiry;
mod handle;
mod layers;
mod report;
mod state;
mod switch;
mod table;

pub(crate) use self::{
    entry::{Configured, ConfiguredTarget, Place, entries},
    switch::{AtomicShare, InForce, Switched},
    table::{is_isolated, isolate, read_environment, register},
};
pub use self::{
    entry::{Entry, EntryTarget, Shared},
    handle::{Control, ControlAll, ControlError, control, control_all, disable_all, enable_all},
    state::{ControlSource, ControlState, TargetControl},
};
