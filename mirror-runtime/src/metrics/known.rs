//! The mirrors that the program has, made or not, and their switches.

use super::series::Has;
use crate::control::{ControlSource, ControlState, control, entries};

/// Who may have the last word on a mirror.
pub(super) const SOURCES: &[ControlSource] = ControlSource::ALL;

/// A mirror of an attribute, which is known before its first request.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) targets: Vec<String>,
    pub(super) has: Has,
}

/// The mirrors of all attributes.
pub(super) fn all() -> impl Iterator<Item = Known> {
    entries().map(|entry| {
        let has = |option| entry.as_written().iter().any(|(name, _)| *name == option);
        Known {
            name: entry.mirror(),
            targets: entry.target_names(),
            has: Has {
                comparisons: has("compare"),
                fixtures: has("record"),
            },
        }
    })
}

/// The switch of a mirror.
pub(super) struct Switch(ControlState);

impl Switch {
    pub(super) fn of(mirror: &str) -> Self {
        Self(control(mirror).state())
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.0.is_enabled
    }

    pub(super) fn is_of(&self, source: ControlSource) -> bool {
        self.0.source == source
    }

    /// The share of a target in force now, in percent; `None` for a baseline.
    pub(super) fn percentage(&self, target: &str) -> Option<f64> {
        Some(self.0.target(target)?.percentage)
    }
}
