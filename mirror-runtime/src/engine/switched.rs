//! What is in force for a mirror, as requests read it.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::Engine;
use crate::{
    control::{InForce, Switched},
    sampling::Share,
};

/// Whether anything is sent at all. A request reads it with one load; it guards nothing, so
/// `Relaxed` will do.
#[derive(Debug, Default)]
pub(crate) struct MirrorSwitch(AtomicU8);

const ON: u8 = 0;
const OFF: u8 = 1;
/// Off, but for what a test captures.
const ON_FOR_CAPTURES: u8 = 2;

impl MirrorSwitch {
    #[inline]
    pub(crate) fn is_off(&self) -> bool {
        self.0.load(Relaxed) != ON
    }

    /// Whether it is off for all but what a test captures.
    pub(crate) fn is_on_for_captures(&self) -> bool {
        self.0.load(Relaxed) == ON_FOR_CAPTURES
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
        self.switch.0.store(switch, Relaxed);
    }
}
