//! What tests, examples, benchmarks and fuzz targets of this workspace share: shadows, clients,
//! and generators of values. It is never published.
//!
//! | feature | for | has |
//! |---|---|---|
//! | `shadows` | the tests and the soak | shadows that record, misbehave or speak HTTP/2 frame by frame; a primary; waiting for conditions |
//! | `demo` | the examples | servers that can be killed, a client, and printing |
//! | `strict` | the fuzz targets | a shadow that takes nothing but well-formed requests |
//! | `generators` | the property tests | values of any kind |
//! | `nats` | the tests of `mirror-fleet` | real servers of NATS, where the program is installed |

#![allow(
    missing_debug_implementations,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "what cannot be had here fails the test or the benchmark that asks for it, and nobody prints a server"
)]

#[cfg(feature = "shadows")]
mod authority;
#[cfg(feature = "demo")]
pub mod demo;
#[cfg(feature = "shadows")]
mod directory;
#[cfg(feature = "shadows")]
mod faulty;
#[cfg(feature = "generators")]
pub mod generators;
mod headers;
#[cfg(feature = "shadows")]
mod log;
#[cfg(feature = "nats")]
pub mod nats;
#[cfg(feature = "shadows")]
mod primary;
#[cfg(feature = "shadows")]
mod process;
#[cfg(feature = "shadows")]
pub mod raw_h2;
#[cfg(feature = "shadows")]
mod shadow;
#[cfg(feature = "strict")]
pub mod strict;
#[cfg(feature = "shadows")]
mod waiting;

pub use self::headers::NEVER_COPIED;
#[cfg(feature = "shadows")]
pub use self::{
    authority::{Authority, passes_where_trusted, trusted_file},
    directory::Directory,
    faulty::{Fault, Faulty},
    log::Log,
    primary::{Answer, Primary, connect_h2, without_date},
    process::{Room, passes_with, passes_with_little_room},
    raw_h2::{RawH2, prior_knowledge},
    shadow::{Recorded, Shadow},
    waiting::{closed_port, eventually, mirror_named, pass, settled, until},
};
