//! Threads and timers of the mirrors' own, and what keeps the user's code from doing harm.

#[cfg(feature = "compare")]
mod deadlines;
mod fair;
pub(crate) mod hold;
mod panic;
mod threads;
mod timers;

#[cfg(feature = "compare")]
pub(crate) use self::{
    deadlines::{Deadlines, Overdue, Place},
    panic::panicked,
    threads::{compare_off_path, tell_off_path},
};
pub(crate) use self::{
    hold::Hold,
    panic::{Code, caught, contained},
    threads::{Ended, map_off_path, observe_off_path, off_path, redact_off_path},
    timers::runtime_with_timers,
};
