//! Running callbacks where they can block nobody but one another.

use std::{
    future::Future,
    sync::{Arc, LazyLock},
};
#[cfg(feature = "compare")]
use std::{num::NonZeroUsize, thread};

use tokio::{runtime::Handle, sync::oneshot};

use super::fair::Fair;
#[cfg(feature = "compare")]
use super::fair::Job;
#[cfg(feature = "compare")]
use crate::engine::capturing::Capturing;
use crate::mirror::Mirror;

/// Threads for callbacks about copies. Where those of one mirror block for ever, one thread is left for others.
const THREADS: usize = 4;

/// Calls of `on_mismatch` of one mirror that may wait or run: each holds a comparison, of some 200 KiB at most.
#[cfg(feature = "compare")]
const MAX_MISMATCHES: usize = 64;

/// Comparisons of one mirror that may wait or run. What they hold has a place in the byte budget; this bounds how old they
/// get.
#[cfg(feature = "compare")]
const MAX_COMPARISONS: usize = 256;

/// Bounded by the copies in flight, each of which waits for its callback.
static COPIES: LazyLock<Fair> = LazyLock::new(|| Fair::start("mirror-callbacks", THREADS));

/// On threads of their own, so that a callback that blocks stops no comparison: one for each mirror at a time, which gets
/// its mismatches in order.
#[cfg(feature = "compare")]
static MISMATCHES: LazyLock<Fair> = LazyLock::new(|| Fair::start("mirror-mismatches", 2));

#[cfg(feature = "compare")]
static COMPARISONS: LazyLock<Fair> =
    LazyLock::new(|| Fair::start("mirror-compare", comparing_threads()));

/// A job that runs within the runtime of the caller, if there is one.
#[cfg(feature = "compare")]
fn within_runtime(job: impl FnOnce() + Send + 'static) -> Job {
    let (runtime, capturing) = (Handle::try_current(), Capturing::here());
    Box::new(move || {
        let _entered = runtime.as_ref().map(Handle::enter);
        job();
        // A test may wait for it to have run.
        capturing.ended();
    })
}

/// What tells the jobs of mirrors apart. A job keeps its mirror, so no other has its place meanwhile.
fn key(mirror: &Mirror) -> usize {
    Arc::as_ptr(mirror.shared()).addr()
}

/// Comparing takes a processor for as long as it lasts, and most of them are for requests. A mirror has two threads at
/// least: the user's own code compares, too, and where that blocks, the others go on. There is one more, which is for
/// other mirrors then.
#[cfg(feature = "compare")]
fn comparing_threads() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    processors.div_ceil(4).clamp(2, 4) + 1
}

/// Runs a callback about a copy on a thread of the mirrors' own, within the runtime of the caller, and waits for it to
/// end.
pub(crate) fn off_path<F>(mirror: &Mirror, callback: F) -> impl Future<Output = ()> + Send + use<F>
where
    F: FnOnce() + Send + 'static,
{
    let mirror = key(mirror);
    async move {
        let (done, ended) = oneshot::channel::<()>();
        let runtime = Handle::current();
        let job = Box::new(move || {
            let _entered = runtime.enter();
            callback();
            drop(done);
        });
        // Where there is no thread, the job is dropped and nobody waits.
        if COPIES.run(mirror, usize::MAX, job) {
            let _ = ended.await;
        }
    }
}

/// Runs `on_mismatch` on a thread of the mirrors' own, some time; `false` where too many calls of the mirror wait already.
#[cfg(feature = "compare")]
pub(crate) fn tell_off_path(mirror: &Mirror, on_mismatch: impl FnOnce() + Send + 'static) -> bool {
    MISMATCHES.run(key(mirror), MAX_MISMATCHES, within_runtime(on_mismatch))
}

/// Runs a comparison on one of the threads for them, some time; `false` where too many of the mirror wait already.
#[cfg(feature = "compare")]
pub(crate) fn compare_off_path(
    mirror: &Mirror,
    comparison: impl FnOnce() + Send + 'static,
) -> bool {
    COMPARISONS.run(key(mirror), MAX_COMPARISONS, within_runtime(comparison))
}
