//! How two HTTP responses differ.

#![cfg_attr(
    not(feature = "compare"),
    expect(dead_code, reason = "rules hold what comparing alone looks at")
)]

mod encoding;
mod error;
mod json;
mod latency;
mod model;
mod redact;
mod rules;

#[cfg(feature = "compare")]
mod compare;
#[cfg(feature = "compare")]
mod engine;
#[cfg(feature = "compare")]
mod report;
#[cfg(all(test, feature = "axum"))]
mod tests;
#[cfg(feature = "compare")]
mod typed;

#[cfg(fuzzing)]
pub use self::json::spelled;
#[cfg(feature = "compare")]
pub use self::{
    compare::{Subject, compare},
    engine::compared_body,
    model::{Comparison, Difference, DifferenceKind, Group, serialize_method},
    report::{
        DifferenceGroup, Example, MatchRate, Recorder, Report, ReportVerdict, Standing,
        TargetReport, Thresholds, Unanswered,
    },
    typed::TypedResponse,
};
pub use self::{
    error::{RuleError, ThresholdError},
    latency::{Latency, LatencyRecorder},
    model::{
        BufferedResponse, CompareMode, Ending, NotComparedReason, Typed, Verdict, is_bodiless,
    },
    redact::{
        GRPC_STATUS, KnownSecrets, REDACTED, Redacted, RedactedBody, Redaction, Unredactable,
    },
    rules::{Rules, Written},
};
