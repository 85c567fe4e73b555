//! Leaving a target alone that fails: after a number of failures in a row its circuit opens, and
//! after a while one copy finds out whether it is back.

use crate::bounds::sync::{AtomicU64, Ordering::SeqCst};

/// The circuit of one target, in one word: what state it is in, and a number.
#[derive(Debug)]
pub(crate) struct Breaker {
    word: AtomicU64,
    failures: u64,
    cooldown: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Copies pass; so many have failed in a row.
    Closed(u64),
    /// None pass, until this moment.
    Open(u64),
    /// One copy is finding out. Only its end changes this.
    Probing,
}

/// The role in which a copy was admitted. Its end must be told to the breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// One of many.
    Closed,
    /// The one that finds out.
    Probe,
}

/// How a copy ended, as far as the breaker is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Answered,
    Failed,
    /// It was given up, which says nothing about the target.
    GivenUp,
}

/// The effect of the end of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Opened,
    /// The probe was answered.
    Closed,
}

impl State {
    /// The two highest bits tell the states apart; moments and counts are far below 2^62.
    const OPEN: u64 = 1 << 62;
    const PROBING: u64 = 2 << 62;

    const fn word(self) -> u64 {
        match self {
            Self::Closed(failures) => failures,
            Self::Open(until) => Self::OPEN | until,
            Self::Probing => Self::PROBING,
        }
    }

    const fn from_word(word: u64) -> Self {
        if word >= Self::PROBING {
            Self::Probing
        } else if word >= Self::OPEN {
            Self::Open(word & !Self::OPEN)
        } else {
            Self::Closed(word)
        }
    }
}

impl Breaker {
    /// A breaker that opens after so many failures in a row, for so many milliseconds.
    pub(crate) fn new(failures: u64, cooldown: u64) -> Self {
        Self {
            word: AtomicU64::new(State::Closed(0).word()),
            failures,
            cooldown,
        }
    }

    /// Whether no copy passes. The clock is read only if the time decides.
    pub(crate) fn is_shut(&self, now: impl FnOnce() -> u64) -> bool {
        match State::from_word(self.word.load(SeqCst)) {
            State::Closed(_) => false,
            State::Open(until) => now() < until,
            State::Probing => true,
        }
    }

    /// Whether it has opened, and no copy has been answered since.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(State::from_word(self.word.load(SeqCst)), State::Closed(_))
    }

    /// Lets a copy through, or not. `now` is in milliseconds since any fixed moment.
    pub(crate) fn admit(&self, now: u64) -> Option<Pass> {
        let mut word = self.word.load(SeqCst);
        loop {
            match State::from_word(word) {
                State::Closed(_) => return Some(Pass::Closed),
                State::Open(until) if now >= until => match self.change(word, State::Probing) {
                    Ok(()) => return Some(Pass::Probe),
                    Err(found) => word = found,
                },
                State::Open(_) | State::Probing => return None,
            }
        }
    }

    /// Takes note of the end of a copy that was let through, and says whether it has opened or
    /// closed the circuit. A probe that fails leaves it open.
    pub(crate) fn ended(&self, pass: Pass, end: End, now: u64) -> Option<Turn> {
        match (pass, end) {
            (Pass::Probe, End::Answered) => {
                self.word.store(State::Closed(0).word(), SeqCst);
                return Some(Turn::Closed);
            }
            (Pass::Probe, End::Failed) => self.open(now + self.cooldown),
            (Pass::Probe, End::GivenUp) => self.open(now),
            (Pass::Closed, End::Answered) => {
                self.update(|_| State::Closed(0));
            }
            (Pass::Closed, End::Failed) => {
                let next = self.update(|failures| {
                    if failures + 1 >= self.failures {
                        State::Open(now + self.cooldown)
                    } else {
                        State::Closed(failures + 1)
                    }
                });
                return matches!(next, Some(State::Open(_))).then_some(Turn::Opened);
            }
            (Pass::Closed, End::GivenUp) => {}
        }
        None
    }

    /// Opens a closed circuit because somebody else has found the target down, and says whether it
    /// was closed. One that is open, or probing, knows better.
    pub(crate) fn told_open(&self, now: u64) -> bool {
        self.update(|_| State::Open(now + self.cooldown)).is_some()
    }

    fn open(&self, until: u64) {
        self.word.store(State::Open(until).word(), SeqCst);
    }

    /// Changes a closed circuit, and says to what. One that is not closed is left: it hears only
    /// the probe.
    fn update(&self, next: impl Fn(u64) -> State) -> Option<State> {
        let mut word = self.word.load(SeqCst);
        while let State::Closed(failures) = State::from_word(word) {
            let next = next(failures);
            if next.word() == word {
                break;
            }
            match self.change(word, next) {
                Ok(()) => return Some(next),
                Err(found) => word = found,
            }
        }
        None
    }

    fn change(&self, word: u64, next: State) -> Result<(), u64> {
        self.word
            .compare_exchange(word, next.word(), SeqCst, SeqCst)
            .map(drop)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_starts_the_count_anew() {
        let breaker = Breaker::new(3, 100);
        for end in [
            End::Failed,
            End::Failed,
            End::Answered,
            End::Failed,
            End::GivenUp,
            End::Failed,
        ] {
            let pass = breaker.admit(0).unwrap();
            breaker.ended(pass, end, 0);
        }
        let pass = breaker.admit(0).unwrap();
        assert_eq!(breaker.ended(pass, End::Failed, 10), Some(Turn::Opened));
        assert_eq!(breaker.admit(109), None);
        assert!(breaker.is_shut(|| 109) && !breaker.is_shut(|| 110));
    }

    #[test]
    fn a_circuit_that_is_told_to_be_open_is_so_for_one_cooldown_and_then_finds_out() {
        let breaker = Breaker::new(3, 100);
        let before = breaker.admit(0).unwrap();
        assert!(breaker.told_open(10));
        assert!(!breaker.told_open(50), "it is open");
        assert_eq!(breaker.ended(before, End::Answered, 60), None);
        assert_eq!(breaker.admit(109), None);
        assert_eq!(breaker.admit(110), Some(Pass::Probe));
        assert!(!breaker.told_open(110), "it is finding out");
        assert_eq!(
            breaker.ended(Pass::Probe, End::Answered, 120),
            Some(Turn::Closed)
        );
        assert_eq!(breaker.admit(120), Some(Pass::Closed));
    }

    #[test]
    fn one_probe_decides_after_the_cooldown() {
        let breaker = Breaker::new(1, 100);
        let late = breaker.admit(0).unwrap();
        breaker.ended(Pass::Closed, End::Failed, 0);
        assert_eq!(breaker.admit(100), Some(Pass::Probe));
        assert_eq!(breaker.admit(100), None, "one probe at a time");
        assert!(breaker.is_shut(|| 100));
        breaker.ended(late, End::Answered, 100);
        assert_eq!(
            breaker.admit(100),
            None,
            "what left before it opened does not decide"
        );
        assert_eq!(breaker.ended(Pass::Probe, End::Failed, 150), None);
        assert_eq!(breaker.admit(249), None);
        assert_eq!(breaker.admit(250), Some(Pass::Probe));
        breaker.ended(Pass::Probe, End::GivenUp, 250);
        assert_eq!(
            breaker.admit(250),
            Some(Pass::Probe),
            "a probe that says nothing is repeated"
        );
        let turn = breaker.ended(Pass::Probe, End::Answered, 250);
        assert_eq!(turn, Some(Turn::Closed));
        assert_eq!(breaker.admit(250), Some(Pass::Closed));
        assert!(!breaker.is_shut(|| 0));
    }
}
