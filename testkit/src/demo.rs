//! What the examples share: servers to send copies to, a client that sends real requests, and
//! printing.
//!
//! Nothing here is needed to use `mirror_runtime`; look at the examples themselves first.

#![expect(
    clippy::missing_errors_doc,
    reason = "whatever goes wrong ends an example"
)]

mod client;
mod print;
mod server;

use std::{error::Error, time::Duration};

pub use client::{Answer, Client};
pub use print::{printing, say};
pub use server::Server;

/// What the examples return: the first thing that went wrong ends them.
pub type Result<T = (), E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Waits until each copy that has left was answered or has failed, but no longer than five seconds.
pub async fn settle() {
    mirror_runtime::drain(Duration::from_secs(5)).await;
}

/// Prints the counters of all mirrors, one line per target.
pub fn print_counters() {
    println!();
    for mirror in mirror_runtime::mirrors()
        .iter()
        .filter_map(mirror_runtime::MirrorInfo::mirror)
    {
        print!("{}", mirror.stats());
    }
}
