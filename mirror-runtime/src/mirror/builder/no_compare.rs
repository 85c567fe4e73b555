//! Without the feature `compare` there are no options of comparing.

use crate::{engine::Comparing, error::ConfigError, target::Target};

/// What the builder was told of comparing: nothing.
#[derive(Debug, Default)]
pub(super) struct CompareOptions {
    /// None.
    pub(super) baseline: Option<Target>,
}

#[expect(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "with the feature `compare` there is something to check"
)]
impl CompareOptions {
    pub(super) const fn has(&self, _: &str) -> bool {
        false
    }

    pub(super) const fn is_of_status(&self) -> bool {
        false
    }

    pub(super) const fn check(&self, _: &[Target]) -> Result<(), ConfigError> {
        Ok(())
    }

    pub(super) fn comparing(self, _: &[Target]) -> Option<Comparing> {
        None
    }
}
