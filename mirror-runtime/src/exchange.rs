//! Responses that are to be compared, from where they are given to where they meet.
//!
//! Each side notes its response as it passes: the primary's on its way to the client, a shadow's as
//! its copy reads it. Whoever is last hands both over to the threads that compare.

#[cfg(not(feature = "compare"))]
mod absent;
#[cfg(feature = "compare")]
mod copy_side;
#[cfg(feature = "compare")]
mod handover;
mod joined;
#[cfg(feature = "compare")]
mod meeting;
mod noted_body;
#[cfg(feature = "compare")]
mod outermost;
#[cfg(feature = "compare")]
#[cfg(feature = "compare")]
mod primary_side;
#[cfg(feature = "compare")]
mod queue;
mod recorder;
#[cfg(feature = "compare")]
mod state;

#[cfg(not(feature = "compare"))]
pub(crate) use self::absent::{CopySide, Open, PrimarySide, all_compared};
#[cfg(feature = "record")]
pub(crate) use self::noted_body::{Note, NotedBody, length};
#[cfg(feature = "compare")]
pub(crate) use self::{
    copy_side::{CopySide, Open},
    outermost::Outermost,
    primary_side::PrimarySide,
};
pub(crate) use self::{
    joined::{Joined, Joining, Waiting},
    recorder::{Ending, Noting},
};

/// Whether no responses wait to be compared or are being compared.
#[cfg(feature = "compare")]
pub(crate) fn all_compared() -> bool {
    // In this order, in which they pass.
    handover::is_empty() && queue::is_empty()
}

#[cfg(all(test, feature = "compare"))]
mod tests;
