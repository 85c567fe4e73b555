//! Whether the request is gone to which a body belongs.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// Known to a body that is noted: where the server has dropped the request, the body breaks off without an error, and
/// looks as if it were complete.
#[derive(Clone, Debug, Default)]
pub(crate) struct IsGone(Arc<AtomicBool>);

impl IsGone {
    pub(super) fn get(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Sets it when it is dropped, unless the handler has returned by then.
    pub(crate) fn guard(&self) -> Guard {
        Guard(Some(self.clone()))
    }
}

/// Dropped with the request.
#[derive(Debug)]
pub(crate) struct Guard(Option<IsGone>);

impl Guard {
    /// The handler has returned.
    pub(crate) fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(IsGone(gone)) = &self.0 {
            gone.store(true, Relaxed);
        }
    }
}
