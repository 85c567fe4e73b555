//! Who opens a connection that others can share, and who waits for it.

#[cfg(feature = "http2")]
use std::sync::atomic::Ordering::Relaxed;
use std::{pin::Pin, sync::Arc};

use tokio::{
    runtime::{self, Handle},
    sync::{Notify, futures::OwnedNotified},
};

use super::Pool;

/// How many copies a new connection will carry, as long as no server has said so: what RFC 9113
/// section 6.5.2 recommends as the least.
pub(super) const EXPECTED_STREAMS: usize = 100;

/// Connections of one runtime that are being opened.
#[derive(Debug, Default)]
pub(super) struct Dialing {
    under_way: usize,
    waiting: usize,
    /// Tells those who wait that one was opened, or could not be.
    ended: Arc<Notify>,
}

/// The reaction of a copy without a place.
pub(super) enum Turn {
    /// It opens a connection.
    Dial(Dial),
    /// Others do, and it waits for one of them.
    Wait(Wait),
}

/// Keeps count of a connection that is being opened.
#[derive(Debug)]
pub(super) struct Dial {
    pool: Arc<Pool>,
    runtime: runtime::Id,
}

/// Keeps count of a copy that waits.
pub(super) struct Wait {
    pool: Arc<Pool>,
    runtime: runtime::Id,
    pub(super) ended: Pin<Box<OwnedNotified>>,
}

impl Dialing {
    /// Whether nobody dials or waits.
    pub(super) fn is_over(&self) -> bool {
        self.under_way == 0 && self.waiting == 0
    }

    /// Dials for each so many copies that wait. Of the connections that are being opened, so many
    /// are `late`: nobody counts on them any more.
    pub(super) fn turn(&mut self, pool: &Arc<Pool>, expected: usize, late: usize) -> Turn {
        let runtime = Handle::current().id();
        // Whoever dials takes one place himself.
        let in_time = self.under_way.saturating_sub(late);
        let places = in_time.saturating_mul(expected.saturating_sub(1));
        if self.waiting >= places {
            self.under_way += 1;
            Turn::Dial(Dial {
                pool: Arc::clone(pool),
                runtime,
            })
        } else {
            self.waiting += 1;
            Turn::Wait(Wait {
                pool: Arc::clone(pool),
                runtime,
                // From now on: what ends before it is first polled is not missed.
                ended: Box::pin(Arc::clone(&self.ended).notified_owned()),
            })
        }
    }
}

#[cfg(feature = "http2")]
impl Dial {
    /// Takes note of how many copies such a connection carries at once.
    pub(super) fn expect(&self, streams: usize) {
        self.pool.expected.store(streams.max(1), Relaxed);
    }
}

impl Drop for Dial {
    fn drop(&mut self) {
        self.pool.kept.there(self.runtime, |there| {
            there.dialing.under_way = there.dialing.under_way.saturating_sub(1);
            there.dialing.ended.notify_waiters();
        });
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.pool.kept.there(self.runtime, |there| {
            there.dialing.waiting = there.dialing.waiting.saturating_sub(1);
        });
    }
}
