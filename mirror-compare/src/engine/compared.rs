//! The findings of one comparison.

use crate::{
    engine::secrecy::Secrecy,
    model::{Difference, NotComparedReason, Places, Verdict},
};

/// The findings.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    pub(crate) verdict: Verdict,
    /// At most 100.
    pub(crate) differences: Vec<Difference>,
    /// How many more there are.
    pub(crate) more: usize,
    /// The places of all of them, also of those that are not among `differences`.
    pub(crate) places: Places,
    /// Values that were really equal.
    pub(crate) equal: usize,
    pub(crate) notes: Vec<&'static str>,
    /// The secrets of the responses.
    pub(crate) secrecy: Secrecy,
}

impl Compared {
    pub(crate) fn not_compared(reason: NotComparedReason) -> Self {
        Self {
            verdict: Verdict::NotCompared(reason),
            differences: Vec::new(),
            more: 0,
            places: Places::default(),
            equal: 0,
            notes: Vec::new(),
            secrecy: Secrecy::default(),
        }
    }
}
