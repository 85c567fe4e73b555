//! The right of a copy to be under way.

use std::sync::Arc;

use super::{draining, gauge::Gauge, limits};
use crate::outcome::ShedReason;

/// Copies under way in the process.
static IN_FLIGHT: Gauge = Gauge::new();

/// Those of them that may hold a connection.
static CONNECTED: Gauge = Gauge::new();

/// Requests that a sink shall have when their responses have ended. They are no copies under way in
/// the process yet: clients that take their responses slowly must not keep the copies of others
/// from leaving.
static WAITING: Gauge = Gauge::new();

/// How many copies are under way in the process, and requests that wait to be handed over to a
/// sink.
pub(crate) fn copies_in_flight() -> usize {
    // In this order, in which they pass.
    let waiting = WAITING.count();
    waiting + IN_FLIGHT.count()
}

/// The right to be under way, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    of_target: Arc<Gauge>,
    /// Whether it includes a connection.
    connects: bool,
    /// Whether it is a right to wait only.
    is_waiting: bool,
    /// Whether its copy was given up.
    is_given_up: bool,
}

impl Permit {
    /// Its copy has not ended by itself.
    pub(crate) fn give_up(&mut self) {
        self.is_given_up = true;
    }

    /// Why no more copies to a target can leave now.
    pub(crate) fn refused(of_target: &Gauge, bound: usize, connects: bool) -> Option<ShedReason> {
        if of_target.count() >= bound {
            Some(ShedReason::InFlightLimit)
        } else if IN_FLIGHT.count() >= limits::max_in_flight() {
            Some(ShedReason::ProcessInFlightLimit)
        } else if connects && CONNECTED.count() >= limits::max_connections() {
            Some(ShedReason::ConnectionLimit)
        } else {
            draining::is_draining().then_some(ShedReason::Draining)
        }
    }

    /// Lets one more copy to a target leave, unless too many are under way.
    pub(crate) fn acquire(
        of_target: &Arc<Gauge>,
        bound: usize,
        connects: bool,
    ) -> Result<Self, ShedReason> {
        if !of_target.enter(1, bound) {
            return Err(ShedReason::InFlightLimit);
        }
        if !IN_FLIGHT.enter(1, limits::max_in_flight()) {
            of_target.leave(1);
            return Err(ShedReason::ProcessInFlightLimit);
        }
        // From here on what is dropped gives back what was taken, and tells a drain.
        let mut permit = Self {
            of_target: Arc::clone(of_target),
            connects: false,
            is_waiting: false,
            is_given_up: false,
        };
        if connects {
            if !CONNECTED.enter(1, limits::max_connections()) {
                return Err(ShedReason::ConnectionLimit);
            }
            permit.connects = true;
        }
        // After the copy is counted: a drain that is not seen here sees the copy and waits for it.
        if draining::is_draining() {
            Err(ShedReason::Draining)
        } else {
            Ok(permit)
        }
    }

    /// Lets one more request wait for its response, to be handed over to a sink, unless too many
    /// do.
    pub(crate) fn wait(of_target: &Arc<Gauge>, bound: usize) -> Result<Self, ShedReason> {
        if !of_target.enter(1, bound) {
            return Err(ShedReason::InFlightLimit);
        }
        WAITING.enter(1, usize::MAX);
        let permit = Self {
            of_target: Arc::clone(of_target),
            connects: false,
            is_waiting: true,
            is_given_up: false,
        };
        // As above: after it is counted.
        if draining::is_draining() {
            Err(ShedReason::Draining)
        } else {
            Ok(permit)
        }
    }

    /// What has waited is under way from now on, also while the program is ending: it has waited
    /// since before.
    pub(crate) fn go_on(&mut self) -> Result<(), ShedReason> {
        if self.is_waiting {
            if !IN_FLIGHT.enter(1, limits::max_in_flight()) {
                return Err(ShedReason::ProcessInFlightLimit);
            }
            self.is_waiting = false;
            WAITING.leave(1);
        }
        Ok(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.connects {
            CONNECTED.leave(1);
        }
        self.of_target.leave(1);
        let gauge = if self.is_waiting {
            &WAITING
        } else {
            &IN_FLIGHT
        };
        if self.is_given_up {
            draining::given_up(|| gauge.leave(1));
        } else {
            gauge.leave(1);
        }
        draining::ended();
    }
}
