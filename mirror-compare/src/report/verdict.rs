//! Whether a shadow can take over.

mod findings;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(super) use self::findings::{Findings, Judged};
use super::Unanswered;

/// The verdict of a report on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportVerdict {
    /// It surely matches often enough, and is fast enough.
    Promote,
    /// It may be good enough, or not.
    Hold,
    /// It surely does not match often enough, or is much slower.
    Regressed,
    /// Too little was compared.
    NotEnoughData,
}

impl ReportVerdict {
    /// The verdict as a metric's label, like `not_enough_data`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Hold => "hold",
            Self::Regressed => "regressed",
            Self::NotEnoughData => "not_enough_data",
        }
    }
}

impl fmt::Display for ReportVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The state of a target apart from comparisons: its counters and its circuit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Standing {
    /// Requests that it has not answered.
    pub unanswered: Unanswered,
    /// Whether its circuit is open.
    pub is_open: bool,
    /// Requests that the baseline has not answered, if there is one.
    pub baseline: Option<Unanswered>,
}

impl Standing {
    /// A target with a closed circuit and no baseline.
    #[must_use]
    pub const fn new(unanswered: Unanswered) -> Self {
        Self {
            unanswered,
            is_open: false,
            baseline: None,
        }
    }

    /// The same, with an open or a closed circuit.
    #[must_use]
    pub const fn with_open_circuit(mut self, is_open: bool) -> Self {
        self.is_open = is_open;
        self
    }

    /// The same, with a baseline, if there is one.
    #[must_use]
    pub const fn with_baseline(mut self, baseline: Option<Unanswered>) -> Self {
        self.baseline = baseline;
        self
    }

    /// The same, with the counts since they were those of `base`.
    pub(super) fn since(self, base: &Self) -> Self {
        let of_baseline = base.baseline.unwrap_or_default();
        Self {
            unanswered: self.unanswered.since(base.unanswered),
            is_open: self.is_open,
            baseline: self.baseline.map(|baseline| baseline.since(of_baseline)),
        }
    }

    /// Adds the state of the same target in another process. Its circuit is open if it is open in
    /// one of them.
    pub fn merge(&mut self, other: &Self) {
        self.unanswered.merge(other.unanswered);
        self.is_open |= other.is_open;
        if let Some(more) = other.baseline {
            self.baseline.get_or_insert_default().merge(more);
        }
    }
}
