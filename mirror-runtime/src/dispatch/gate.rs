//! What a copy must pass before it leaves for a target.

use std::{sync::Arc, time::Duration};

use super::{
    breaker::{Breaker, End, Pass},
    clock,
    failures::Failures,
    gauge::Gauge,
    permit::Permit,
    rate::Rate,
};
use crate::{
    outcome::{MirrorError, ShedReason},
    protection::Protection,
};

/// The bounds of one target, and what is known of its health.
#[derive(Debug)]
pub(crate) struct Gate {
    in_flight: Arc<Gauge>,
    max_in_flight: usize,
    breaker: Option<Breaker>,
    rate: Option<Rate>,
    failures: Failures,
}

/// The right to leave. What becomes of the copy is to be told to the gate that gave it.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) permit: Permit,
    pub(super) pass: Option<Pass>,
}

impl Gate {
    pub(crate) fn new(protection: &Protection) -> Self {
        let breaker = protection
            .circuit_breaker
            .map(|breaker| Breaker::new(breaker.failures.into(), millis(breaker.cooldown)));
        let rate = protection
            .rate_limit
            .map(|rate| Rate::new(rate.copies.get().into(), nanos(rate.period)));
        Self {
            in_flight: Arc::new(Gauge::new()),
            max_in_flight: protection.max_in_flight,
            breaker,
            rate,
            failures: Failures::default(),
        }
    }

    /// Lets a copy leave, or says why not.
    pub(super) fn admit(&self) -> Result<Admission, ShedReason> {
        let permit = Permit::acquire(&self.in_flight, self.max_in_flight)?;
        let pass = match &self.breaker {
            None => None,
            Some(breaker) => Some(
                breaker
                    .admit(clock::millis())
                    .ok_or(ShedReason::CircuitOpen)?,
            ),
        };
        if self
            .rate
            .as_ref()
            .is_some_and(|rate| !rate.admit(clock::nanos()))
        {
            self.ended(pass, End::GivenUp);
            return Err(ShedReason::RateLimit);
        }
        Ok(Admission { permit, pass })
    }

    /// A copy that was let through was answered.
    pub(super) fn answered(&self, pass: Option<Pass>) {
        self.ended(pass, End::Answered);
    }

    /// A copy that was let through failed. Returns how many failures the log has to be told of, if it is time to.
    pub(super) fn failed(&self, pass: Option<Pass>, error: &MirrorError) -> Option<u64> {
        let given_up = matches!(error, MirrorError::Cancelled);
        self.ended(pass, if given_up { End::GivenUp } else { End::Failed });
        self.failures.note()
    }

    fn ended(&self, pass: Option<Pass>, end: End) {
        if let (Some(breaker), Some(pass)) = (&self.breaker, pass) {
            breaker.ended(pass, end, clock::millis());
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX >> 8)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX >> 8)
}
