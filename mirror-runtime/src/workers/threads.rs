//! Running callbacks where they can block nobody but one another.

use std::sync::LazyLock;
#[cfg(feature = "compare")]
use std::{num::NonZeroUsize, thread};

use tokio::{runtime::Handle, sync::oneshot};

use super::{
    Hold,
    fair::{Fair, Job},
};

/// Threads for callbacks about copies. If those of one mirror block forever, one thread is left for
/// others.
const THREADS: usize = 4;

/// Calls of `on_mismatch` of one mirror that may wait or run: each holds a comparison, of some 200
/// KiB at most.
#[cfg(feature = "compare")]
const MAX_MISMATCHES: usize = 64;

/// Events that may wait for one observer, or be told to it.
const MAX_EVENTS: usize = 1024;

/// Comparisons of one mirror that may wait or run. What they hold has a place in the byte budget;
/// this bounds how old they get.
#[cfg(feature = "compare")]
const MAX_COMPARISONS: usize = 256;

/// Bounded by the copies in flight, each of which waits for its callback.
static COPIES: LazyLock<Fair> = LazyLock::new(|| Fair::start("mirror-callbacks", THREADS));

/// On threads of their own, so that a callback that blocks stops no comparison: one for each mirror
/// at a time, which gets its mismatches in order.
#[cfg(feature = "compare")]
static MISMATCHES: LazyLock<Fair> = LazyLock::new(|| Fair::start("mirror-mismatches", 2));

/// One of them for each observer at a time, which gets its events in order. One that blocks for
/// ever leaves the other to the rest.
static OBSERVERS: LazyLock<Fair> = LazyLock::new(|| Fair::start("mirror-observers", 2));

/// For what sinks are given. Bounded by what is handed over to them at once, which waits for it.
static RECORDS: LazyLock<Fair> = LazyLock::new(|| Fair::start("mirror-records", 2));

/// For functions of the user's that change copies. Bounded by the copies in flight, each of which
/// waits for its function. If one of a mirror blocks for ever, a thread is left for others.
static MAPPED: LazyLock<Fair> = LazyLock::new(|| Fair::start("mirror-map-request", 3));

#[cfg(feature = "compare")]
static COMPARISONS: LazyLock<Fair> =
    LazyLock::new(|| Fair::start("mirror-compare", comparing_threads()));

/// A job that runs within the runtime of the caller, if there is one.
fn within_runtime(job: impl FnOnce() + Send + 'static) -> Job {
    let (runtime, hold) = (Handle::try_current(), Hold::here());
    Box::new(move || {
        let _entered = runtime.as_ref().map(Handle::enter);
        job();
        // A test may wait for it to have run.
        hold.end();
    })
}

/// Comparing takes a processor for as long as it lasts, and most of them are for requests. A mirror
/// has two threads at least: the user's own code compares, too, and if that blocks, the others go
/// on. There is one more, which is for other mirrors then.
#[cfg(feature = "compare")]
fn comparing_threads() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    processors.div_ceil(4).clamp(2, 4) + 1
}

/// Resolves when a job has ended.
pub(crate) type Ended = oneshot::Receiver<()>;

// Jobs have a key, which tells those of one mirror from those of others: an address of what they
// hold.

/// Runs a callback about a copy on a thread of the mirrors' own, within the runtime of the caller.
/// `None` if there is no thread, so that nobody waits.
pub(crate) fn off_path(key: usize, callback: impl FnOnce() + Send + 'static) -> Option<Ended> {
    let (done, ended) = oneshot::channel();
    let runtime = Handle::try_current();
    let job = Box::new(move || {
        let _entered = runtime.as_ref().map(Handle::enter);
        callback();
        drop(done);
    });
    COPIES.run(key, usize::MAX, job).then_some(ended)
}

/// Queues a call of `on_mismatch` on a thread of the mirrors' own; `false` if too many calls of the
/// mirror wait already.
#[cfg(feature = "compare")]
pub(crate) fn tell_off_path(key: usize, on_mismatch: impl FnOnce() + Send + 'static) -> bool {
    MISMATCHES.run(key, MAX_MISMATCHES, within_runtime(on_mismatch))
}

/// Queues an event for an observer on a thread of the mirrors' own; `false` if too many events wait
/// for it already.
pub(crate) fn observe_off_path(key: usize, observe: impl FnOnce() + Send + 'static) -> bool {
    OBSERVERS.run(key, MAX_EVENTS, within_runtime(observe))
}

/// Queues a comparison on one of the threads for them; `false` if too many of the mirror wait
/// already.
#[cfg(feature = "compare")]
pub(crate) fn compare_off_path(key: usize, comparison: impl FnOnce() + Send + 'static) -> bool {
    COMPARISONS.run(key, MAX_COMPARISONS, within_runtime(comparison))
}

/// Takes the secrets out of an exchange on a thread of the mirrors' own: that takes as long as
/// reading it does. `None` if there is no thread.
pub(crate) async fn redact_off_path<T: Send + 'static>(
    key: usize,
    redact: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    result_of(&RECORDS, key, redact).await
}

/// Changes a copy on a thread of the mirrors' own, within the runtime of the caller. `None` if there
/// is no thread, or the function has panicked.
pub(crate) async fn map_off_path<T: Send + 'static>(
    key: usize,
    map: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let runtime = Handle::try_current();
    let map = move || {
        let _entered = runtime.as_ref().map(Handle::enter);
        map()
    };
    result_of(&MAPPED, key, map).await
}

async fn result_of<T: Send + 'static>(
    threads: &Fair,
    key: usize,
    run: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = oneshot::channel();
    let job = Box::new(move || {
        // Nobody may be waiting for it any more.
        let _ = done.send(run());
    });
    if threads.run(key, usize::MAX, job) {
        result.await.ok()
    } else {
        None
    }
}
