//! The end of waiting: one timer for all who wait equally long.
//!
//! Who waits takes a place in a queue, and gives it up when it is gone.

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

/// One that does not wait forever.
pub(crate) trait Overdue: Send + Sync {
    /// The time is over. On a task.
    fn time_out(self: Arc<Self>);
}

/// All who wait equally long.
#[derive(Default)]
pub(crate) struct Deadlines {
    /// Locked for moments.
    queues: Mutex<Queues>,
}

/// By runtime, because a timer ends with its runtime. There is a queue for as long as it is
/// watched.
#[derive(Default)]
struct Queues {
    taken: u64,
    by_runtime: HashMap<runtime::Id, BTreeMap<u64, Entry>>,
}

/// All wait equally long: who came first is overdue first.
struct Entry {
    until: Instant,
    who: Weak<dyn Overdue>,
}

/// A place in a queue, given up when it is dropped.
pub(crate) struct Place {
    deadlines: Arc<Deadlines>,
    runtime: runtime::Id,
    number: u64,
}

impl Deadlines {
    /// How many wait, in each queue.
    #[cfg(test)]
    pub(crate) fn queues(&self) -> Vec<usize> {
        self.lock().by_runtime.values().map(BTreeMap::len).collect()
    }

    /// Bounds how long one waits. Without a runtime there is no timer, and no place.
    pub(crate) fn wait(
        self: &Arc<Self>,
        who: Weak<dyn Overdue>,
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
        queue.insert(number, Entry { until, who });
        drop(queues);
        if is_new {
            let watch = Watch {
                deadlines: Some(Arc::clone(self)),
                runtime,
            };
            drop(handle.spawn(watch.time_out_who_is_overdue()));
        }
        Some(Place {
            deadlines: Arc::clone(self),
            runtime,
            number,
        })
    }

    /// Times out who is overdue; tells when the next one will be. Without a next one, the queue is
    /// gone.
    fn time_out(&self, runtime: runtime::Id) -> Option<Instant> {
        let mut overdue = Vec::new();
        let mut queues = self.lock();
        let queue = queues.by_runtime.get_mut(&runtime)?;
        let now = Instant::now();
        let next = loop {
            match queue.first_entry() {
                Some(first) if first.get().until <= now => overdue.push(first.remove().who),
                first => break first.map(|first| first.get().until),
            }
        };
        if next.is_none() {
            queues.by_runtime.remove(&runtime);
        }
        // The last to let go of it gives up its place.
        drop(queues);
        for who in overdue.iter().filter_map(Weak::upgrade) {
            who.time_out();
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Deadlines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadlines").finish_non_exhaustive()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = self.deadlines.lock();
        if let Some(queue) = queues.by_runtime.get_mut(&self.runtime) {
            queue.remove(&self.number);
        }
    }
}

/// Times out who is in a queue. There is one for each queue.
struct Watch {
    /// `None` when its queue is gone. There may be another by then.
    deadlines: Option<Arc<Deadlines>>,
    runtime: runtime::Id,
}

impl Watch {
    async fn time_out_who_is_overdue(mut self) {
        while let Some(deadlines) = &self.deadlines {
            match deadlines.time_out(self.runtime) {
                Some(next) => sleep_until(next).await,
                None => self.deadlines = None,
            }
        }
    }
}

impl Drop for Watch {
    /// Also when its runtime is shut down: there is no time for its queue any more.
    fn drop(&mut self) {
        if let Some(deadlines) = &self.deadlines {
            let queue = deadlines.lock().by_runtime.remove(&self.runtime);
            drop(queue);
        }
    }
}
