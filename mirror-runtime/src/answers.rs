//! Answers that are to be compared, from where they are given to where they meet.
//!
//! Each side notes its answer as it passes: the primary's on its way to the client, a shadow's as its copy reads it.
//! Whoever is last hands both over to the threads that compare.

mod copy_side;
mod exchange;
mod handover;
mod noted_body;
mod noting;
mod patience;
mod primary_side;
mod queue;
mod state;

pub(crate) use self::{
    copy_side::CopySide,
    exchange::Open,
    noting::{Ending, Noting, copied},
    patience::Patience,
    primary_side::PrimarySide,
    queue::raise,
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
