//! Comparing, as `mirror-compare` does it.

#[cfg(fuzzing)]
pub use mirror_compare::spelled;
pub use mirror_compare::{
    BufferedResponse as Answer, CompareMode, Comparison, Difference, DifferenceKind,
    NotComparedReason, Rules, Typed, TypedResponse as TypedAnswer, Verdict,
};
pub(crate) use mirror_compare::{
    GRPC_STATUS, KnownSecrets, REDACTED, Redaction, Subject, Unredactable, compare, compared_body,
};
