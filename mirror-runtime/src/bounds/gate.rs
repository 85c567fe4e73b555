//! The checks that a copy must pass before it leaves for a target.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use super::{
    Protection,
    breaker::{Breaker, End, Pass, Turn},
    clock,
    gauge::Gauge,
    in_flight::Permit,
    rate::Rate,
};
use crate::outcome::{MirrorError, ShedReason, SinkError};

/// Connections whose ends are told apart, if several end at once.
const LOST_LINKS: usize = 8;

/// The bounds of one target, and what is known of its health.
#[derive(Debug)]
pub(crate) struct Gate {
    in_flight: Arc<Gauge>,
    max_in_flight: usize,
    /// Whether each copy may hold a connection.
    connects: bool,
    breaker: Option<Breaker>,
    rate: Option<Rate>,
    /// Connections whose ends have been counted last.
    lost_links: [AtomicU64; LOST_LINKS],
    next_lost: AtomicUsize,
    /// How often a probe has found the target back. What left before the last time says nothing
    /// about it any more.
    returns: AtomicU64,
}

/// The right to leave. What becomes of the copy is to be told to the gate that gave it.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) permit: Permit,
    pub(crate) ticket: Ticket,
}

/// The result of a copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    pass: Option<Pass>,
    returns: u64,
}

impl Ticket {
    /// Whether the copy finds out if the target is back.
    pub(crate) fn is_probe(self) -> bool {
        self.pass == Some(Pass::Probe)
    }
}

impl Gate {
    pub(crate) fn new(protection: &Protection, connects: bool) -> Self {
        let breaker = protection
            .circuit_breaker
            .map(|breaker| Breaker::new(breaker.failures.into(), millis(breaker.cooldown)));
        let rate = protection
            .rate_limit
            .map(|rate| Rate::new(rate.copies.get().into(), nanos(rate.period)));
        Self {
            in_flight: Arc::new(Gauge::new()),
            max_in_flight: protection.max_in_flight,
            connects,
            breaker,
            rate,
            lost_links: [const { AtomicU64::new(0) }; LOST_LINKS],
            next_lost: AtomicUsize::new(0),
            returns: AtomicU64::new(0),
        }
    }

    /// Whether a copy could not leave now, and why: then nothing needs to be read or made for it.
    pub(crate) fn refuses(&self) -> Option<ShedReason> {
        let is_full = Permit::refused(&self.in_flight, self.max_in_flight, self.connects);
        is_full.or_else(|| self.is_shut().then_some(ShedReason::CircuitOpen))
    }

    /// Whether the circuit is open.
    pub(crate) fn is_shut(&self) -> bool {
        let breaker = self.breaker.as_ref();
        breaker.is_some_and(|breaker| breaker.is_shut(clock::millis))
    }

    /// Whether the circuit has opened, and no copy has been answered since: also when its cooldown
    /// is over, and the next copy would find out.
    pub(crate) fn is_open(&self) -> bool {
        self.breaker.as_ref().is_some_and(Breaker::is_open)
    }

    /// Opens a closed circuit for one cooldown, and says whether it has. Copies that are under way
    /// say nothing about it any more.
    pub(crate) fn open(&self) -> bool {
        let breaker = self.breaker.as_ref();
        breaker.is_some_and(|breaker| breaker.told_open(clock::millis()))
    }

    /// How many copies may be in flight.
    pub(crate) fn max_in_flight(&self) -> usize {
        self.max_in_flight
    }

    /// Lets a copy leave, or says why not.
    pub(crate) fn admit(&self) -> Result<Admission, ShedReason> {
        let permit = Permit::acquire(&self.in_flight, self.max_in_flight, self.connects)?;
        self.let_through(permit)
    }

    /// Lets a request wait for its response, after which it asks to be [let
    /// through](Self::admit_waiting).
    pub(crate) fn wait(&self) -> Result<Permit, ShedReason> {
        Permit::wait(&self.in_flight, self.max_in_flight)
    }

    /// Lets what has waited leave, or says why not.
    pub(crate) fn admit_waiting(&self, mut permit: Permit) -> Result<Admission, ShedReason> {
        permit.go_on()?;
        self.let_through(permit)
    }

    fn let_through(&self, permit: Permit) -> Result<Admission, ShedReason> {
        let returns = self.returns.load(Relaxed);
        let pass = match &self.breaker {
            None => None,
            Some(breaker) => Some(admitted(breaker).ok_or(ShedReason::CircuitOpen)?),
        };
        if self
            .rate
            .as_ref()
            .is_some_and(|rate| !rate.admit(clock::nanos()))
        {
            self.ended(Ticket { pass, returns }, End::GivenUp);
            return Err(ShedReason::RateLimit);
        }
        Ok(Admission {
            permit,
            ticket: Ticket { pass, returns },
        })
    }

