//! Comparing, as `mirror-compare` does it.

#[cfg(fuzzing)]
pub use mirror_compare::spelled;
pub use mirror_compare::{
    BufferedResponse as Answer, CompareMode, Comparison, Difference, DifferenceKind,
    NotComparedReason, Rules, Typed, TypedResponse as TypedAnswer, Verdict,
};
pub(crate) use mirror_compare::{Subject, compare, redact::KnownSecrets};
#[cfg(feature = "record")]
pub(crate) use mirror_compare::{
    compared_body,
    redact::{GRPC_STATUS, REDACTED, Redaction, Unredactable},
};
