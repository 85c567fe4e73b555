//! What is wrong with what was to be set.

/// Why something was not set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// It is not between 0 and 100.
    #[error("invalid percentage of `{target}` of `{mirror}`: {reason}")]
    Percentage {
        /// The mirror.
        mirror: String,
        /// The target.
        target: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The mirror has no target of this name. Its baseline has no share of its own: it gets each
    /// request that another target gets.
    #[error("`{mirror}` has no target `{target}` with a percentage: it has {known}")]
    UnknownTarget {
        /// The mirror.
        mirror: String,
        /// The target.
        target: String,
        /// The names of those that it has.
        known: String,
    },
    /// An `until` of a [`ControlFile`](crate::ControlFile) is no date.
    #[error("invalid `until` of {of}: {reason}")]
    Until {
        /// The mirror, or what else it is of.
        of: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ControlError {
    /// A share that is none.
    pub(super) fn percentage(mirror: &str, target: &str, error: &impl ToString) -> Self {
        Self::Percentage {
            mirror: mirror.to_owned(),
            target: target.to_owned(),
            reason: error.to_string(),
        }
    }
}
