//! The options that protect a process from a target, and the target from the process.

use std::{num::NonZeroU32, time::Duration};

use mirror_grammar::{
    check_timeout,
    options::{DEFAULT_CONNECT_TIMEOUT, DEFAULT_COOLDOWN, DEFAULT_FAILURES, DEFAULT_MAX_IN_FLIGHT},
};

use crate::error::ConfigError;

/// When to stop sending copies to a failing target, and for how long.
///
/// After a number of consecutive failures, copies are shed
/// ([`CircuitOpen`](crate::ShedReason::CircuitOpen)). After the cooldown one copy finds out whether
/// the target is back. If it gets a response, with any status, copies leave again. Otherwise
/// another cooldown begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CircuitBreaker {
    pub(crate) failures: u32,
    pub(crate) cooldown: Duration,
}

impl Default for CircuitBreaker {
    /// Five failures, which chance does not make, and five seconds, in which a service restarts.
    fn default() -> Self {
        Self {
            failures: DEFAULT_FAILURES,
            cooldown: DEFAULT_COOLDOWN,
        }
    }
}

impl CircuitBreaker {
    /// A breaker that opens after this many consecutive failures (at least one), for this time (up
    /// to a day). Other values make `build` fail.
    #[must_use]
    pub const fn new(failures: u32, cooldown: Duration) -> Self {
        Self { failures, cooldown }
    }

    pub(crate) fn check(self) -> Result<(), ConfigError> {
        let checked = check_timeout(self.cooldown).is_ok() && self.failures > 0;
        checked.then_some(()).ok_or(ConfigError::CircuitBreaker)
    }
}

/// At most so many copies in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimit {
    pub(crate) copies: NonZeroU32,
    pub(crate) period: Duration,
}

/// The protection of each target of a mirror.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Protection {
    pub(crate) max_in_flight: usize,
    pub(crate) connect_timeout: Duration,
    pub(crate) circuit_breaker: Option<CircuitBreaker>,
    pub(crate) rate_limit: Option<RateLimit>,
}

impl Default for Protection {
    fn default() -> Self {
        Self {
            max_in_flight: DEFAULT_MAX_IN_FLIGHT,
            connect_timeout: DEFAULT_CONNECT_TIMEOUT,
            circuit_breaker: Some(CircuitBreaker::default()),
            rate_limit: None,
        }
    }
}
