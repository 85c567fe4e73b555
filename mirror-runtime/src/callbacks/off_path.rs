//! Running callbacks where they can block nobody but one another.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use tokio::{runtime::Handle, sync::oneshot};

use crate::{capturing::Capturing, dispatch::Gauge};

/// Threads for callbacks about copies. One that blocks for ever leaves three.
const THREADS: usize = 4;

/// Calls of `on_mismatch` that may wait: each holds a comparison, of some 200 KiB at most.
const MAX_MISMATCHES: usize = 64;

type Job = Box<dyn FnOnce() + Send>;

/// Bounded by the copies in flight, each of which waits for its callback.
static COPIES: LazyLock<Sender<Job>> = LazyLock::new(|| start("mirror-callbacks", THREADS));

/// On a thread of its own, so that a callback that blocks stops no comparison.
static MISMATCHES: Unawaited = Unawaited::new(MAX_MISMATCHES, || start("mirror-mismatches", 1));

/// Bounded by the comparisons that may wait, which are counted where they are made.
static COMPARISONS: Unawaited =
    Unawaited::new(usize::MAX, || start("mirror-compare", comparing_threads()));

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
        let (runtime, capturing) = (Handle::try_current(), Capturing::here());
        let job = Box::new(move || {
            self.waiting.leave(1);
            let _entered = runtime.as_ref().map(Handle::enter);
            job();
            // A test may wait for it to have run.
            capturing.ended();
        });
        self.jobs.send(job).is_ok()
    }
}

/// Comparing takes a processor for as long as it lasts, and most of them are for requests. There is a second thread in any
/// case: the user's own code compares, too, and where that blocks, the others go on.
fn comparing_threads() -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    processors.div_ceil(4).clamp(2, 4)
}

fn start(name: &str, threads: usize) -> Sender<Job> {
    let (sender, jobs) = mpsc::channel();
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..threads {
        let jobs = Arc::clone(&jobs);
        let thread = thread::Builder::new().name(name.to_owned());
        if let Err(error) = thread.spawn(move || work(&jobs)) {
            tracing::error!(%error, "no thread for the callbacks of mirrors");
        }
    }
    sender
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(mpsc::RecvError) => break,
        }
    }
}

/// Runs a callback about a copy on a thread of the mirrors' own, within the runtime of the caller, and waits for it to
/// end.
pub(crate) async fn off_path(callback: impl FnOnce() + Send + 'static) {
    let (done, ended) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let job = Box::new(move || {
        let _entered = runtime.enter();
        callback();
        drop(done);
    });
    // Where there is no thread, the job is dropped and nobody waits.
    if COPIES.send(job).is_ok() {
        let _ = ended.await;
    }
}

/// Runs `on_mismatch` on a thread of the mirrors' own, some time; `false` where too many calls wait already.
pub(crate) fn tell_off_path(on_mismatch: impl FnOnce() + Send + 'static) -> bool {
    MISMATCHES.run(on_mismatch)
}

/// Runs a comparison on one of the threads for them, some time; `false` where there is none.
pub(crate) fn compare_off_path(comparison: impl FnOnce() + Send + 'static) -> bool {
    COMPARISONS.run(comparison)
}
