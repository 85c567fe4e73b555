//! Telling `on_skip`, which costs a request that is not copied next to nothing: most of them are
//! not even sampled.
//!
//! A skip is put into a place that is there already. The thread that takes it out looks into it
//! from time to time while there is something to find, and is woken only when it had found nothing
//! for a while.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc::{self, Receiver, SyncSender, TryRecvError},
    },
    thread::{self, Thread},
    time::Duration,
};

use tokio::runtime::Handle;

use super::RequestId;
use crate::{outcome::SkipReason, workers::Hold};

/// Skips that may wait. Nobody waits for them to be told, so nothing else bounds them.
const MAX_WAITING: usize = 1024;

/// How long the thread sleeps between two looks. Skips of a busy route are told together; a
/// thousand fit into it up to some 200,000 a second.
const PAUSE: Duration = Duration::from_millis(5);

/// The subscribers to skips.
pub(super) trait OnSkip: Send + Sync {
    /// On the thread for that.
    fn skipped(&self, reason: SkipReason, request_id: Option<&RequestId>);
}

/// A request that was not sent to a target.
struct Skip {
    who: Arc<dyn OnSkip>,
    reason: SkipReason,
    request_id: Option<RequestId>,
    runtime: Option<Handle>,
    hold: Hold,
}

/// Where skips wait, and the thread that tells them: one of its own, so that they never stand in
/// front of a copy.
struct Skips {
    waiting: SyncSender<Skip>,
    /// `None` if there could be no thread.
    thread: Option<Thread>,
}

static SKIPS: LazyLock<Skips> = LazyLock::new(|| {
    let (waiting, skips) = mpsc::sync_channel(MAX_WAITING);
    let thread = thread::Builder::new().name("mirror-skips".to_owned());
    let thread = match thread.spawn(move || tell_all(&skips)) {
        Ok(thread) => Some(thread.thread().clone()),
        Err(error) => {
            tracing::error!(
                thread = "mirror-skips",
                %error,
                "failed to start the thread that calls `on_skip`: raise the limit on threads, or free memory"
            );
            None
        }
    };
    Skips { waiting, thread }
});

/// Whether the thread will look again by itself.
static IS_AWAKE: AtomicBool = AtomicBool::new(false);

/// Starts the thread, for a mirror that has an `on_skip`: no request should have to.
pub(crate) fn prepare() {
    LazyLock::force(&SKIPS);
}

/// Queues a call of `on_skip`, within the runtime of the caller; `false` if too many calls wait
/// already.
pub(super) fn tell(
    who: Arc<dyn OnSkip>,
    reason: SkipReason,
    request_id: Option<&RequestId>,
) -> bool {
    let skip = Skip {
        who,
        reason,
        request_id: request_id.cloned(),
        runtime: Handle::try_current().ok(),
        hold: Hold::here(),
    };
    let is_told = SKIPS.waiting.try_send(skip).is_ok();
    if is_told && !IS_AWAKE.load(SeqCst) && !IS_AWAKE.swap(true, SeqCst) {
        SKIPS.thread.iter().for_each(Thread::unpark);
    }
    is_told
}

fn tell_all(skips: &Receiver<Skip>) {
    loop {
        match tell_waiting(skips) {
            Err(TryRecvError::Disconnected) => return,
            Ok(()) => thread::sleep(PAUSE),
            Err(TryRecvError::Empty) => {
                IS_AWAKE.store(false, SeqCst);
                // What came before this was seen is told by the next look; what comes later wakes
                // the thread.
                if tell_waiting(skips).is_err() {
                    thread::park();
                }
                IS_AWAKE.store(true, SeqCst);
            }
        }
    }
}

/// Tells what waits; `Err` if nothing did.
fn tell_waiting(skips: &Receiver<Skip>) -> Result<(), TryRecvError> {
    skips.try_recv().map(call)?;
    // No more than there was room for: there may always be another.
    skips.try_iter().take(MAX_WAITING).for_each(call);
    Ok(())
}

fn call(skip: Skip) {
    let Skip {
        who,
        reason,
        request_id,
        runtime,
        hold,
    } = skip;
    let told = panic::catch_unwind(AssertUnwindSafe(|| {
        let _entered = runtime.as_ref().map(Handle::enter);
        who.skipped(reason, request_id.as_ref());
    }));
    // A log that panics must not end the thread, and neither must what it panicked with.
    std::mem::forget(told);
    // A test may wait for it to have been told.
    hold.end();
}
