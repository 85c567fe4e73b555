//! What all mirrors of the process may take together.

use crate::sync::{AtomicUsize, Ordering::Relaxed};

/// Copies in flight. Each holds a connection while its shadow is slow. `max_in_flight` keeps a single target at a quarter
/// of this.
const DEFAULT_IN_FLIGHT: usize = 1024;

/// Bytes of bodies. 1,024 copies with the 64 KiB of a large form each; small beside the memory of any server.
const DEFAULT_BYTES: usize = 64 * 1024 * 1024;

/// The part of the bytes that bodies of slow clients may hold together: half. Whoever sends one slowly keeps his own copies
/// from others that are slow, and leaves as much again to bodies that arrive at once, as nearly all do.
const SLOW_PART: usize = 2;

static MAX_IN_FLIGHT: AtomicUsize = AtomicUsize::new(DEFAULT_IN_FLIGHT);
static BYTE_BUDGET: AtomicUsize = AtomicUsize::new(DEFAULT_BYTES);

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
        }
    }

    /// The limits that hold now.
    pub fn current() -> Self {
        Self {
            in_flight: MAX_IN_FLIGHT.load(Relaxed),
            bytes: BYTE_BUDGET.load(Relaxed),
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
    ///
    /// A body takes its place as its bytes arrive, whatever length was announced for it, and gives it back when its copy
    /// is given up. One body holds no more than its mirror's `max_body`. Bodies that are still incomplete after
    /// [`read_ahead`](crate::MirrorBuilder::read_ahead) may hold half of the budget together, so that slow clients cannot
    /// take it from all others.
    pub const fn byte_budget(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Makes these the limits of the process.
    pub fn apply(self) {
        MAX_IN_FLIGHT.store(self.in_flight, Relaxed);
        BYTE_BUDGET.store(self.bytes, Relaxed);
    }
}

pub(crate) fn max_in_flight() -> usize {
    MAX_IN_FLIGHT.load(Relaxed)
}

pub(crate) fn byte_budget() -> usize {
    BYTE_BUDGET.load(Relaxed)
}

/// The part of the byte budget that bodies may take which take long to arrive.
pub(crate) fn slow_bytes() -> usize {
    byte_budget() / SLOW_PART
}
