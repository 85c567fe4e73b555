//! Rules and thresholds that make no sense.

use mirror_grammar::ToleranceError;

/// A rule that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A place in responses that is not a JSON pointer.
    #[error("invalid JSON pointer `{pattern}`: {error}")]
    Pointer {
        /// The pattern as it was given.
        pattern: String,
        /// The error in it.
        error: String,
    },
    /// A rule that names an element by its index, of an array whose order does not count.
    #[error(
        "`{pattern}` names an element by its index, and `{unordered}` is `unordered`: write `*`"
    )]
    Index {
        /// The rule with the index.
        pattern: String,
        /// The array that has no order.
        unordered: String,
    },
    /// A tolerance that is negative, infinite or not a number.
    #[error("{0}")]
    Tolerance(String),
}

impl RuleError {
    pub(crate) fn index(pattern: &str, unordered: &str) -> Self {
        Self::Index {
            pattern: pattern.to_owned(),
            unordered: unordered.to_owned(),
        }
    }

    pub(crate) fn tolerance(error: ToleranceError) -> Self {
        Self::Tolerance(error.to_string())
    }
}

/// A threshold that is not a number, or that no verdict could rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` of the `thresholds` must be {wanted}")]
#[non_exhaustive]
pub struct ThresholdError {
    /// The field.
    pub name: &'static str,
    /// The values that it may have.
    pub wanted: &'static str,
}
