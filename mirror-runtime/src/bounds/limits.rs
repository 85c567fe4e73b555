//! The limits of all mirrors of the process together.

mod files;

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::workers::contained;

/// Copies in flight. Each holds a connection while its shadow is slow. `max_in_flight` keeps a
/// single target at a quarter of this.
const DEFAULT_IN_FLIGHT: usize = 1024;

/// Bytes of bodies. 1,024 copies with the 64 KiB of a large form each; small beside the memory of
/// any server.
const DEFAULT_BYTES: usize = 64 * 1024 * 1024;

/// How long a connection is used. Its name is looked up again after that, so that a shadow that has
/// moved is followed under constant load, too; and one new connection in five minutes costs
/// nothing.
const DEFAULT_CONNECTION_AGE: Duration = Duration::from_mins(5);

/// Connections, if the process may open many files: one for each copy in flight.
const MOST_CONNECTIONS: usize = DEFAULT_IN_FLIGHT;

/// In the place of a number of connections: the default, which is not known before the process
/// runs.
const UNSET: usize = usize::MAX;

/// The part of the bytes that bodies of slow clients may hold together: half. Whoever sends one
/// slowly keeps his own copies from others that are slow, and leaves as much again to bodies that
/// arrive at once, as nearly all do.
const SLOW_PART: usize = 2;

static MAX_IN_FLIGHT: AtomicUsize = AtomicUsize::new(DEFAULT_IN_FLIGHT);
static MAX_CONNECTIONS: AtomicUsize = AtomicUsize::new(UNSET);
static BYTE_BUDGET: AtomicUsize = AtomicUsize::new(DEFAULT_BYTES);
static MAX_CONNECTION_AGE: AtomicU64 = AtomicU64::new(millis(DEFAULT_CONNECTION_AGE));

/// How many files the process may open, when it was first asked for.
static OPEN_FILES: LazyLock<Option<u64>> = LazyLock::new(files::may_be_open);

/// The bounds that apply to all mirrors of the process together.
///
/// They take effect when they are [applied](Self::apply), for copies that have not left yet.
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
    /// `None` for the default.
    connections: Option<usize>,
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
            connections: None,
            bytes: DEFAULT_BYTES,
            connection_age: DEFAULT_CONNECTION_AGE,
        }
    }

    /// The limits in effect.
    pub fn current() -> Self {
        Self {
            in_flight: MAX_IN_FLIGHT.load(Relaxed),
            connections: chosen_connections(),
            bytes: BYTE_BUDGET.load(Relaxed),
            connection_age: max_connection_age(),
        }
    }

    /// How many copies may be in flight at once. Further ones are shed
    /// ([`ProcessInFlightLimit`](crate::ShedReason::ProcessInFlightLimit)), never queued. Default:
    /// 1,024.
    pub const fn max_in_flight(mut self, copies: usize) -> Self {
        self.in_flight = copies;
        self
    }

    /// How many copies to servers may be in flight at once. Each may hold a connection, which is a
    /// file to the system. Further ones are shed
    /// ([`ConnectionLimit`](crate::ShedReason::ConnectionLimit)), never queued. Copies to handlers
    /// of this program hold none.
    ///
    /// Default: half of the files that the process may open (`ulimit -n`, the soft limit
    /// `RLIMIT_NOFILE`, as it was when the first mirror was built), and at most 1,024. However long
    /// shadows hang, the other half is left for the clients of the primary. If the system has no
    /// such limit: 1,024.
    pub const fn max_connections(mut self, copies: usize) -> Self {
        self.connections = Some(copies);
        self
    }

    /// How many bytes of bodies may be held for copies at once, each body once however many targets
    /// share it. A request whose body does not fit is shed
    /// ([`ByteBudget`](crate::ShedReason::ByteBudget)). Default: 64 MiB.
    ///
    /// A body takes its place as its bytes arrive, whatever length was announced, and releases it
    /// when its copies have ended. One body holds no more than its mirror's `max_body`. Bodies that
    /// are still incomplete after [`read_ahead`](crate::MirrorBuilder::read_ahead) may hold half of
    /// the budget together, so that slow clients cannot take it from all others.
    pub const fn byte_budget(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// How long a connection to a shadow takes new copies, in milliseconds. Its replacement looks
    /// the host name up again, so a shadow that has moved is followed within this time. Default:
    /// five minutes.
    pub const fn max_connection_age(mut self, age: Duration) -> Self {
        self.connection_age = age;
        self
    }

    /// Makes these the limits of the process.
    pub fn apply(self) {
        MAX_IN_FLIGHT.store(self.in_flight, Relaxed);
        let connections = self.connections.map(|copies| copies.min(UNSET - 1));
        MAX_CONNECTIONS.store(connections.unwrap_or(UNSET), Relaxed);
        BYTE_BUDGET.store(self.bytes, Relaxed);
        MAX_CONNECTION_AGE.store(millis(self.connection_age), Relaxed);
    }
}

pub(crate) fn max_in_flight() -> usize {
    MAX_IN_FLIGHT.load(Relaxed)
}

/// How many connections there may be for copies.
pub(crate) fn max_connections() -> usize {
    chosen_connections().unwrap_or_else(|| default_connections(*OPEN_FILES))
}

fn chosen_connections() -> Option<usize> {
    Some(MAX_CONNECTIONS.load(Relaxed)).filter(|connections| *connections != UNSET)
}

/// Half of the files that may be open: the other is the primary's.
fn default_connections(open_files: Option<u64>) -> usize {
    let half = open_files.and_then(|files| usize::try_from(files / 2).ok());
    half.map_or(MOST_CONNECTIONS, |half| half.min(MOST_CONNECTIONS))
}

/// Tells the log once if few files may be open.
pub(crate) fn announce() {
    static TOLD: AtomicBool = AtomicBool::new(false);
    let connections = max_connections();
    if let Some(open_files) = *OPEN_FILES
        && chosen_connections().is_none()
        && connections < MOST_CONNECTIONS
        && !TOLD.swap(true, Relaxed)
    {
        contained(|| {
            tracing::info!(
                open_files,
                connections,
                "copies may use half of the files that this process may open: `ulimit -n` or `Limits::max_connections` changes that"
            );
        });
    }
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

/// The part of the byte budget that bodies may take which take long to arrive.
pub(crate) fn slow_bytes() -> usize {
    byte_budget() / SLOW_PART
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_files_are_the_primarys() {
        for (open_files, connections) in [
            (Some(256), 128),
            (Some(1023), 511),
            (Some(1024), 512),
            (Some(2048), 1024),
            (Some(1_048_576), 1024),
            (Some(u64::MAX), 1024),
            (Some(0), 0),
            (None, 1024),
        ] {
            assert_eq!(
                default_connections(open_files),
                connections,
                "{open_files:?}"
            );
        }
    }

    #[test]
    fn every_number_of_connections_can_be_chosen() {
        assert_eq!(Limits::new(), Limits::default());
        for chosen in [0, 1, usize::MAX] {
            assert_ne!(Limits::new().max_connections(chosen), Limits::new());
        }
    }
}
