//! Reports, as `mirror-compare` makes them.

pub use mirror_compare::report::{
    DifferenceGroup, Example, MatchRate, Paired, Report, ReportVerdict, RouteReport, ShapeFinding,
    Suggestion, TargetReport, Thresholds, Unanswered, UnfitBaseline, WindowReport,
};
pub(crate) use mirror_compare::report::{Recorder, Standing};
