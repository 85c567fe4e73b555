//! JSON as it is compared: a tree that borrows from the body, whose numbers are still text.
//!
//! `serde_json` would need its features `arbitrary_precision` for this, which changes what numbers
//! are for every crate of the program. `hifijson` reads words, and leaves to us what a document is.

#[cfg_attr(
    not(feature = "compare"),
    expect(
        dead_code,
        reason = "rules hold tolerances, and comparing alone looks at them"
    )
)]
pub(crate) mod decimal;
mod parse;
#[cfg(fuzzing)]
mod spelled;
#[cfg(feature = "compare")]
mod write;

pub(crate) use self::parse::{NotJson, parse};
#[cfg(feature = "compare")]
pub(crate) use self::write::write_string;

#[cfg(fuzzing)]
pub use self::spelled::spelled;

/// A value of JSON: in the body, and in the memory that it was parsed into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    /// As it is written.
    Number(&'a str),
    String(&'a str),
    Array(&'a [Node<'a>]),
    /// In the order of their keys, each of which is there once.
    Object(&'a [Member<'a>]),
}

#[cfg(feature = "compare")]
impl Node<'_> {
    /// How many values are in it that are neither arrays nor objects.
    pub(crate) fn values(&self) -> usize {
        match self {
            Self::Array(elements) => elements.iter().map(Self::values).sum(),
            Self::Object(members) => members.iter().map(|(_, member)| member.values()).sum(),
            _ => 1,
        }
    }
}

/// A key and its value.
pub(crate) type Member<'a> = (&'a str, Node<'a>);
