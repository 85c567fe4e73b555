//! Aggregated comparison results.

mod by_reason;
mod clock;
mod counted;
mod display;
mod distinct;
mod epoch;
mod evidence;
mod group;
mod layers;
mod match_rate;
mod noise;
mod recorder;
mod routes;
mod seen;
mod sequential;
mod shape;
mod slow;
mod suggest;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod thresholds;
mod unanswered;
mod unfit;
mod verdict;
mod windows;

use serde::Serialize;

pub use self::{
    epoch::VersionsSeen,
    evidence::Evidence,
    group::{DifferenceGroup, Example},
    match_rate::MatchRate,
    recorder::Recorder,
    routes::RouteReport,
    sequential::Paired,
    shape::ShapeFinding,
    suggest::Suggestion,
    target::TargetReport,
    thresholds::Thresholds,
    unanswered::Unanswered,
    unfit::UnfitBaseline,
    verdict::{ReportVerdict, Standing},
    windows::WindowReport,
};

/// The comparisons of a mirror at one moment: whether each target responds as the primary does, and
/// the places at which it does not.
///
/// `Display` is a table for people, `Serialize` is for machines. Neither they nor `Debug` hold
/// anything that the option `redact` names.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The name of the mirror.
    pub mirror: String,
    /// Each target that is compared, in the order in which they were given.
    pub targets: Vec<TargetReport>,
}

impl Report {
    /// The report on a mirror with these targets.
    #[must_use]
    pub fn new(mirror: &str, targets: Vec<TargetReport>) -> Self {
        Self {
            mirror: mirror.to_owned(),
            targets,
        }
    }
}