    /// A copy that was let through does not leave after all.
    pub(crate) fn not_needed(&self, ticket: Ticket) {
        self.ended(ticket, End::GivenUp);
    }

    /// A copy that was let through was answered. Says whether it has closed the circuit.
    pub(crate) fn answered(&self, ticket: Ticket) -> Option<Turn> {
        if ticket.is_probe() {
            self.returns.fetch_add(1, Relaxed);
        }
        self.ended(ticket, End::Answered)
    }

    /// A copy that was let through failed. Says whether this one has opened the circuit.
    pub(crate) fn failed(&self, ticket: Ticket, error: &MirrorError) -> Option<Turn> {
        // The end of a connection is one event, however many copies it carried. What finds out
        // always counts.
        let is_echo = !ticket.is_probe() && error.lost_link().is_some_and(|link| self.knows(link));
        // A record that is too large says nothing of who keeps the others.
        let is_own = matches!(error, MirrorError::Sink(SinkError::TooLarge));
        let given_up = matches!(error, MirrorError::Cancelled) || is_own || is_echo;
        let end = if given_up { End::GivenUp } else { End::Failed };
        self.ended(ticket, end)
    }

    /// Whether the end of a connection has been counted; it is from now on.
    fn knows(&self, link: u64) -> bool {
        if self
            .lost_links
            .iter()
            .any(|lost| lost.load(Relaxed) == link)
        {
            return true;
        }
        let place = self.next_lost.fetch_add(1, Relaxed) % LOST_LINKS;
        self.lost_links[place].store(link, Relaxed);
        false
    }

    fn ended(&self, ticket: Ticket, end: End) -> Option<Turn> {
        let (breaker, pass) = (self.breaker.as_ref()?, ticket.pass?);
        let is_late = pass == Pass::Closed && ticket.returns != self.returns.load(Relaxed);
        let end = if is_late { End::GivenUp } else { end };
        // Nothing opens for this end, and so nobody asks when it was.
        let cannot_open = pass == Pass::Closed && end != End::Failed;
        let now = if cannot_open { 0 } else { clock::millis() };
        breaker.ended(pass, end, now)
    }
}

/// Reads the clock only if the time decides: a closed circuit lets a copy through at any time, and
/// an open one none before its cooldown is over.
fn admitted(breaker: &Breaker) -> Option<Pass> {
    const BEFORE_ANY: u64 = 0;
    let pass = breaker.admit(BEFORE_ANY);
    pass.or_else(|| breaker.admit(clock::millis()))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX >> 8)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bounds::CircuitBreaker, outcome::ConnectionLost};

    fn lost(link: u64) -> MirrorError {
        MirrorError::Request(Box::new(ConnectionLost {
            what: "the connection was closed".to_owned(),
            link: Some(link),
        }))
    }

    fn gate(failures: u32, cooldown: Duration) -> Gate {
        let protection = Protection {
            circuit_breaker: Some(CircuitBreaker::new(failures, cooldown)),
            ..Protection::default()
        };
        Gate::new(&protection, true)
    }

    /// Whichever copies notice it, and in whatever order.
    #[test]
    fn the_end_of_a_connection_is_one_failure_for_each_gate() {
        let gates = [
            gate(3, Duration::from_hours(1)),
            gate(3, Duration::from_hours(1)),
        ];
        for gate in &gates {
            let tickets: Vec<_> = (0..40).map(|_| gate.admit().unwrap().ticket).collect();
            for (i, ticket) in tickets.into_iter().enumerate() {
                gate.failed(ticket, &lost(1 + i as u64 % 2));
            }
            assert!(!gate.is_shut());
            let ticket = gate.admit().unwrap().ticket;
            let turn = gate.failed(ticket, &lost(3));
            assert_eq!(turn, Some(Turn::Opened));
        }
    }

    #[test]
    fn a_probe_that_fails_counts_though_others_have_told_of_its_connection() {
        let mut gate = gate(1, Duration::ZERO);
        let ticket = gate.admit().unwrap().ticket;
        gate.failed(ticket, &lost(1));
        let probe = gate.admit().unwrap().ticket;
        assert!(probe.is_probe());
        // From now on a cooldown takes long.
        gate.breaker = Some(Breaker::new(1, 3_600_000));
        gate.failed(probe, &lost(1));
        assert!(gate.is_shut());
    }
}
