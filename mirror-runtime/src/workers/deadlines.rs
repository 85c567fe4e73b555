//! The end of waiting for a primary that does not answer: one timer for all answers of a mirror that wait.
//!
//! An exchange takes a place in a queue when an answer begins to wait in it, and gives it up when it is gone. Nothing of
//! this is done on the path of the primary, unless the exchange ends there.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::{self, Handle},
    time::{Instant, sleep_until},
};

use crate::exchange::meeting::Exchange;

/// The exchanges of a mirror that wait for the primary.
#[derive(Default)]
pub(crate) struct Patience {
    /// Locked for moments.
    queues: Mutex<Queues>,
}

/// By runtime, because a timer ends with its runtime. There is a queue for as long as it is watched.
#[derive(Default)]
struct Queues {
    taken: u64,
    by_runtime: HashMap<runtime::Id, BTreeMap<u64, Entry>>,
}

/// All exchanges of a mirror wait equally long: who came first is overdue first.
struct Entry {
    until: Instant,
    exchange: Weak<Exchange>,
}

/// A place in a queue, given up when it is dropped.
pub(crate) struct Place {
    patience: Arc<Patience>,
    runtime: runtime::Id,
    number: u64,
}

impl Patience {
    /// Sees to it that an exchange waits no longer than this. Outside of a runtime there is no time, and no place.
    pub(crate) fn wait(
        self: &Arc<Self>,
        exchange: Weak<Exchange>,
        longest: Duration,
    ) -> Option<Place> {
        let handle = Handle::try_current().ok()?;
        let runtime = handle.id();
        let until = Instant::now() + longest;
        let mut queues = self.lock();
        queues.taken += 1;
        let number = queues.taken;
        let is_new = !queues.by_runtime.contains_key(&runtime);
        let queue = queues.by_runtime.entry(runtime).or_default();
        queue.insert(number, Entry { until, exchange });
        drop(queues);
        if is_new {
            let watch = Watch {
                patience: Some(Arc::clone(self)),
                runtime,
            };
            drop(handle.spawn(watch.time_out_who_is_overdue()));
        }
        Some(Place {
            patience: Arc::clone(self),
            runtime,
            number,
        })
    }

    /// Times out the exchanges that are overdue; tells when the next one will be. Without a next one, the queue is gone.
    fn time_out(&self, runtime: runtime::Id) -> Option<Instant> {
        let mut overdue = Vec::new();
        let mut queues = self.lock();
        let queue = queues.by_runtime.get_mut(&runtime)?;
        let now = Instant::now();
        let next = loop {
            match queue.first_entry() {
                Some(first) if first.get().until <= now => overdue.push(first.remove().exchange),
                first => break first.map(|first| first.get().until),
            }
        };
        if next.is_none() {
            queues.by_runtime.remove(&runtime);
        }
        // The last to let go of an exchange gives up its place.
        drop(queues);
        for exchange in overdue.iter().filter_map(Weak::upgrade) {
            exchange.time_out();
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patience").finish_non_exhaustive()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = self.patience.lock();
        if let Some(queue) = queues.by_runtime.get_mut(&self.runtime) {
            queue.remove(&self.number);
        }
    }
}

/// Times out the exchanges of a queue. There is one for each queue.
struct Watch {
    /// `None` when its queue is gone. There may be another by then.
    patience: Option<Arc<Patience>>,
    runtime: runtime::Id,
}

impl Watch {
    async fn time_out_who_is_overdue(mut self) {
        while let Some(patience) = &self.patience {
            match patience.time_out(self.runtime) {
                Some(next) => sleep_until(next).await,
                None => self.patience = None,
            }
        }
    }
}

impl Drop for Watch {
    /// Also when its runtime is shut down: there is no time for its queue any more.
    fn drop(&mut self) {
        if let Some(patience) = &self.patience {
            let queue = patience.lock().by_runtime.remove(&self.runtime);
            drop(queue);
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::{HeaderMap, Request, StatusCode};
    use tokio::{runtime::Runtime, time::sleep};

    use super::*;
    use crate::{
        comparison::{CompareMode, NotComparedReason},
        exchange::{Ending, Noting, PrimarySide},
        mirror::Mirror,
    };

    fn mirror() -> Mirror {
        Mirror::builder()
            .target("http://127.0.0.1:9")
            .compare(CompareMode::Status)
            .build()
            .unwrap()
    }

    /// A runtime whose time passes as soon as all else rests.
    fn runtime() -> Runtime {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    }

    /// Of a request, of which the shadow has answered and the primary has not.
    fn answered_by_the_shadow(mirror: &Mirror) -> PrimarySide {
        let (parts, body) = Request::new(Body::empty()).into_parts();
        let (side, open) = Exchange::of(mirror, &parts, &body);
        let mut copy = open.copy(0);
        copy.sent();
        let noting = Noting::of(StatusCode::OK, HeaderMap::new(), None, Some(0));
        copy.answered(noting.finish(Ending::Complete, Duration::ZERO));
        side
    }

    fn timed_out(mirror: &Mirror) -> u64 {
        let report = mirror.report().targets.remove(0);
        report.not_compared_for(NotComparedReason::TimedOut)
    }

    fn queues(mirror: &Mirror) -> Vec<usize> {
        let comparing = mirror.shared().comparing.as_ref().unwrap();
        let queues = comparing.patience.lock();
        queues.by_runtime.values().map(BTreeMap::len).collect()
    }

    #[test]
    fn who_is_overdue_is_timed_out_and_nothing_is_left() {
        let mirror = mirror();
        runtime().block_on(async {
            let longest = mirror.longest_timeout();
            let first = answered_by_the_shadow(&mirror);
            sleep(longest / 2).await;
            let second = answered_by_the_shadow(&mirror);
            sleep(longest * 3 / 4).await;
            assert_eq!((timed_out(&mirror), queues(&mirror)), (1, vec![1]));
            sleep(longest).await;
            assert_eq!((timed_out(&mirror), queues(&mirror)), (2, vec![]));
            // One that comes later is watched anew.
            let third = answered_by_the_shadow(&mirror);
            sleep(longest * 2).await;
            assert_eq!((timed_out(&mirror), queues(&mirror)), (3, vec![]));
            drop([first, second, third]);
        });
    }

    #[test]
    fn an_exchange_that_has_ended_has_no_place() {
        let mirror = mirror();
        runtime().block_on(async {
            let waiting = answered_by_the_shadow(&mirror);
            drop(answered_by_the_shadow(&mirror));
            // Of the answers that were handed over, too.
            tokio::task::yield_now().await;
            assert_eq!(queues(&mirror), [1]);
            drop(waiting);
            tokio::task::yield_now().await;
            assert_eq!(queues(&mirror), [0]);
            sleep(mirror.longest_timeout() * 2).await;
            assert_eq!((timed_out(&mirror), queues(&mirror)), (0, vec![]));
        });
    }

    #[test]
    fn a_runtime_that_stands_still_or_ends_holds_up_no_other() {
        let mirror = mirror();
        let (still, turning) = (runtime(), runtime());
        let entered = still.enter();
        let first = answered_by_the_shadow(&mirror);
        drop(entered);
        let second = turning.block_on(async {
            let second = answered_by_the_shadow(&mirror);
            sleep(mirror.longest_timeout() * 2).await;
            second
        });
        assert_eq!((timed_out(&mirror), queues(&mirror)), (1, vec![1]));
        drop(still);
        assert_eq!((timed_out(&mirror), queues(&mirror)), (1, vec![]));
        drop([first, second]);
    }
}
