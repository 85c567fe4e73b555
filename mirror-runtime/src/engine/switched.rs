//! What is in force for a mirror, as requests read it.

#[cfg(feature = "metrics")]
use std::sync::atomic::AtomicU64;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::Engine;
use crate::{
    control::{InForce, Switched},
    sampling::Share,
};

/// Whether anything is sent at all. A request reads it with one load; it guards nothing, so
/// `Relaxed` will do.
#[derive(Debug, Default)]
pub(crate) struct MirrorSwitch {
    state: AtomicU8,
    /// How often something was said of the mirror that no counter tells.
    #[cfg(feature = "metrics")]
    changes: AtomicU64,
}

const ON: u8 = 0;
const OFF: u8 = 1;
/// Off, but for what a test captures.
const ON_FOR_CAPTURES: u8 = 2;

impl MirrorSwitch {
    #[inline]
    pub(crate) fn is_off(&self) -> bool {
        self.state.load(Relaxed) != ON
    }

    /// Whether it is off for all but what a test captures.
    pub(crate) fn is_on_for_captures(&self) -> bool {
        self.state.load(Relaxed) == ON_FOR_CAPTURES
    }

    /// Something was said of the mirror: who publishes it looks at it again.
    #[cfg(feature = "metrics")]
    pub(crate) fn note_change(&self) {
        self.changes.fetch_add(1, Relaxed);
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Relaxed)
    }
}

impl Switched for Engine {
    fn put_in_force(&self, in_force: &InForce<'_>) {
        // The baseline, which is the last, has no share of its own.
        for (target, percentage) in self.targets.iter().zip(in_force.percentages) {
            target.share.set(Share::of_percentage(*percentage));
        }
        let switch = match in_force {
            InForce {
                is_enabled: true, ..
            } => ON,
            InForce {
                is_on_for_captures: true,
                ..
            } => ON_FOR_CAPTURES,
            _ => OFF,
        };
        self.switch.state.store(switch, Relaxed);
        #[cfg(feature = "metrics")]
        self.switch.note_change();
    }
}
