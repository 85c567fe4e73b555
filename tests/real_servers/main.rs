//! Shadows that are servers of others: every copy gets its response, and nothing is left of any.
//!
//! Each runs if its program is installed. What is left out is said, and is a failure where `CI` is
//! `true`.

mod envoy;
mod load;
mod nginx;
mod node;
mod server;

use tokio::sync::Mutex;

/// One server at a time: they take all that the machine has.
static TURN: Mutex<()> = Mutex::const_new(());
