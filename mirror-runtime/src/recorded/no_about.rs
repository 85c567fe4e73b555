//! What a record says of its mirror, where there are no records.

use super::told::Told;

/// Nothing.
#[derive(Debug, Default)]
pub(crate) struct About;

impl About {
    pub(crate) fn new(_: Told<'_>) -> Self {
        Self
    }
}
