//! The chapters of the manual. The modules in here hold nothing but text.
//!
//! The options of the attribute, which are those of the builder as well, are in the manual of
//! [`#[mirror]`](macro@crate::mirror).

#[doc = include_str!("../docs/start.md")]
pub mod start {}

#[doc = include_str!("../docs/features.md")]
pub mod features {}

#[doc = include_str!("../docs/copies.md")]
pub mod copies {}

#[doc = include_str!("../docs/counters.md")]
pub mod counters {}

#[doc = include_str!("../docs/metrics.md")]
pub mod metrics {}

#[doc = include_str!("../docs/comparing.md")]
pub mod comparing {}

#[doc = include_str!("../docs/verdict.md")]
pub mod verdict {}

#[doc = include_str!("../docs/recording.md")]
pub mod recording {}

#[doc = include_str!("../docs/log.md")]
pub mod log {}

#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[doc = include_str!("../docs/traces.md")]
pub mod traces {}

#[doc = include_str!("../docs/extending.md")]
pub mod extending {}

#[doc = include_str!("../docs/control.md")]
pub mod control {}

#[doc = include_str!("../docs/shutdown.md")]
pub mod shutdown {}

#[doc = include_str!("../docs/bounds.md")]
pub mod bounds {}

#[doc = include_str!("../docs/limitations.md")]
pub mod limitations {}

#[doc = include_str!("../docs/alternatives.md")]
pub mod alternatives {}
