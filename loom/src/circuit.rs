//! The circuit breaker: one probe at a time, its end decides, and no failure is lost.

use loom::sync::{Arc, atomic::AtomicUsize};

use crate::{
    breaker::{Breaker, End, Pass},
    check,
    sync::{AtomicU64, Ordering::SeqCst},
    together,
};

const COOLDOWN: u64 = 10;
/// So many failures in a row open it.
const FAILURES: u64 = 2;

trait Circuit: Sync + Send + 'static {
    fn closed() -> Self;
    fn admit(&self, now: u64) -> Option<Pass>;
    fn ended(&self, pass: Pass, end: End, now: u64);
}

impl Circuit for Breaker {
    fn closed() -> Self {
        Self::new(FAILURES, COOLDOWN)
    }

    fn admit(&self, now: u64) -> Option<Pass> {
        self.admit(now)
    }

    fn ended(&self, pass: Pass, end: End, now: u64) {
        let _ = self.ended(pass, end, now);
    }
}

/// The same without comparing before it exchanges.
struct Racy {
    /// Failures in a row, or `OPEN` and until when, or `PROBING`.
    word: AtomicU64,
    hears_all: bool,
}

const OPEN: u64 = 1 << 32;
const PROBING: u64 = 2 << 32;

impl Circuit for Racy {
    fn closed() -> Self {
        Self {
            word: AtomicU64::new(0),
            hears_all: false,
        }
    }

    fn admit(&self, now: u64) -> Option<Pass> {
        match self.word.load(SeqCst) {
            word if word < OPEN => Some(Pass::Closed),
            word if word < PROBING && now >= word - OPEN => {
                self.word.store(PROBING, SeqCst);
                Some(Pass::Probe)
            }
            _ => None,
        }
    }

    fn ended(&self, pass: Pass, end: End, now: u64) {
        let word = self.word.load(SeqCst);
        let hears = pass == Pass::Probe || word < OPEN || self.hears_all;
        if !hears || (pass == Pass::Closed && end == End::GivenUp) {
            return;
        }
        let next = match end {
            End::Answered => 0,
            End::GivenUp => OPEN + now,
            End::Failed if pass == Pass::Closed && word + 1 < FAILURES => word + 1,
            End::Failed => OPEN + now + COOLDOWN,
        };
        self.word.store(next, SeqCst);
    }
}

/// Hears the ends of copies that left before it opened.
struct HearsAll(Racy);

impl Circuit for HearsAll {
    fn closed() -> Self {
        Self(Racy {
            hears_all: true,
            ..Racy::closed()
        })
    }

    fn admit(&self, now: u64) -> Option<Pass> {
        self.0.admit(now)
    }

    fn ended(&self, pass: Pass, end: End, now: u64) {
        self.0.ended(pass, end, now);
    }
}

/// A circuit that opened at 0.
fn opened<C: Circuit>() -> Arc<C> {
    let circuit = Arc::new(C::closed());
    for _ in 0..FAILURES {
        circuit.ended(Pass::Closed, End::Failed, 0);
    }
    circuit
}

/// Copies that want to leave after the cooldown, and one that left before and ends now.
fn one_probe<C: Circuit>(end: End, late_end: End) {
    check(move || {
        let circuit = opened::<C>();
        let probing = Arc::new(AtomicUsize::new(0));
        let copy = || {
            let (circuit, probing) = (circuit.clone(), probing.clone());
            let copy = move || {
                let pass = circuit.admit(COOLDOWN);
                if pass == Some(Pass::Probe) {
                    assert_eq!(probing.fetch_add(1, SeqCst), 0, "one probe at a time");
                    probing.fetch_sub(1, SeqCst);
                    circuit.ended(Pass::Probe, end, COOLDOWN);
                }
                pass
            };
            Box::new(copy) as Box<dyn FnOnce() -> Option<Pass>>
        };
        let late = {
            let circuit = circuit.clone();
            Box::new(move || {
                circuit.ended(Pass::Closed, late_end, COOLDOWN);
                None
            })
        };
        let passes = together(vec![copy(), late, copy()]);
        assert!(passes.contains(&Some(Pass::Probe)), "somebody finds out");
        let until = COOLDOWN + COOLDOWN;
        let [before, after] = [circuit.admit(until - 1), circuit.admit(until)];
        let expected = match end {
            End::Answered => [Some(Pass::Closed), Some(Pass::Closed)],
            End::Failed => [None, Some(Pass::Probe)],
            End::GivenUp => [Some(Pass::Probe), None],
        };
        assert_eq!([before, after], expected, "the probe decides");
    });
}

/// Failures at the same time are failures in a row.
fn no_failure_is_lost<C: Circuit>() {
    check(|| {
        let circuit = Arc::new(C::closed());
        let failure = || {
            let circuit = circuit.clone();
            let copy = move || {
                if let Some(pass) = circuit.admit(0) {
                    circuit.ended(pass, End::Failed, 0);
                }
            };
            Box::new(copy) as Box<dyn FnOnce()>
        };
        together(vec![failure(), failure(), failure()]);
        assert_eq!(circuit.admit(COOLDOWN - 1), None, "it is open");
        assert_eq!(circuit.admit(COOLDOWN), Some(Pass::Probe));
    });
}

#[test]
fn one_probe_at_a_time_decides() {
    for end in [End::Answered, End::Failed, End::GivenUp] {
        for late_end in [End::Answered, End::Failed, End::GivenUp] {
            one_probe::<Breaker>(end, late_end);
        }
    }
}

#[test]
fn failures_at_the_same_time_open_it() {
    no_failure_is_lost::<Breaker>();
}

#[test]
#[should_panic = "one probe at a time"]
fn a_second_probe_is_found() {
    one_probe::<Racy>(End::Answered, End::GivenUp);
}

#[test]
#[should_panic = "the probe decides"]
fn a_late_end_that_decides_is_found() {
    one_probe::<HearsAll>(End::Failed, End::Answered);
}

#[test]
#[should_panic = "it is open"]
fn a_failure_that_is_lost_is_found() {
    no_failure_is_lost::<Racy>();
}
