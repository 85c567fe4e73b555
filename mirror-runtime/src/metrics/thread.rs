//! The thread that publishes.

use std::{
    cell::Cell,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender},
    },
    thread,
    time::Duration,
};

use super::publisher::{self, Extent};
use crate::workers::contained;

/// Prometheus scrapes every 15 seconds or less often: what it gets is a third of that old at most.
pub(super) const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);

/// More often than this the thread would be busy with nothing else.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// In milliseconds.
static INTERVAL: AtomicU64 = AtomicU64::new(millis(DEFAULT_INTERVAL));

static THREAD: LazyLock<Option<Sender<Request>>> = LazyLock::new(|| {
    let (sender, requests) = mpsc::channel();
    let thread = thread::Builder::new().name("mirror-metrics".to_owned());
    match thread.spawn(move || run(&requests)) {
        Ok(_) => Some(sender),
        Err(error) => {
            contained(|| {
                tracing::error!(
                    thread = "mirror-metrics",
                    %error,
                    "failed to start the thread that publishes metrics, so only `metrics::publish` does: raise the limit on threads, or free memory"
                );
            });
            None
        }
    }
});

thread_local! {
    /// Whether this thread is publishing: a recorder may not have it publish once more.
    static IS_PUBLISHING: Cell<bool> = const { Cell::new(false) };
}

enum Request {
    /// Publish, and tell this one.
    Publish(SyncSender<()>),
    /// Publish, and look at the interval.
    Wake,
}

impl Request {
    /// Who waits until it is done.
    fn done(self) -> Option<SyncSender<()>> {
        match self {
            Self::Publish(done) => Some(done),
            Self::Wake => None,
        }
    }
}

/// Starts the thread, if it does not run.
pub(super) fn start() {
    LazyLock::force(&THREAD);
}

/// Has the thread publish.
pub(super) fn wake() {
    if let Some(thread) = &*THREAD {
        // It never ends.
        let _ = thread.send(Request::Wake);
    }
}

pub(super) fn interval() -> Duration {
    Duration::from_millis(INTERVAL.load(Relaxed))
}

pub(super) fn set_interval(interval: Duration) {
    INTERVAL.store(millis(interval.max(SHORTEST_INTERVAL)), Relaxed);
}

/// As many as there can be, for a longer time.
const fn millis(interval: Duration) -> u64 {
    let millis = interval.as_millis();
    #[expect(clippy::cast_possible_truncation, reason = "it fits")]
    if millis < u64::MAX as u128 {
        millis as u64
    } else {
        u64::MAX
    }
}

/// Publishes everything that was counted until now, and returns when that is done: for the handler
/// that a scraper calls, and for tests.
///
/// It takes some 100 microseconds for each target, most of them if responses are compared. The
/// thread of this module does the work, so the recorder of the process gets it, and the caller
/// waits.
///
/// If the caller has a recorder of its own, by `metrics::with_local_recorder`, that gets all
/// counters and gauges as well. Histograms go to the recorder of the process alone, since each
/// duration is told once.
pub fn publish() {
    if IS_PUBLISHING.get() {
        return;
    }
    let (done, is_done) = mpsc::sync_channel(1);
    let asked = match &*THREAD {
        Some(thread) => thread.send(Request::Publish(done)).is_ok(),
        None => false,
    };
    if asked {
        // Its sender is dropped if the recorder panics.
        let _ = is_done.recv();
        guarded(publisher::publish_locally);
    } else {
        guarded(|| publisher::publish(Extent::All));
    }
}

fn run(requests: &Receiver<Request>) {
    loop {
        guarded(|| publisher::publish(Extent::Changed));
        let first = match requests.recv_timeout(interval()) {
            Ok(request) => request,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        // What all of them have asked for is done once.
        let all = std::iter::once(first).chain(requests.try_iter());
        let waiting: Vec<_> = all.filter_map(Request::done).collect();
        if !waiting.is_empty() {
            guarded(|| publisher::publish(Extent::All));
        }
        for done in waiting {
            // Nobody may be waiting any more.
            let _ = done.send(());
        }
    }
}

/// A recorder is code of the user's: a panic in it ends here.
fn guarded(publish: impl FnOnce()) {
    IS_PUBLISHING.set(true);
    contained(publish);
    IS_PUBLISHING.set(false);
}
