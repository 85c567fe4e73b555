//! Without the feature `compare` no mirror compares.

/// How the responses of a mirror are compared: not at all.
#[derive(Debug)]
pub(crate) enum Comparing {}

impl Comparing {
    pub(crate) const fn is_baseline(&self, _: usize) -> bool {
        match *self {}
    }
}
