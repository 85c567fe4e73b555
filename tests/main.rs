//! What a user of the crate can rely on, shown over real sockets. One file per behaviour.

#![allow(
    missing_docs,
    unreachable_pub,
    missing_debug_implementations,
    reason = "tests explain themselves"
)]

mod bodies;
mod bounds;
mod callbacks;
mod client_faults;
mod comparison;
mod configuration;
mod connections;
mod delivery;
mod differential;
mod disconnect;
mod environment;
mod filters;
mod handler_targets;
mod headers;
mod hostile_requests;
mod http2;
mod https;
mod layer;
mod many_headers;
mod memory;
mod observers;
mod paths;
mod recording;
mod replaying;
mod reported;
mod resending;
mod runtimes;
mod sampling;
mod shadow_faults;
mod sync;
mod trailers;
mod via;
mod wire;
