//! Why two responses were not compared.

use mirror_grammar::labels;
use serde::{Deserialize, Serialize};

labels! {
    /// Why nothing is known of two responses.
    #[derive(PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum NotComparedReason {
        /// The body of one is larger than `max_compare_body`, or becomes larger when its
        /// `Content-Encoding` is undone.
        TooLarge = "too_large",
        /// One broke off before its end, or came in so many small pieces that it was not read to its
        /// end.
        CutShort = "cut_short",
        /// The shadow's response had not ended when the time of its copy was over: an event stream, a
        /// long poll, a download.
        Streaming = "streaming",
        /// The `Content-Encoding` of one is unknown or broken.
        Encoding = "encoding",
        /// One is `304 Not Modified` and the other is the content: the validators differ, and of the
        /// content nothing is known.
        NotModified = "not_modified",
        /// Comparing them takes more work than is granted to one comparison.
        Budget = "budget",
        /// The primary's response had not ended by the longest `timeout` after the other, or after it
        /// began.
        TimedOut = "timed_out",
        /// The copy failed: there is one response only.
        Failed = "failed",
        /// Too many responses wait to be compared.
        Shed = "shed",
        /// The code that compares panicked.
        Panicked = "panicked",
        /// The primary gave no response that can be compared: its handler panicked, its client went
        /// away before, or what the layer of the mirror is around has failed or gives responses that
        /// are not axum's `Response`.
        PrimaryGone = "primary_gone",
        /// They differ, and the baseline gave no response that can be compared: whether they differ in
        /// noise is not known.
        NoBaseline = "no_baseline",
        /// They differ, and so do those of the old version: in the body as a whole, or in all that is in
        /// it. Nothing is left that could agree.
        AllNoise = "all_noise",
        /// The shadow's is of a version before the one that evidence is about: while a shadow is
        /// deployed, servers of both versions respond.
        OtherVersion = "other_version",
    }
}
