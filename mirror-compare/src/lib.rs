//! How two HTTP responses differ.

mod encoding;
mod engine;
mod error;
mod json;
mod latency;
mod model;
mod redact;
mod report;
mod rules;
#[cfg(test)]
mod tests;
mod typed;

#[cfg(fuzzing)]
pub use self::json::spelled;
pub use self::{
    engine::{GRPC_STATUS, compared_body},
    error::{RuleError, ThresholdError},
    latency::{Latency, LatencyRecorder},
    model::{
        Answer, CompareMode, Comparison, Difference, DifferenceKind, Group, NotComparedReason,
        Subject, Typed, Verdict, compare_answers, serialize_method,
    },
    redact::{Known, REDACTED, Redacted, RedactedBody, Redaction, Unredactable},
    report::{
        DifferenceGroup, Example, MatchRate, Recorder, Report, ReportVerdict, Standing,
        TargetReport, Thresholds, Unanswered,
    },
    rules::{Rules, Written},
    typed::TypedAnswer,
};
