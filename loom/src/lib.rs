//! Model checks: what `mirror-runtime` keeps in atomics, under every interleaving of a few threads.
//!
//! ```sh
//! RUSTFLAGS="--cfg loom" cargo test --release --manifest-path loom/Cargo.toml
//! ```
//!
//! The files of the runtime are compiled here as they are, with loom's atomics in place of those of
//! `std`. Each model is also run with an implementation that has a race, and must find it: a model
//! that cannot fail proves nothing.
//!
//! This is a package of its own because `--cfg loom` takes `tokio::net` away, which the runtime
//! needs.
//!
//! loom takes `SeqCst` for `AcqRel`, so nothing here depends on there being one order of all
//! operations. What does is that a drain sees every copy that did not see the drain; it has no
//! model.

#![cfg(all(test, loom))]
#![allow(dead_code, reason = "the models do not use all of the runtime's files")]

#[path = "../../mirror-runtime/src/bounds/breaker.rs"]
mod breaker;
#[path = "../../mirror-runtime/src/bounds/gauge.rs"]
mod gauge;
#[path = "../../mirror-runtime/src/bounds/rate.rs"]
mod rate;
#[path = "../../mirror-runtime/src/stats/tally.rs"]
mod tally;

mod circuit;
mod counters;
mod permits;
mod rates;

/// What the runtime's files import, as they name it.
mod bounds {
    pub(crate) use crate::sync;
}

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
}

/// Runs a model under every interleaving in which threads are preempted at most so often. Nearly
/// all races need one or two preemptions; each more multiplies the time.
fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// Runs each of the functions on a thread of its own, the last one on this, and returns what they
/// returned, in order.
fn together<T: 'static>(all: Vec<Box<dyn FnOnce() -> T>>) -> Vec<T> {
    let mut all = all;
    let last = all.pop();
    let threads: Vec<_> = all.into_iter().map(loom::thread::spawn).collect();
    let last = last.map(|last| last());
    let returned = threads.into_iter().map(|thread| thread.join().unwrap());
    returned.chain(last).collect()
}
