//! Running callbacks where they can block nobody but one another.

use std::{
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use tokio::{runtime::Handle, sync::oneshot};

use crate::dispatch::Gauge;

/// Threads for callbacks about copies. One that blocks for ever leaves three.
const THREADS: usize = 4;

/// Calls of `on_skip` that may wait. Nobody waits for them to end, so nothing else bounds them.
const MAX_SKIPS: usize = 1024;

type Job = Box<dyn FnOnce() + Send>;

/// Bounded by the copies in flight, each of which waits for its callback.
static COPIES: LazyLock<Sender<Job>> = LazyLock::new(|| start("mirror-callbacks", THREADS));

/// On a thread of its own, so that requests that are skipped never stand in front of a copy.
static SKIPS: LazyLock<Sender<Job>> = LazyLock::new(|| start("mirror-skips", 1));
static WAITING_SKIPS: Gauge = Gauge::new();

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

/// Runs `on_skip` on a thread of the mirrors' own, some time; not at all, where too many calls wait already.
pub(crate) fn off_path_unawaited(on_skip: impl FnOnce() + Send + 'static) {
    if WAITING_SKIPS.enter(1, MAX_SKIPS) {
        let runtime = Handle::try_current();
        let job = Box::new(move || {
            WAITING_SKIPS.leave(1);
            let _entered = runtime.as_ref().map(Handle::enter);
            on_skip();
        });
        let _ = SKIPS.send(job);
    }
}
