//! The work that is granted to one comparison.

use crate::model::NotComparedReason;

/// Steps of a comparison: looking at one value of JSON is one. Two bodies of the largest default
/// size are some 500,000 steps at the most, and a step takes up to 100 ns, so that no comparison
/// holds a thread for longer than some tenths of a second.
const STEPS: u64 = 2_000_000;

/// Characters of a text that are compared in one step.
const CHARACTERS_PER_STEP: usize = 64;

/// Digits of a number that are subtracted in one step.
const DIGITS_PER_STEP: usize = 16;

/// Steps that are left.
#[derive(Debug)]
pub(crate) struct Budget(u64);

/// No steps are left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Spent;

impl From<Spent> for NotComparedReason {
    fn from(_: Spent) -> Self {
        Self::Budget
    }
}

/// Steps that are granted to the question which rules would help: few, because it is asked of
/// responses that differ only.
const HINT_STEPS: u64 = 50_000;

impl Default for Budget {
    fn default() -> Self {
        Self(STEPS)
    }
}

impl Budget {
    /// For the question which rules would help.
    pub(crate) const fn of_hints() -> Self {
        Self(HINT_STEPS)
    }

    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        let left = u64::try_from(steps)
            .ok()
            .and_then(|steps| self.0.checked_sub(steps));
        self.0 = left.unwrap_or(0);
        left.map(|_| ()).ok_or(Spent)
    }

    /// For a look at a text.
    pub(crate) fn spend_on(&mut self, text: &str) -> Result<(), Spent> {
        self.spend(1 + text.len() / CHARACTERS_PER_STEP)
    }

    /// For subtracting numbers of so many digits.
    pub(crate) fn spend_on_digits(&mut self, digits: usize) -> Result<(), Spent> {
        self.spend(digits / DIGITS_PER_STEP)
    }
}
