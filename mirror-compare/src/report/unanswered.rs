//! Requests that a target has not answered.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::match_rate::number;

/// The sampled requests that a target has not answered. Those whose copies are still under way are
/// not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unanswered {
    /// Copies that failed.
    pub failed: u64,
    /// Requests that were not sent while the circuit of the target was open, because copies had
    /// failed.
    pub circuit_open: u64,
    /// Requests that were not sent because as many copies as may be were waiting for the target.
    pub in_flight_limit: u64,
    /// Requests that were not sent because as many copies as may be were in flight in the process.
    #[serde(default)]
    pub process_in_flight_limit: u64,
    /// Requests that were not sent because the process had as many connections as it may.
    #[serde(default)]
    pub connection_limit: u64,
    /// Requests that were not sent because there was no room for their bodies.
    #[serde(default)]
    pub byte_budget: u64,
    /// All requests that were sampled and have ended, with or without a response.
    pub sampled: u64,
}

impl Unanswered {
    /// Counts of requests that a target has answered and not answered.
    #[must_use]
    pub const fn new(answered: u64, failed: u64, circuit_open: u64, in_flight_limit: u64) -> Self {
        Self {
            failed,
            circuit_open,
            in_flight_limit,
            process_in_flight_limit: 0,
            connection_limit: 0,
            byte_budget: 0,
            sampled: answered + failed + circuit_open + in_flight_limit,
        }
    }

    /// The same, with so many more requests that were not sent because of the limits of the
    /// process.
    #[must_use]
    pub const fn with_limits_of_process(
        mut self,
        in_flight: u64,
        connections: u64,
        byte_budget: u64,
    ) -> Self {
        self.sampled += in_flight + connections + byte_budget;
        self.process_in_flight_limit += in_flight;
        self.connection_limit += connections;
        self.byte_budget += byte_budget;
        self
    }

    /// Adds the counts of the same target in another process.
    pub const fn merge(&mut self, other: Self) {
        self.failed = self.failed.saturating_add(other.failed);
        self.circuit_open = self.circuit_open.saturating_add(other.circuit_open);
        self.in_flight_limit = self.in_flight_limit.saturating_add(other.in_flight_limit);
        self.process_in_flight_limit = self
            .process_in_flight_limit
            .saturating_add(other.process_in_flight_limit);
        self.connection_limit = self.connection_limit.saturating_add(other.connection_limit);
        self.byte_budget = self.byte_budget.saturating_add(other.byte_budget);
        self.sampled = self.sampled.saturating_add(other.sampled);
    }

    /// All of them.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.failed.saturating_add(self.shed())
    }

    /// Those that were not sent.
    pub(super) const fn shed(&self) -> u64 {
        self.circuit_open
            .saturating_add(self.in_flight_limit)
            .saturating_add(self.process_in_flight_limit)
            .saturating_add(self.connection_limit)
            .saturating_add(self.byte_budget)
    }

    /// Those since the counts were these.
    pub(super) const fn since(self, base: Self) -> Self {
        Self {
            failed: self.failed.saturating_sub(base.failed),
            circuit_open: self.circuit_open.saturating_sub(base.circuit_open),
            in_flight_limit: self.in_flight_limit.saturating_sub(base.in_flight_limit),
            process_in_flight_limit: self
                .process_in_flight_limit
                .saturating_sub(base.process_in_flight_limit),
            connection_limit: self.connection_limit.saturating_sub(base.connection_limit),
            byte_budget: self.byte_budget.saturating_sub(base.byte_budget),
            sampled: self.sampled.saturating_sub(base.sampled),
        }
    }

    /// Their share of all that was sampled.
    pub(super) fn share(&self) -> f64 {
        number(self.count()) / number(self.sampled.max(1))
    }
}

/// `failed 7, circuit_open 3993`, without what did not occur.
impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            ("failed", self.failed),
            ("circuit_open", self.circuit_open),
            ("in_flight_limit", self.in_flight_limit),
            ("process_in_flight_limit", self.process_in_flight_limit),
            ("connection_limit", self.connection_limit),
            ("byte_budget", self.byte_budget),
        ];
        let mut separator = "";
        for (name, count) in all.into_iter().filter(|(_, count)| *count > 0) {
            write!(f, "{separator}{name} {count}")?;
            separator = ", ";
        }
        Ok(())
    }
}
