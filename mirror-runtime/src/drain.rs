//! Waiting for the copies that are under way when the program ends.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, futures::Notified},
    time::{Instant, timeout},
};

use crate::{
    bounds::in_flight::IN_FLIGHT,
    exchange::{all_compared, raise},
    mirror::mirrors,
};

/// How long copies that were cut may take to end. They end at once unless a callback blocks.
const CUT_GRACE: Duration = Duration::from_secs(1);
const CUT_AGAIN: Duration = Duration::from_millis(10);

/// Copies that were given up since the program began. Locked while one of them stops being under way, so that who counts
/// sees it there or here.
static GIVEN_UP: Mutex<usize> = Mutex::new(0);

static DRAINS: AtomicUsize = AtomicUsize::new(0);
/// Tells those who drain that a copy has ended.
static ENDED: Notify = Notify::const_new();
/// Tells copies under way to end.
static CUT: Notify = Notify::const_new();

/// What became of the copies that were in flight when [`drain`] was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Copies that were answered, failed or timed out by themselves.
    pub finished: usize,
    /// Copies that were given up: at the deadline, or at that of another drain that was waiting at the same time.
    pub cut: usize,
}

/// Waits until no copy of the process is in flight, at most until the deadline, and then gives up those that are left.
///
/// For the end of a program, after its server has stopped. No copies leave while this waits: they are shed
/// ([`ShedReason::Draining`](crate::ShedReason::Draining)). Copies that are given up have failed
/// ([`MirrorError::Cancelled`](crate::MirrorError::Cancelled)), unless their response had begun and states no length, or more
/// than 1 MiB: those are answered, and [`cut`](crate::TargetStats::cut). Their callbacks run too. A callback that blocks is
/// waited for until one second after the deadline. Answers that wait to be compared are waited for, too, and so are calls
/// of `on_mismatch`.
///
/// # Panics
///
/// Where the environment variable `MIRROR_RAISE_ON_MISMATCH` is `1` and a mirror has found a mismatch. It is for tests.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
///
/// let drained = mirror_runtime::drain(Duration::from_secs(5)).await;
/// assert_eq!((drained.finished, drained.cut), (0, 0));
/// # }
/// ```
pub async fn drain(deadline: Duration) -> Drained {
    let draining = Draining::start();
    let begin = Copies::now();
    if !all_ended(deadline).await {
        cut_all().await;
    }
    let end = Copies::now();
    drop(draining);
    mirrors().iter().for_each(raise);
    let cut = end.in_flight + (end.given_up - begin.given_up);
    Drained {
        finished: begin.in_flight.saturating_sub(cut),
        cut,
    }
}

/// The copies of the process at one moment.
struct Copies {
    in_flight: usize,
    given_up: usize,
}

impl Copies {
    fn now() -> Self {
        let given_up = lock_given_up();
        Self {
            in_flight: IN_FLIGHT.count(),
            given_up: *given_up,
        }
    }
}

/// A copy that was given up is under way no longer, once it has left.
pub(crate) fn given_up(leave: impl FnOnce()) {
    let mut given_up = lock_given_up();
    *given_up += 1;
    leave();
}

fn lock_given_up() -> MutexGuard<'static, usize> {
    GIVEN_UP.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn is_draining() -> bool {
    DRAINS.load(SeqCst) > 0
}

/// A copy or a comparison has ended, and is no longer counted.
pub(crate) fn ended() {
    if is_draining() {
        ENDED.notify_waiters();
    }
}

/// Resolves when copies under way are to be given up, from the moment this is called.
pub(crate) fn cut() -> Notified<'static> {
    CUT.notified()
}

/// Gives up all copies, and waits a while for them to end.
async fn cut_all() {
    let until = Instant::now() + CUT_GRACE;
    loop {
        // Again and again, for a copy that was just leaving.
        CUT.notify_waiters();
        if all_ended(CUT_AGAIN).await || Instant::now() >= until {
            break;
        }
    }
}

/// Waits until no copy is under way, none is compared and no mismatch is told; `false` when that takes longer than `patience`.
async fn all_ended(patience: Duration) -> bool {
    let ended = async {
        loop {
            let mut ended = std::pin::pin!(ENDED.notified());
            ended.as_mut().enable();
            // In this order: a copy is handed over to be compared before it has ended.
            if IN_FLIGHT.count() == 0 && all_compared() {
                break;
            }
            ended.await;
        }
    };
    timeout(patience, ended).await.is_ok()
}

/// While it lives no copies leave.
struct Draining;

impl Draining {
    fn start() -> Self {
        DRAINS.fetch_add(1, SeqCst);
        Self
    }
}

impl Drop for Draining {
    fn drop(&mut self) {
        DRAINS.fetch_sub(1, SeqCst);
    }
}
