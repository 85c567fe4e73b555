//! Shadows that are servers of others: every copy gets its response, and nothing is left of any.
//!
//! Each runs if its program is installed. What is left out is said, and is a failure where `CI` is `true`.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    unused_imports,
    missing_debug_implementations,
    reason = "tests explain themselves"
)]

#[path = "real_servers/envoy.rs"]
mod envoy;
#[path = "real_servers/load.rs"]
mod load;
#[path = "real_servers/nginx.rs"]
mod nginx;
#[path = "real_servers/node.rs"]
mod node;
#[path = "real_servers/server.rs"]
mod server;
mod support;

use tokio::sync::Mutex;

/// One server at a time: they take all that the machine has.
static TURN: Mutex<()> = Mutex::const_new(());
