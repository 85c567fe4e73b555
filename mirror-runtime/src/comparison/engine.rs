//! Comparing two answers.

use http::Method;

use super::{
    Answer, CompareMode, Difference, DifferenceKind, NotComparedReason, Rules, Verdict,
    groups::Groups,
};

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    pub(crate) verdict: Verdict,
    /// At most 100.
    pub(crate) differences: Vec<Difference>,
    /// How many more there are.
    pub(crate) more: usize,
    /// Where all of them are, also those that are not among `differences`.
    pub(crate) groups: Groups,
    pub(crate) notes: Vec<&'static str>,
}

impl Compared {
    pub(crate) fn not_compared(reason: NotComparedReason) -> Self {
        Self {
            verdict: Verdict::NotCompared(reason),
            differences: Vec::new(),
            more: 0,
            groups: Groups::default(),
            notes: Vec::new(),
        }
    }
}

/// Compares a shadow's answer with the primary's.
pub(crate) fn compare(
    _method: &Method,
    primary: &Answer,
    shadow: &Answer,
    _mode: CompareMode,
    rules: &Rules,
) -> Compared {
    let mut compared = Compared {
        verdict: Verdict::Match,
        differences: Vec::new(),
        more: 0,
        groups: Groups::default(),
        notes: Vec::new(),
    };
    if primary.status() != shadow.status() {
        compared.verdict = Verdict::Mismatch;
        compared.differences.push(Difference {
            pointer: String::new(),
            kind: DifferenceKind::Status,
            primary: Some(primary.status().as_str().to_owned()),
            shadow: Some(shadow.status().as_str().to_owned()),
            noise: false,
        });
    } else if primary.body().len().max(shadow.body().len()) > rules.max_compare_body() {
        compared.verdict = Verdict::NotCompared(NotComparedReason::TooLarge);
    } else if primary.body() != shadow.body() {
        compared.verdict = Verdict::Mismatch;
    }
    compared
}
