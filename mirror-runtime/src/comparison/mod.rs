//! Comparing, as `mirror-compare` does it.

#[cfg(fuzzing)]
pub use mirror_compare::spelled;
pub use mirror_compare::{
    Answer, CompareMode, Comparison, Difference, DifferenceKind, NotComparedReason, Rules, Typed,
    TypedAnswer, Verdict, compare_answers,
};
pub(crate) use mirror_compare::{
    GRPC_STATUS, Known, REDACTED, Redaction, Subject, Unredactable, compared_body,
};
