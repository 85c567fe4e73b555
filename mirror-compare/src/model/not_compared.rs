//! Why two responses were not compared.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why nothing is known of two responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NotComparedReason {
    /// The body of one is larger than `max_compare_body`, or becomes larger when its
    /// `Content-Encoding` is undone.
    TooLarge,
    /// One broke off before its end, or came in so many small pieces that it was not read to its
    /// end.
    CutShort,
    /// The shadow's response had not ended when the time of its copy was over: an event stream, a
    /// long poll, a download.
    Streaming,
    /// The `Content-Encoding` of one is unknown or broken.
    Encoding,
    /// One is `304 Not Modified` and the other is the content: the validators differ, and of the
    /// content nothing is known.
    NotModified,
    /// Comparing them takes more work than is granted to one comparison.
    Budget,
    /// The primary's response had not ended by the longest `timeout` after the other, or after it
    /// began.
    TimedOut,
    /// The copy failed: there is one response only.
    Failed,
    /// Too many responses wait to be compared.
    Shed,
    /// The code that compares panicked.
    Panicked,
    /// The primary gave no response that can be compared: its handler panicked, its client went
    /// away before, or what the layer of the mirror is around has failed or gives responses that
    /// are not axum's `Response`.
    PrimaryGone,
}

impl NotComparedReason {
    /// Every reason there is.
    pub const ALL: [Self; 11] = [
        Self::TooLarge,
        Self::CutShort,
        Self::Streaming,
        Self::Encoding,
        Self::NotModified,
        Self::Budget,
        Self::TimedOut,
        Self::Failed,
        Self::Shed,
        Self::Panicked,
        Self::PrimaryGone,
    ];

    /// The reason as a metric's label, like `too_large`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::CutShort => "cut_short",
            Self::Streaming => "streaming",
            Self::Encoding => "encoding",
            Self::NotModified => "not_modified",
            Self::Budget => "budget",
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
            Self::Shed => "shed",
            Self::Panicked => "panicked",
            Self::PrimaryGone => "primary_gone",
        }
    }
}

impl fmt::Display for NotComparedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
