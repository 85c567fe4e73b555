//! Whose turn it is to open a connection. Copies that wait for theirs take a connection that comes back meanwhile.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

/// How many connections to an origin may be opened at once. Those that a server has not accepted yet wait in a line whose
/// length it chooses: 128 with Rust's standard library, 50 with Java's. What comes when that is full is dropped, and tried again
/// after a second (RFC 6298 section 2), which is the time that a connection has by default. Without this bound, a burst of copies to
/// a shadow that is well would time out as one, and open its circuit.
const AT_ONCE: usize = 32;

/// How long a connection that is open counts as being opened: long enough for a server that is well to accept it.
const UNTIL_ACCEPTED: Duration = Duration::from_millis(20);

/// The line in front of an origin.
#[derive(Debug)]
pub(super) struct Opening {
    turns: Arc<Semaphore>,
    /// Copies in the line.
    waiting: AtomicUsize,
    /// Tells them that a connection has come back.
    returned: Notify,
}

/// What a copy gets that has no connection.
#[derive(Debug)]
pub(super) enum Next<C> {
    /// One that has come back.
    Returned(C),
    /// It may open one.
    Turn(Turn),
}

/// The turn of a copy to open a connection. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn(Option<OwnedSemaphorePermit>);

impl Turn {
    /// The connection is open. The turn ends when the server can be expected to have accepted it.
    pub(super) fn opened(self) {
        let Self(permit) = self;
        drop(tokio::spawn(async move {
            sleep(UNTIL_ACCEPTED).await;
            drop(permit);
        }));
    }
}

impl Opening {
    pub(super) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: AtomicUsize::new(0),
            returned: Notify::new(),
        }
    }

    /// A turn, or a connection that comes back before: one that `take` finds.
    pub(super) async fn next<C>(&self, take: impl Fn() -> Option<C>) -> Next<C> {
        if let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() {
            return Next::Turn(Turn(Some(turn)));
        }
        let _waiting = Waiting::new(&self.waiting);
        let mut turn = pin!(Arc::clone(&self.turns).acquire_owned());
        loop {
            let mut returned = pin!(self.returned.notified());
            // Before it looks, so that none comes back in between that it is not told of.
            returned.as_mut().enable();
            if let Some(connection) = take() {
                return Next::Returned(connection);
            }
            if let Either::Left((turn, _)) = select(turn.as_mut(), returned).await {
                // Nobody closes the semaphore.
                return Next::Turn(Turn(turn.ok()));
            }
        }
    }

    /// A connection has come back, where `take` finds it under a lock: the same lock lets whoever waits be seen here.
    pub(super) fn one_returned(&self) {
        if self.waiting.load(Relaxed) > 0 {
            self.returned.notify_one();
        }
    }

    /// A connection has been opened that all can share.
    pub(super) fn one_is_shared(&self) {
        self.returned.notify_waiters();
    }
}

/// A copy in the line, also when it gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt as _;
    use tokio::time::advance;

    use super::*;

    /// Connections that have come back.
    type Idle = Mutex<Vec<u32>>;

    async fn all_turns(opening: &Opening) -> Vec<Turn> {
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE {
            match opening.next(|| None::<u32>).await {
                Next::Turn(turn) => turns.push(turn),
                Next::Returned(_) => unreachable!("none has come back"),
            }
        }
        turns
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_lasts_until_the_connection_can_have_been_accepted() {
        let opening = Opening::new();
        let mut turns = all_turns(&opening).await;
        let mut next = pin!(opening.next(|| None::<u32>));
        assert!(
            next.as_mut().now_or_never().is_none(),
            "all turns are taken"
        );
        turns.pop().unwrap().opened();
        tokio::task::yield_now().await;
        advance(UNTIL_ACCEPTED - Duration::from_millis(1)).await;
        assert!(
            next.as_mut().now_or_never().is_none(),
            "it may not be accepted"
        );
        advance(Duration::from_millis(1)).await;
        assert!(matches!(next.await, Next::Turn(_)));
    }

    #[tokio::test]
    async fn a_connection_that_could_not_be_opened_gives_its_turn_to_the_next() {
        let opening = Opening::new();
        let mut turns = all_turns(&opening).await;
        let mut next = pin!(opening.next(|| None::<u32>));
        assert!(next.as_mut().now_or_never().is_none());
        turns.pop();
        assert!(matches!(next.await, Next::Turn(_)));
    }

    #[tokio::test]
    async fn who_waits_gets_what_comes_back() {
        let (opening, idle) = (Opening::new(), Idle::default());
        let _turns = all_turns(&opening).await;
        let take = || idle.lock().unwrap().pop();
        let mut first = pin!(opening.next(take));
        let mut second = pin!(opening.next(take));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        for connection in [1, 2] {
            idle.lock().unwrap().push(connection);
            opening.one_returned();
        }
        assert!(matches!(first.await, Next::Returned(2)));
        assert!(matches!(second.await, Next::Returned(1)));
        assert_eq!(opening.waiting.load(Relaxed), 0);
    }

    #[tokio::test]
    async fn who_gives_up_leaves_to_the_next_what_comes_back() {
        let (opening, idle) = (Opening::new(), Idle::default());
        let _turns = all_turns(&opening).await;
        let take = || idle.lock().unwrap().pop();
        let mut first = Box::pin(opening.next(take));
        let mut second = pin!(opening.next(take));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        idle.lock().unwrap().push(1);
        opening.one_returned();
        drop(first);
        assert!(matches!(second.await, Next::Returned(1)));
    }

    #[tokio::test]
    async fn all_get_what_can_be_shared() {
        let (opening, idle) = (Opening::new(), Idle::default());
        let _turns = all_turns(&opening).await;
        let share = || idle.lock().unwrap().first().copied();
        let mut first = pin!(opening.next(share));
        let mut second = pin!(opening.next(share));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        idle.lock().unwrap().push(7);
        opening.one_is_shared();
        assert!(matches!(first.await, Next::Returned(7)));
        assert!(matches!(second.await, Next::Returned(7)));
    }
}
