//! Baselines that are none.

use std::fmt;

use serde::Serialize;

use super::text::percent;

/// Why a baseline confirms nothing: it does not respond as the primary does, so it is no old version
/// of the same service with the same data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnfitBaseline {
    /// It has another status in this share of its responses: in more than 5 %.
    Status(f64),
    /// More than half of the document differs in this share of its responses: in more than half.
    Content(f64),
}

impl fmt::Display for UnfitBaseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(share) => {
                write!(
                    f,
                    "the baseline is unfit: it has another status in {}",
                    percent(*share)
                )
            }
            Self::Content(share) => write!(
                f,
                "the baseline is unfit: more than half of the document differs in {}",
                percent(*share)
            ),
        }
    }
}
