//! Running callbacks where they can block nobody but one another.

use std::{
    future::Future,
    num::NonZeroUsize,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use tokio::{runtime::Handle, sync::oneshot};

use super::{
    contained,
    fair::{Fair, Job},
};
use crate::{capturing::Capturing, dispatch::Gauge, mirror::Mirror};

/// Threads for callbacks about copies. Where those of one mirror block for ever, one thread is left for others.
const THREADS: usize = 4;

/// Calls of `on_skip` that may wait. Nobody waits for them to end, so nothing else bounds them.
const MAX_SKIPS: usize = 1024;

/// Calls of `on_mismatch` of one mirror that may wait or run: each holds a comparison, of some 200 KiB at most.
const MAX_MISMATCHES: usize = 64;

/// Comparisons of one mirror that may wait or run. What they hold has a place in the byte budget; this bounds how old they
/// get.
const MAX_COMPARISONS: usize = 256;

/// Bounded by the copies in flight, each of which waits for its callback.
static COPIES: LazyLock<Fair> = LazyLock::new(|| Fair::start("mirror-callbacks", THREADS));

/// On a thread of its own, so that requests that are skipped never stand in front of a copy.
static SKIPS: Unawaited = Unawaited::new(MAX_SKIPS, || start("mirror-skips", 1));

/// On threads of their own, so that a callback that blocks stops no comparison: one for each mirror at a time, which gets
/// its mismatches in order.
static MISMATCHES: LazyLock<Fair> = LazyLock::new(|| Fair::start("mirror-mismatches", 2));

static COMPARISONS: LazyLock<Fair> =
    LazyLock::new(|| Fair::start("mirror-compare", comparing_threads()));

/// Jobs that nobody waits for, and how many of them may wait.
struct Unawaited {
    jobs: LazyLock<Sender<Job>>,
    waiting: Gauge,
    max_waiting: usize,
}

impl Unawaited {
    const fn new(max_waiting: usize, start: fn() -> Sender<Job>) -> Self {
        Self {
            jobs: LazyLock::new(start),
            waiting: Gauge::new(),
            max_waiting,
        }
    }

    /// Runs a job some time, within the runtime of the caller; `false` where it never will.
    fn run(&'static self, job: impl FnOnce() + Send + 'static) -> bool {
        if !self.waiting.enter(1, self.max_waiting) {
            return false;
        }
        let job = within_runtime(job);
        let job = Box::new(move || {
            self.waiting.leave(1);
            job();
        });
        self.jobs.send(job).is_ok()
    }
}

/// A job that runs within the runtime of the caller, if there is one.
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
fn comparing_threads() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    processors.div_ceil(4).clamp(2, 4) + 1
}

fn start(name: &str, threads: usize) -> Sender<Job> {
    let (sender, jobs) = mpsc::channel();
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..threads {
        let jobs = Arc::clone(&jobs);
        let thread = thread::Builder::new().name(name.to_owned());
        if let Err(error) = thread.spawn(move || work(&jobs)) {
            contained(|| tracing::error!(%error, "no thread for the callbacks of mirrors"));
        }
    }
    sender
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            // One that ends with a panic must not take the thread with it.
            Ok(job) => contained(job),
            Err(mpsc::RecvError) => break,
        }
    }
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

/// Runs `on_skip` on a thread of the mirrors' own, some time; not at all, where too many calls wait already.
pub(crate) fn off_path_unawaited(on_skip: impl FnOnce() + Send + 'static) {
    SKIPS.run(on_skip);
}

/// Runs `on_mismatch` on a thread of the mirrors' own, some time; `false` where too many calls of the mirror wait already.
pub(crate) fn tell_off_path(mirror: &Mirror, on_mismatch: impl FnOnce() + Send + 'static) -> bool {
    MISMATCHES.run(key(mirror), MAX_MISMATCHES, within_runtime(on_mismatch))
}

/// Runs a comparison on one of the threads for them, some time; `false` where too many of the mirror wait already.
pub(crate) fn compare_off_path(
    mirror: &Mirror,
    comparison: impl FnOnce() + Send + 'static,
) -> bool {
    COMPARISONS.run(key(mirror), MAX_COMPARISONS, within_runtime(comparison))
}
