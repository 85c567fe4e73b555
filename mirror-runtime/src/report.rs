//! Reports, as `mirror-compare` makes them.

pub use mirror_compare::report::{
    DifferenceGroup, Example, MatchRate, Paired, Report, ReportVerdict, RouteReport, TargetReport,
    Thresholds, Unanswered, WindowReport,
};
pub(crate) use mirror_compare::report::{Recorder, Standing};
