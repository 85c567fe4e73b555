//! Reports, as `mirror-compare` makes them.

pub use mirror_compare::report::{
    DifferenceGroup, Example, MatchRate, Report, ReportVerdict, TargetReport, Thresholds,
    Unanswered,
};
pub(crate) use mirror_compare::report::{Recorder, Standing};
