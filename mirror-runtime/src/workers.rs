//! Threads and timers of the mirrors' own, and what keeps the user's code from doing harm.

pub(crate) mod deadlines;
mod fair;
mod panic;
mod threads;
mod timers;

pub(crate) use self::{
    deadlines::Patience,
    panic::{caught, contained, panicked},
    threads::{compare_off_path, off_path, tell_off_path},
    timers::runtime_with_timers,
};
