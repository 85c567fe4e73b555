//! What the benchmarks share with the gates on allocations: requests, apps in every version, and a
//! way to drive and to measure them. It is never published.

#![allow(
    missing_debug_implementations,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "what cannot be had here fails the benchmark that asks for it, and nobody prints a server"
)]

pub mod account;
mod allocated;
pub mod answering;
pub mod app;
pub mod by_hand;
pub mod documents;
mod drive;
pub mod goal;
mod held;
pub mod hyper_util;
pub mod interleaved;
mod nothing;
pub mod request;
pub mod reqwest;
pub mod sender;
pub mod shadow;
mod shadow_process;
pub mod version;

pub use self::{
    allocated::Allocated, drive::Drive, nothing::Nothing, request::Shape, sender::Sender,
    shadow_process::ShadowProcess, version::Version,
};
