//! Threads and timers of the mirrors' own, and what keeps the user's code from doing harm.

#[cfg(feature = "compare")]
pub(crate) mod deadlines;
mod fair;
mod panic;
mod threads;
mod timers;

#[cfg(feature = "compare")]
pub(crate) use self::{
    deadlines::Patience,
    panic::panicked,
    threads::{compare_off_path, tell_off_path},
};
pub(crate) use self::{
    panic::{caught, contained},
    threads::off_path,
    timers::runtime_with_timers,
};
