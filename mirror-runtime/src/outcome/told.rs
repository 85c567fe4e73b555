//! What becomes of calls of the program's own code, and of fixtures.

use mirror_grammar::labels;

labels! {
    /// Code of the program that is told of what happens to requests.
    pub enum Callback {
        /// [`on_success`](crate::MirrorBuilder::on_success)
        OnSuccess = "on_success",
        /// [`on_error`](crate::MirrorBuilder::on_error)
        OnError = "on_error",
        /// [`on_skip`](crate::MirrorBuilder::on_skip)
        OnSkip = "on_skip",
        /// `on_mismatch` of the option `compare`.
        OnMismatch = "on_mismatch",
        /// [`Observer::observe`](crate::Observer::observe)
        Observer = "observer",
    }
}

labels! {
    /// What became of a call of a [`Callback`].
    pub enum CallbackOutcome {
        /// It was called, and has returned.
        Ran = "ran",
        /// It was not called, because too many calls of it wait, or because there is no thread.
        LeftOut = "left_out",
        /// It was called, and has panicked.
        Panicked = "panicked",
    }
}

labels! {
    /// What became of a mismatch that was to be recorded as a fixture.
    pub enum FixtureOutcome {
        /// It is a file.
        Recorded = "recorded",
        /// There are enough files of its kind, or in all.
        Enough = "enough",
        /// It may contain secrets that cannot be located, would be empty once redacted, or its
        /// request is not all there.
        LeftOut = "left_out",
        /// The file was not written. The log says why.
        Failed = "failed",
    }
}
