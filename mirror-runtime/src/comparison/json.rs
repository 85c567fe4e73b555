//! JSON as it is compared: a tree that borrows from the body, whose numbers are still text.
//!
//! `serde_json` would need its features `arbitrary_precision` for this, which changes what numbers are for every crate of
//! the program.

mod excerpt;
mod parse;

use std::borrow::Cow;

pub(crate) use self::excerpt::REDACTED;
pub(super) use self::{
    excerpt::Excerpt,
    parse::{NotJson, parse},
};

/// A value of JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    /// As it is written.
    Number(Cow<'a, str>),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    /// In the order of their keys, each of which is there once.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}
