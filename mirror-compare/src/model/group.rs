//! Differences that are shown together.

use serde::{Deserialize, Serialize};

use crate::model::kind::DifferenceKind;

/// Differences of one kind at one place, in whatever elements of the arrays on the way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Group {
    /// A JSON pointer in which `*` stands for any index, and for the keys of a map whose keys are
    /// ids; the name of a header or a trailer field.
    pub pattern: String,
    /// In what way they differ.
    pub kind: DifferenceKind,
}

impl Group {
    /// Whether it is the body as a whole, of which no part is known to be more.
    pub(crate) fn is_whole_body(&self) -> bool {
        self.pattern.is_empty() && self.kind != DifferenceKind::Status
    }

    /// Whether it is in the body.
    pub(crate) fn is_in_body(&self) -> bool {
        let is_pointer = self.pattern.is_empty() || self.pattern.starts_with('/');
        is_pointer && self.kind != DifferenceKind::Status
    }
}
