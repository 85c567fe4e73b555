//! Chapters.

#[doc = include_str!("../docs/nats.md")]
pub mod nats {}
