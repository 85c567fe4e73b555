//! Threads and timers of the mirrors' own, and what keeps the user's code from doing harm.

mod deadlines;
mod fair;
pub(crate) mod hold;
mod panic;
mod threads;
mod timers;

pub(crate) use self::{
    deadlines::{Deadlines, Overdue, Place},
    hold::Hold,
    panic::{caught, contained, panicked},
    threads::{Ended, compare_off_path, observe_off_path, off_path, tell_off_path},
    timers::runtime_with_timers,
};
