//! How the primary's response ended.

use mirror_grammar::labels;
use serde::{Deserialize, Serialize};

labels! {
    /// How the primary's response ended, in a record of it.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Completion {
        /// All of it is there.
        Complete = "complete",
        /// The client went away before its end.
        Cancelled = "cancelled",
        /// The handler panicked, or its body failed.
        Failed = "failed",
        /// Its body is larger than the mirror's `max_body`.
        Cut = "cut",
    }
}
