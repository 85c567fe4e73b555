//! Chapters.

#[doc = include_str!("../docs/snapshot.md")]
pub mod snapshot {}

#[doc = include_str!("../docs/control.md")]
pub mod control {}
