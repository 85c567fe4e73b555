//! The result of a comparison.

use std::fmt;

use serde::Serialize;

use crate::model::not_compared::NotComparedReason;

/// Whether a shadow responds as the primary does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Everything that must agree agrees.
    Match,
    /// Something that must agree differs.
    Mismatch,
    /// With `compare = typed`: the shadow's body is no longer a value of the handler's return type.
    SchemaMismatch,
    /// Nothing is known.
    NotCompared(NotComparedReason),
}

impl Verdict {
    /// The verdict as a metric's label, like `schema_mismatch`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::SchemaMismatch => "schema_mismatch",
            Self::NotCompared(_) => "not_compared",
        }
    }
}

/// The label, with the reason if nothing was compared: `not_compared (too_large)`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCompared(reason) => write!(f, "{} ({reason})", self.as_str()),
            _ => f.pad(self.as_str()),
        }
    }
}
