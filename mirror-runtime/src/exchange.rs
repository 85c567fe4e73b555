//! Answers that are to be compared, from where they are given to where they meet.
//!
//! Each side notes its answer as it passes: the primary's on its way to the client, a shadow's as its copy reads it.
//! Whoever is last hands both over to the threads that compare.

mod copy_side;
mod handover;
pub(crate) mod meeting;
mod primary_side;
mod queue;
mod recorded_body;
mod recorder;
mod state;

pub(crate) use self::{
    copy_side::CopySide,
    meeting::Open,
    primary_side::PrimarySide,
    queue::raise,
    recorder::{Ending, Noting},
};
use self::{
    handover::HANDING_OVER,
    queue::{PENDING, TELLING},
};

/// Whether no answers wait to be compared or are being compared, and nobody is still being told of a mismatch.
pub(crate) fn all_compared() -> bool {
    // In this order, in which they pass.
    HANDING_OVER.count() == 0 && PENDING.count() == 0 && TELLING.count() == 0
}
