//! Without the feature `compare` there are no options of comparing.

use mirror_compare::Rules;

use crate::{engine::Comparing, error::ConfigError, target::Target};

/// What the builder was told of comparing: nothing.
#[derive(Debug, Default)]
pub(super) struct CompareOptions {
    /// What sinks are not given.
    pub(super) rules: Rules,
    pub(super) given: Vec<&'static str>,
    /// None.
    pub(super) baseline: Option<Target>,
}

#[expect(
    clippy::unused_self,
    reason = "with the feature `compare` there is something to check"
)]
impl CompareOptions {
    pub(super) fn has(&self, option: &str) -> bool {
        self.given.contains(&option)
    }

    pub(super) const fn compares(&self) -> bool {
        false
    }

    pub(super) const fn is_of_status(&self) -> bool {
        false
    }

    pub(super) fn check(&self, targets: &[Target]) -> Result<(), ConfigError> {
        match self.given.first() {
            // There are no others.
            Some(option) if !targets.iter().any(Target::is_sink) => {
                Err(ConfigError::RuleWithoutCompare(option))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn comparing(self, _: &[Target], _: bool) -> Option<Comparing> {
        None
    }
}
