//! What a request reads of all this.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::sampling::Share;

/// The share of a target. A request reads it with one load; it guards nothing, so `Relaxed` will
/// do.
pub(crate) struct AtomicShare(AtomicU64);

impl AtomicShare {
    pub(crate) const fn new(share: Share) -> Self {
        Self(AtomicU64::new(share.bits()))
    }

    #[inline]
    pub(crate) fn get(&self) -> Share {
        Share::from_bits(self.0.load(Relaxed))
    }

    pub(crate) fn set(&self, share: Share) {
        self.0.store(share.bits(), Relaxed);
    }
}

impl fmt::Debug for AtomicShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// How often something was said of a mirror, or of all.
static CHANGES: AtomicU64 = AtomicU64::new(0);

pub(super) fn note_change() {
    CHANGES.fetch_add(1, Relaxed);
}

/// A number that changes whenever something is said of a mirror, made or not.
#[cfg(feature = "metrics")]
pub(crate) fn changes() -> u64 {
    CHANGES.load(Relaxed)
}

/// What follows from all layers.
#[derive(Debug)]
pub(crate) struct InForce<'a> {
    pub(crate) is_enabled: bool,
    /// The shares of the targets, in their order, while it is on.
    pub(crate) percentages: &'a [f64],
    /// Whether it is on for what a test captures, to which the environment and `testing::isolate`
    /// do not apply.
    pub(crate) is_on_for_captures: bool,
}

/// A mirror that is told what is in force.
pub(crate) trait Switched: Send + Sync {
    fn put_in_force(&self, in_force: &InForce<'_>);
}
