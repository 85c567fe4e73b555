//! What the benchmarks share with the gates on allocations: requests, apps in every version, and a way to drive and to
//! measure them.

#![allow(dead_code, unused_imports, reason = "each program uses a part of it")]

mod allocated;
pub(crate) mod answering;
pub(crate) mod app;
pub(crate) mod by_hand;
pub(crate) mod documents;
mod drive;
pub(crate) mod goal;
mod held;
pub(crate) mod hyper_util;
pub(crate) mod interleaved;
mod nothing;
pub(crate) mod request;
pub(crate) mod reqwest;
pub(crate) mod sender;
pub(crate) mod shadow;
pub(crate) mod version;

pub(crate) use self::{
    allocated::Allocated, drive::Drive, nothing::Nothing, request::Shape, sender::Sender,
    version::Version,
};
