//! Rules that would settle differences.

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Settling {
    /// It leaves a value out.
    Ignore,
    /// It takes an array in any order.
    Unordered,
    /// It lets numbers differ by so much.
    Tolerance(f64),
}

impl Settling {
    /// The rule that does what two do.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Tolerance(one), Self::Tolerance(other)) => Self::Tolerance(one.max(other)),
            (one, _) => one,
        }
    }
}

/// A rule that would settle some differences of one comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hint {
    pub(crate) settling: Settling,
    pub(crate) pattern: String,
    /// How many differences it is about.
    pub(crate) differences: usize,
    /// Whether it would settle all.
    pub(crate) is_enough: bool,
}
