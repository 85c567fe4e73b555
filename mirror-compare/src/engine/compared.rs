//! The findings of one comparison.

use crate::{
    engine::secrecy::Secrecy,
    model::{Difference, Hint, NotComparedReason, Places, Verdict},
    rules::Applied,
};

/// The findings.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    pub(crate) verdict: Verdict,
    /// At most 200.
    pub(crate) differences: Vec<Difference>,
    /// How many more there are.
    pub(crate) more: usize,
    /// The places of all of them, also of those that are not among `differences`.
    pub(crate) places: Places,
    /// Values that were really equal.
    pub(crate) equal: usize,
    pub(crate) notes: Vec<&'static str>,
    /// The rules that were about something, if that is known.
    pub(crate) applied: Option<Applied>,
    /// Rules that would settle some of the differences.
    pub(crate) hints: Vec<Hint>,
    /// Headers that differ and were not compared.
    pub(crate) uncompared: Vec<Box<str>>,
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
            applied: None,
            hints: Vec::new(),
            uncompared: Vec::new(),
            secrecy: Secrecy::default(),
        }
    }
}
