//! Comparing, as `mirror-compare` does it.

pub(crate) use mirror_compare::BufferedResponse;
pub use mirror_compare::{
    CompareMode, Comparison, Difference, DifferenceKind, NotComparedReason, Rules, Subject, Typed,
    TypedResponse, Verdict, compare, redact::KnownSecrets,
};
#[cfg(feature = "record")]
pub(crate) use mirror_compare::{
    compared_body,
    redact::{REDACTION_VERSION, Redaction, Unredactable},
};
