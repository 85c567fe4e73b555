//! Handlers of the same program that stand in for servers.

mod guarded;

use std::{fmt, sync::Arc};

use http::Request;

pub(crate) use self::guarded::Guarded;
use super::Sending;
use crate::body::CopyBody;

/// The candidates of one request, in the order of the attribute, and the state that the router gave
/// its primary.
#[derive(Clone)]
pub(crate) struct Candidates(
    Arc<dyn Fn(usize, Request<CopyBody>) -> Option<Sending> + Send + Sync>,
);

impl Candidates {
    /// `call` calls the one in a place.
    pub(crate) fn new(
        call: impl Fn(usize, Request<CopyBody>) -> Option<Sending> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(call))
    }

    /// The future that calls one of them; `None` if there is no such one.
    pub(crate) fn call(&self, slot: usize, copy: Request<CopyBody>) -> Option<Sending> {
        (self.0)(slot, copy)
    }
}

/// Nothing of the state: it is the user's.
impl fmt::Debug for Candidates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidates").finish_non_exhaustive()
    }
}
