//! The ways in which responses differ.

use std::fmt;

use serde::{Deserialize, Serialize};

/// In what way two responses differ at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DifferenceKind {
    /// The primary's has it, the shadow's has not.
    Missing,
    /// The shadow's has it, the primary's has not.
    Extra,
    /// Values of different types, like a number and a string.
    Type,
    /// Different values of the same type.
    Value,
    /// Arrays, or bodies that are not text, of different length. The elements in question are
    /// differences of their own.
    Length,
    /// Different statuses.
    Status,
    /// A header on which clients depend, or one of `compare_headers`.
    Header,
    /// A trailer field of `compare_headers`, or `grpc-status`.
    Trailer,
    /// The shadow's response broke off before its end, the primary's did not.
    CutShort,
    /// The shadow's body is larger than `max_compare_body`, the primary's is not.
    TooLarge,
    /// One response is `304 Not Modified`, and the other is the content: what a client keeps is
    /// fresh for one version, and not for the other.
    NotModified,
}

impl DifferenceKind {
    /// Every kind there is.
    pub const ALL: [Self; 11] = [
        Self::Missing,
        Self::Extra,
        Self::Type,
        Self::Value,
        Self::Length,
        Self::Status,
        Self::Header,
        Self::Trailer,
        Self::CutShort,
        Self::TooLarge,
        Self::NotModified,
    ];

    /// Whether it is one of values in a body, which are shown.
    #[cfg(feature = "compare")]
    pub(crate) const fn is_of_values(self) -> bool {
        matches!(self, Self::Missing | Self::Extra | Self::Type | Self::Value)
    }

    /// The kind as a metric's label, like `missing`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Type => "type",
            Self::Value => "value",
            Self::Length => "length",
            Self::Status => "status",
            Self::Header => "header",
            Self::Trailer => "trailer",
            Self::CutShort => "cut_short",
            Self::TooLarge => "too_large",
            Self::NotModified => "not_modified",
        }
    }
}

impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
