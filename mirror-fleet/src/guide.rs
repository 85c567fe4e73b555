//! Chapters.

#[cfg(feature = "dashboard")]
#[doc = include_str!("../docs/fleet.md")]
pub mod fleet {}
#[doc = include_str!("../docs/nats.md")]
pub mod nats {}
#[doc = include_str!("../docs/scale.md")]
pub mod scale {}
