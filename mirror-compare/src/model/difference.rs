//! One thing in which two responses differ.

use serde::Serialize;

use crate::model::{group::Group, kind::DifferenceKind};

/// One thing in which a shadow's response differs from the primary's.
///
/// Values are JSON text, or the text itself if the bodies are compared as bytes. They are cut to 1
/// KiB around the first difference, at a character, with `…` where something is left out. A value
/// that is redacted is `[redacted]`, and one that looks like a secret is a mark, such as
/// `[redacted 4f2a]`: the same for equal values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The place: a JSON pointer (RFC 6901) into the body, `""` for all of it, and for the status;
    /// the name of a header or a trailer field.
    ///
    /// If only one of the responses has it, the pointer is into that one, otherwise into the
    /// primary's.
    pub pointer: String,
    /// In what way.
    pub kind: DifferenceKind,
    /// The primary's value there.
    pub primary: Option<String>,
    /// The shadow's value there.
    pub shadow: Option<String>,
    /// Whether responses of the old version differ from one another there as well, as a `baseline`
    /// shows.
    pub noise: bool,
    /// The pointer with the indices of arrays left out.
    #[serde(skip)]
    pub(crate) pattern: String,
    /// The pointer of the place at which noise is told from differences.
    #[serde(skip)]
    pub(crate) place: String,
}

impl Difference {
    /// The group that it is counted in.
    #[must_use]
    pub fn group(&self) -> Group {
        Group {
            pattern: self.pattern.clone(),
            kind: self.kind,
        }
    }

    /// The place at which noise is told from differences.
    pub(crate) fn place(&self) -> Group {
        Group {
            pattern: self.place.clone(),
            kind: self.kind,
        }
    }
}
