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

/// One that blocks for ever leaves three.
const THREADS: usize = 4;

/// Calls that may wait when nobody waits for them to end. The others are bounded by the copies in flight.
const MAX_UNAWAITED: usize = 1024;

type Job = Box<dyn FnOnce() + Send>;

static JOBS: LazyLock<Sender<Job>> = LazyLock::new(|| {
    let (sender, jobs) = mpsc::channel();
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..THREADS {
        let jobs = Arc::clone(&jobs);
        let thread = thread::Builder::new().name("mirror-callbacks".to_owned());
        if let Err(error) = thread.spawn(move || work(&jobs)) {
            tracing::error!(%error, "no thread for the callbacks of mirrors");
        }
    }
    sender
});

static UNAWAITED: Gauge = Gauge::new();

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(mpsc::RecvError) => break,
        }
    }
}

/// Runs a callback on a thread of the mirrors' own, within the runtime of the caller, and waits for it to end.
pub(crate) async fn off_path(callback: impl FnOnce() + Send + 'static) {
    let (done, ended) = oneshot::channel::<()>();
    let runtime = Handle::current();
    let job = Box::new(move || {
        let _entered = runtime.enter();
        callback();
        drop(done);
    });
    // Where there is no thread, the job is dropped and nobody waits.
    if JOBS.send(job).is_ok() {
        let _ = ended.await;
    }
}

/// Runs a callback on a thread of the mirrors' own, some time; not at all, where too many wait already.
pub(crate) fn off_path_unawaited(callback: impl FnOnce() + Send + 'static) {
    if UNAWAITED.enter(1, MAX_UNAWAITED) {
        let job = Box::new(move || {
            UNAWAITED.leave(1);
            callback();
        });
        let _ = JOBS.send(job);
    }
}
