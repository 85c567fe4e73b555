//! Comparing, as `mirror-compare` does it.

pub(crate) use mirror_compare::{BufferedResponse, Subject, compare, redact::KnownSecrets};
pub use mirror_compare::{
    CompareMode, Comparison, Difference, DifferenceKind, NotComparedReason, Rules, Typed,
    TypedResponse, Verdict,
};
#[cfg(feature = "record")]
pub(crate) use mirror_compare::{
    compared_body,
    redact::{GRPC_STATUS, REDACTED, REDACTION_VERSION, Redaction, Unredactable},
};
