//! Waiting for the copies that are under way when the program ends.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, timeout};

use crate::{
    bounds::{
        copies_in_flight,
        draining::{self, Draining},
    },
    exchange::all_compared,
    telemetry::all_told,
};

/// How long copies that were cut may take to end. They end at once unless a callback blocks.
const CUT_GRACE: Duration = Duration::from_secs(1);
const CUT_AGAIN: Duration = Duration::from_millis(10);

/// The outcome of the copies that were in flight when [`drain`] was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Drained {
    /// Copies that ended by themselves: answered, failed or timed out.
    pub finished: usize,
    /// Copies that were cancelled at the deadline, or at that of another drain that was waiting at
    /// the same time.
    pub cut: usize,
}

/// Waits until no copy of the process is in flight, at most until the deadline, and then cancels
/// the rest.
///
/// For the end of a program, after its server has stopped. No copies leave while this waits: they
/// are shed ([`ShedReason::Draining`](crate::ShedReason::Draining)). Cancelled copies count as
/// failed ([`MirrorError::Cancelled`](crate::MirrorError::Cancelled)), unless their response had
/// begun and states no length, or more than 1 MiB. Those count as answered, and
/// [`cut`](crate::TargetStats::cut). Their callbacks run too. A callback that blocks is waited for
/// until one second after the deadline. `drain` also waits for responses that are still to be
/// compared, and for calls of `on_mismatch`.
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
        let given_up = draining::lock_given_up();
        Self {
            in_flight: copies_in_flight(),
            given_up: *given_up,
        }
    }
}

/// Gives up all copies, and waits a while for them to end.
async fn cut_all() {
    let until = Instant::now() + CUT_GRACE;
    loop {
        // Again and again, for a copy that was just leaving.
        draining::cut_all();
        if all_ended(CUT_AGAIN).await || Instant::now() >= until {
            break;
        }
    }
}

/// Waits until no copy is under way, none is compared and no mismatch is told; `false` when that
/// takes longer than `patience`.
async fn all_ended(patience: Duration) -> bool {
    let ended = async {
        loop {
            let mut ended = std::pin::pin!(draining::next_end());
            ended.as_mut().enable();
            // In this order: a copy is handed over to be compared before it has ended.
            if copies_in_flight() == 0 && all_compared() && all_told() {
                break;
            }
            ended.await;
        }
    };
    timeout(patience, ended).await.is_ok()
}
