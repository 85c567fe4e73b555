//! What all mirrors of the process may take together.

use std::time::Duration;

use crate::sync::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Copies in flight. Each holds a connection while its shadow is slow. `max_in_flight` keeps a single target at a quarter
/// of this.
const DEFAULT_IN_FLIGHT: usize = 1024;

/// Bytes of bodies. 1,024 copies with the 64 KiB of a large form each; small beside the memory of any server.
const DEFAULT_BYTES: usize = 64 * 1024 * 1024;

/// How long a connection is used. Its name is looked up again after that, so that a shadow that has moved is followed under
/// constant load, too; and one new connection in five minutes costs nothing.
const DEFAULT_CONNECTION_AGE: Duration = Duration::from_mins(5);

static MAX_IN_FLIGHT: AtomicUsize = AtomicUsize::new(DEFAULT_IN_FLIGHT);
static BYTE_BUDGET: AtomicUsize = AtomicUsize::new(DEFAULT_BYTES);
static MAX_CONNECTION_AGE: AtomicU64 = AtomicU64::new(millis(DEFAULT_CONNECTION_AGE));

/// The bounds on what all mirrors of the process take together.
///
/// They hold from the moment they are [applied](Self::apply), for copies that have not left yet.
///
/// ```
/// use mirror_runtime::Limits;
///
/// Limits::new().max_in_flight(512).byte_budget(32 * 1024 * 1024).apply();
/// # Limits::new().apply();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "limits hold when they are applied"]
pub struct Limits {
    in_flight: usize,
    bytes: usize,
    connection_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

impl Limits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            in_flight: DEFAULT_IN_FLIGHT,
            bytes: DEFAULT_BYTES,
            connection_age: DEFAULT_CONNECTION_AGE,
        }
    }

    /// The limits that hold now.
    pub fn current() -> Self {
        Self {
            in_flight: MAX_IN_FLIGHT.load(Relaxed),
            bytes: BYTE_BUDGET.load(Relaxed),
            connection_age: max_connection_age(),
        }
    }

    /// How many copies may be in flight at once. Each holds a connection, so a process whose limit on open files
    /// (`ulimit -n`) is near 1,024 needs a lower bound, such as 256. One beyond them is shed
    /// ([`ProcessInFlightLimit`](crate::ShedReason::ProcessInFlightLimit)), never queued. Default: 1,024.
    pub const fn max_in_flight(mut self, copies: usize) -> Self {
        self.in_flight = copies;
        self
    }

    /// How many bytes of bodies may be held for copies at once, each body once however many targets share it. A request
    /// whose body does not fit is shed ([`ByteBudget`](crate::ShedReason::ByteBudget)). Default: 64 MiB.
    pub const fn byte_budget(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// How long a connection to a shadow is used for new copies, in milliseconds. The one that takes its place looks the
    /// shadow's name up again, so a shadow that has moved is followed within this time. Default: five minutes.
    pub const fn max_connection_age(mut self, age: Duration) -> Self {
        self.connection_age = age;
        self
    }

    /// Makes these the limits of the process.
    pub fn apply(self) {
        MAX_IN_FLIGHT.store(self.in_flight, Relaxed);
        BYTE_BUDGET.store(self.bytes, Relaxed);
        MAX_CONNECTION_AGE.store(millis(self.connection_age), Relaxed);
    }
}

pub(crate) fn max_in_flight() -> usize {
    MAX_IN_FLIGHT.load(Relaxed)
}

pub(crate) fn byte_budget() -> usize {
    BYTE_BUDGET.load(Relaxed)
}

pub(crate) fn max_connection_age() -> Duration {
    Duration::from_millis(MAX_CONNECTION_AGE.load(Relaxed))
}

/// Bounded, so that a moment that is so far away can be told.
const fn millis(age: Duration) -> u64 {
    const LONGEST: u128 = 365 * 24 * 60 * 60 * 1000;
    let millis = age.as_millis();
    #[expect(clippy::cast_possible_truncation, reason = "at most a year")]
    if millis < LONGEST {
        millis as u64
    } else {
        LONGEST as u64
    }
}
