//! Reports, as `mirror-compare` makes them.

pub use mirror_compare::{
    DifferenceGroup, Example, MatchRate, Report, ReportVerdict, TargetReport, Thresholds,
    Unanswered,
};
pub(crate) use mirror_compare::{Recorder, Standing};
