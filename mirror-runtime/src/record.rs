//! Mismatches as files, and back: [`fixtures`](crate::fixtures) describes the format.

mod app;
pub mod format;
mod mismatch;
pub(crate) mod point;
mod recording;
mod replay;

pub(crate) use self::recording::RecordingOptions;
pub use self::{
    app::App,
    replay::{replay, replay_others},
};
use crate::recorded::{RecordedRequest, RecordedResponse};

/// One mismatch, without its secrets.
type Fixture = mirror_compare::fixture::Fixture<RecordedRequest, RecordedResponse>;

#[cfg(test)]
mod tests;
