//! Answers that are to be compared, from where they are given to where they meet.
//!
//! Each side notes its answer as it passes: the primary's on its way to the client, a shadow's as its copy reads it.
//! Whoever is last hands both over to the threads that compare.

mod copy_side;
mod handover;
mod meeting;
mod primary_side;
mod queue;
mod recorder;
mod state;

pub(crate) use self::{
    copy_side::{CopySide, Open},
    primary_side::PrimarySide,
    recorder::{Ending, Noting},
};

/// Whether no answers wait to be compared or are being compared.
pub(crate) fn all_compared() -> bool {
    // In this order, in which they pass.
    handover::is_empty() && queue::is_empty()
}

#[cfg(test)]
mod tests;
