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
            sampled: answered + failed + circuit_open + in_flight_limit,
        }
    }

    /// Adds the counts of the same target in another process.
    pub const fn merge(&mut self, other: Self) {
        self.failed = self.failed.saturating_add(other.failed);
        self.circuit_open = self.circuit_open.saturating_add(other.circuit_open);
        self.in_flight_limit = self.in_flight_limit.saturating_add(other.in_flight_limit);
        self.sampled = self.sampled.saturating_add(other.sampled);
    }

    /// All of them.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.failed
            .saturating_add(self.circuit_open)
            .saturating_add(self.in_flight_limit)
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
        ];
        let mut separator = "";
        for (name, count) in all.into_iter().filter(|(_, count)| *count > 0) {
            write!(f, "{separator}{name} {count}")?;
            separator = ", ";
        }
        Ok(())
    }
}
