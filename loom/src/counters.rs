//! Counters: every snapshot adds up while others count, and nothing is lost.

use loom::sync::Arc;

use crate::{
    check,
    sync::{
        AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
    tally::Tally,
    together,
};

trait Counts: Sync + Send + 'static {
    fn none() -> Self;
    fn started(&self);
    fn ended(&self, index: usize);
    /// What started, and what ended.
    fn snapshot(&self) -> (u64, u64);
}

impl Counts for Tally<1, 2> {
    fn none() -> Self {
        Self::new()
    }

    fn started(&self) {
        self.started();
    }

    fn ended(&self, index: usize) {
        self.ended(index);
    }

    fn snapshot(&self) -> (u64, u64) {
        let snapshot = self.snapshot();
        (snapshot.started, snapshot.ended.iter().sum())
    }
}

#[derive(Default)]
struct Pair {
    started: AtomicU64,
    ended: AtomicU64,
}

/// Reads what started first.
struct StartsFirst(Pair);

impl Counts for StartsFirst {
    fn none() -> Self {
        Self(Pair::default())
    }

    fn started(&self) {
        self.0.started.fetch_add(1, Release);
    }

    fn ended(&self, _: usize) {
        self.0.ended.fetch_add(1, Release);
    }

    fn snapshot(&self) -> (u64, u64) {
        (self.0.started.load(Acquire), self.0.ended.load(Acquire))
    }
}

/// Reads in the right order, but nothing makes who sees an end see its start.
struct Unordered(Pair);

impl Counts for Unordered {
    fn none() -> Self {
        Self(Pair::default())
    }

    fn started(&self) {
        self.0.started.fetch_add(1, Relaxed);
    }

    fn ended(&self, _: usize) {
        self.0.ended.fetch_add(1, Relaxed);
    }

    fn snapshot(&self) -> (u64, u64) {
        let ended = self.0.ended.load(Relaxed);
        (self.0.started.load(Relaxed), ended)
    }
}

/// Counts with a separate load and store.
struct LosesCounts(Pair);

impl Counts for LosesCounts {
    fn none() -> Self {
        Self(Pair::default())
    }

    fn started(&self) {
        self.0.started.fetch_add(1, Relaxed);
    }

    fn ended(&self, _: usize) {
        let ended = self.0.ended.load(Acquire);
        self.0.ended.store(ended + 1, Release);
    }

    fn snapshot(&self) -> (u64, u64) {
        let ended = self.0.ended.load(Acquire);
        (self.0.started.load(Relaxed), ended)
    }
}

/// A copy that starts and ends on one thread, one that ends on another than it started, and a
/// reader.
fn adds_up<C: Counts>() {
    check(|| {
        let counts = Arc::new(C::none());
        let each = |role: fn(&Arc<C>)| {
            let counts = counts.clone();
            Box::new(move || role(&counts)) as Box<dyn FnOnce()>
        };
        let copy = each(|counts| {
            counts.started();
            counts.ended(0);
        });
        let handed_on = each(|counts| {
            counts.started();
            let task = counts.clone();
            loom::thread::spawn(move || task.ended(1)).join().unwrap();
        });
        let reader = each(|counts| {
            let (started, ended) = counts.snapshot();
            assert!(ended <= started, "{ended} ended of {started}");
        });
        together(vec![copy, handed_on, reader]);
        assert_eq!(counts.snapshot(), (2, 2), "at the end");
    });
}

#[test]
fn every_snapshot_adds_up() {
    adds_up::<Tally<1, 2>>();
}

#[test]
#[should_panic = "ended of"]
fn reading_starts_first_is_found() {
    adds_up::<StartsFirst>();
}

#[test]
#[should_panic = "ended of"]
fn a_missing_order_is_found() {
    adds_up::<Unordered>();
}

#[test]
#[should_panic = "at the end"]
fn a_count_that_is_lost_is_found() {
    adds_up::<LosesCounts>();
}
