//! How many copies are under way in the process: the bound on them, and waiting for the last one.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};

use crate::outcome::ShedReason;

/// How many copies may be under way in the process at once. Each holds a connection, so this leaves most of the 1,024
/// descriptors that a process usually has to the primary only while shadows answer; it keeps memory bounded always.
const MAX_IN_FLIGHT: usize = 1024;

/// How long copies that were cut may take to end. They end at once unless a callback blocks.
const CUT_GRACE: Duration = Duration::from_secs(1);

static IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);
static DRAINS: AtomicUsize = AtomicUsize::new(0);
/// Tells those who drain that a copy has ended.
static ENDED: Notify = Notify::const_new();
/// Tells copies under way to end.
static CUT: Notify = Notify::const_new();

/// The right to be under way, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit(());

/// Lets one more copy leave, unless too many are under way.
pub(super) fn acquire() -> Result<Permit, ShedReason> {
    if IN_FLIGHT.fetch_add(1, SeqCst) >= MAX_IN_FLIGHT {
        IN_FLIGHT.fetch_sub(1, SeqCst);
        return Err(ShedReason::InFlightLimit);
    }
    let permit = Permit(());
    // After the copy is counted: a drain that is not seen here sees the copy and waits for it.
    if DRAINS.load(SeqCst) > 0 {
        Err(ShedReason::Draining)
    } else {
        Ok(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        IN_FLIGHT.fetch_sub(1, SeqCst);
        if DRAINS.load(SeqCst) > 0 {
            ENDED.notify_waiters();
        }
    }
}

/// Resolves when copies under way are to be given up.
pub(super) async fn cut() {
    CUT.notified().await;
}

/// What became of the copies that were in flight when [`drain`] was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Copies that were answered, failed or timed out by themselves.
    pub finished: usize,
    /// Copies that were given up at the deadline.
    pub cut: usize,
}

/// Waits until no copy of the process is in flight, at most until the deadline, and then gives up those that are left.
///
/// For the end of a program, after its server has stopped. No copies leave while this waits: they are shed
/// ([`ShedReason::Draining`]). Copies that are given up have failed
/// ([`MirrorError::Cancelled`](crate::MirrorError::Cancelled)); their callbacks run too. A callback that blocks is waited
/// for until one second after the deadline.
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
    let in_flight = IN_FLIGHT.load(SeqCst);
    let cut = if ended(deadline).await {
        0
    } else {
        let cut = IN_FLIGHT.load(SeqCst);
        CUT.notify_waiters();
        ended(CUT_GRACE).await;
        cut
    };
    drop(draining);
    Drained {
        finished: in_flight.saturating_sub(cut),
        cut,
    }
}

/// Waits until no copy is under way; `false` when that takes longer than `patience`.
async fn ended(patience: Duration) -> bool {
    let ended = async {
        loop {
            let mut ended = std::pin::pin!(ENDED.notified());
            ended.as_mut().enable();
            if IN_FLIGHT.load(SeqCst) == 0 {
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
