//! Permits: never more than the bound, all come back, and nobody is turned away because of somebody
//! else who is.

use loom::sync::{Arc, atomic::AtomicUsize};

use crate::{check, gauge::Gauge, sync::Ordering::SeqCst, together};

trait Permits: Sync + Send + 'static {
    fn none_taken() -> Self;
    fn enter(&self, more: usize, bound: usize) -> bool;
    fn leave(&self, less: usize);
    fn count(&self) -> usize;
}

impl Permits for Gauge {
    fn none_taken() -> Self {
        Self::new()
    }

    fn enter(&self, more: usize, bound: usize) -> bool {
        self.enter(more, bound)
    }

    fn leave(&self, less: usize) {
        self.leave(less);
    }

    fn count(&self) -> usize {
        self.count()
    }
}

/// Looks first and counts then.
struct LooksFirst(AtomicUsize);

impl Permits for LooksFirst {
    fn none_taken() -> Self {
        Self(AtomicUsize::new(0))
    }

    fn enter(&self, more: usize, bound: usize) -> bool {
        let enters = self.0.load(SeqCst) + more <= bound;
        if enters {
            self.0.fetch_add(more, SeqCst);
        }
        enters
    }

    fn leave(&self, less: usize) {
        self.0.fetch_sub(less, SeqCst);
    }

    fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// Counts first and takes it back if it was too much.
struct CountsFirst(AtomicUsize);

impl Permits for CountsFirst {
    fn none_taken() -> Self {
        Self(AtomicUsize::new(0))
    }

    fn enter(&self, more: usize, bound: usize) -> bool {
        let enters = self.0.fetch_add(more, SeqCst) + more <= bound;
        if !enters {
            self.0.fetch_sub(more, SeqCst);
        }
        enters
    }

    fn leave(&self, less: usize) {
        self.0.fetch_sub(less, SeqCst);
    }

    fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// Returns its permit with a separate load and store.
struct LosesPermits(AtomicUsize);

impl Permits for LosesPermits {
    fn none_taken() -> Self {
        Self(AtomicUsize::new(0))
    }

    fn enter(&self, more: usize, bound: usize) -> bool {
        let entered = self.0.fetch_update(SeqCst, SeqCst, |count| {
            Some(count + more).filter(|count| *count <= bound)
        });
        entered.is_ok()
    }

    fn leave(&self, less: usize) {
        self.0.store(self.0.load(SeqCst) - less, SeqCst);
    }

    fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// Three copies that may be under way, two at a time; the second takes two places.
fn bounded<P: Permits>() {
    const BOUND: usize = 2;
    check(|| {
        let shared = Arc::new((P::none_taken(), AtomicUsize::new(0)));
        let copy = |places| {
            let shared = shared.clone();
            let copy = move || {
                let (permits, inside) = &*shared;
                if permits.enter(places, BOUND) {
                    let others = inside.fetch_add(places, SeqCst);
                    assert!(others + places <= BOUND, "beyond the bound");
                    inside.fetch_sub(places, SeqCst);
                    permits.leave(places);
                }
            };
            Box::new(copy) as Box<dyn FnOnce()>
        };
        together(vec![copy(1), copy(2), copy(1)]);
        assert_eq!(shared.0.count(), 0, "all come back");
    });
}

/// Two that fit, and one that is too large at any time.
fn undisturbed<P: Permits>() {
    check(|| {
        let permits = Arc::new(P::none_taken());
        let copy = |places| {
            let permits = permits.clone();
            Box::new(move || permits.enter(places, 2)) as Box<dyn FnOnce() -> bool>
        };
        let entered = together(vec![copy(3), copy(1), copy(1)]);
        assert_eq!(entered, [false, true, true]);
        assert_eq!(permits.count(), 2);
    });
}

#[test]
fn there_are_never_more_than_the_bound_and_all_come_back() {
    bounded::<Gauge>();
}

#[test]
fn nobody_is_turned_away_because_of_somebody_who_is() {
    undisturbed::<Gauge>();
}

#[test]
#[should_panic = "beyond the bound"]
fn looking_before_counting_is_found() {
    bounded::<LooksFirst>();
}

#[test]
#[should_panic = "all come back"]
fn a_permit_that_is_lost_is_found() {
    bounded::<LosesPermits>();
}

#[test]
#[should_panic = "left == right"]
fn counting_before_looking_is_found() {
    undisturbed::<CountsFirst>();
}
