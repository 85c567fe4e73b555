//! The rate: no more copies leave together than may.

use loom::sync::Arc;

use crate::{
    check,
    rate::Rate,
    sync::{AtomicU64, Ordering::SeqCst},
    together,
};

const COPIES: usize = 2;
const PERIOD: u64 = 100;

trait Rated: Sync + Send + 'static {
    fn full() -> Self;
    fn admit(&self, now: u64) -> bool;
}

impl Rated for Rate {
    fn full() -> Self {
        Self::new(COPIES as u64, PERIOD)
    }

    fn admit(&self, now: u64) -> bool {
        self.admit(now)
    }
}

/// Takes with a separate load and store.
struct TakesTwice(AtomicU64);

impl Rated for TakesTwice {
    fn full() -> Self {
        Self(AtomicU64::new(COPIES as u64))
    }

    fn admit(&self, _: u64) -> bool {
        let left = self.0.load(SeqCst);
        if left > 0 {
            self.0.store(left - 1, SeqCst);
        }
        left > 0
    }
}

fn exact<R: Rated>() {
    check(|| {
        let rate = Arc::new(R::full());
        let copy = || {
            let rate = rate.clone();
            Box::new(move || rate.admit(PERIOD)) as Box<dyn FnOnce() -> bool>
        };
        let left = together(vec![copy(), copy(), copy()]);
        let left = left.into_iter().filter(|left| *left).count();
        assert_eq!(left, COPIES, "copies that left together");
    });
}

#[test]
fn as_many_leave_together_as_may() {
    exact::<Rate>();
}

#[test]
#[should_panic = "copies that left together"]
fn a_place_that_is_taken_twice_is_found() {
    exact::<TakesTwice>();
}
