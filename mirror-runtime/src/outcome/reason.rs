//! Why a request was not sent to a target.

use std::fmt;

/// Why a request was deliberately not sent to a target. Callbacks are told in the same terms of requests that were shed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// The target's percentage did not choose it.
    NotSampled,
    /// `methods` or `when` left it out, or `when` panicked.
    Filtered,
    /// It carried `X-Mirrored-From`: it is a copy itself.
    Loop,
    /// Its body is larger than `max_body`.
    BodyTooLarge,
    /// The handler did not read the body to its end, and the copy would have been made of what it read.
    BodyNotRead,
    /// The client sent nothing for five seconds in the middle of its body, and the handler ran without waiting for the
    /// rest. See `body = "tee"` for handlers that answer while they read.
    BodyStalled,
    /// The target is off, because the environment variable that names it is unset, empty or wrong.
    Disabled,
    /// The client went away, or broke its body off, before the copy could leave.
    PrimaryGone,
    /// It opens a tunnel or switches protocols (`CONNECT`, `Upgrade`), which cannot be done twice.
    Upgrade,
    /// Its path would leave the base path of the target, it has none (`OPTIONS *`), or the transport would change it.
    Unsendable,
    /// It was shed, to protect this process. Counted as shed, not as skipped.
    Shed(ShedReason),
}

impl SkipReason {
    /// Every reason for which requests are counted as skipped.
    pub const ALL: [Self; 10] = [
        Self::NotSampled,
        Self::Filtered,
        Self::Loop,
        Self::BodyTooLarge,
        Self::BodyNotRead,
        Self::BodyStalled,
        Self::Disabled,
        Self::PrimaryGone,
        Self::Upgrade,
        Self::Unsendable,
    ];

    /// The reason as a metric's label, like `body_too_large`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSampled => "not_sampled",
            Self::Filtered => "filtered",
            Self::Loop => "loop",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyNotRead => "body_not_read",
            Self::BodyStalled => "body_stalled",
            Self::Disabled => "disabled",
            Self::PrimaryGone => "primary_gone",
            Self::Upgrade => "upgrade",
            Self::Unsendable => "unsendable",
            Self::Shed(reason) => reason.as_str(),
        }
    }

    /// Where the reason stands among [`ALL`](Self::ALL), or what it is shed for.
    pub(crate) const fn index(self) -> Result<usize, ShedReason> {
        Ok(match self {
            Self::NotSampled => 0,
            Self::Filtered => 1,
            Self::Loop => 2,
            Self::BodyTooLarge => 3,
            Self::BodyNotRead => 4,
            Self::BodyStalled => 5,
            Self::Disabled => 6,
            Self::PrimaryGone => 7,
            Self::Upgrade => 8,
            Self::Unsendable => 9,
            Self::Shed(reason) => return Err(reason),
        })
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a request was not sent to a target in order to protect this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ShedReason {
    /// As many copies to the target were in flight as its `max_in_flight` allows.
    InFlightLimit,
    /// As many copies were in flight as the process allows: see [`Limits`](crate::Limits).
    ProcessInFlightLimit,
    /// As many copies to servers were in flight as the process may hold connections for: see [`Limits`](crate::Limits).
    ConnectionLimit,
    /// As many bytes of bodies were held for copies as the process allows: see [`Limits`](crate::Limits).
    ByteBudget,
    /// The target failed so often in a row that its circuit breaker is open.
    CircuitOpen,
    /// The target's `rate_limit` was reached.
    RateLimit,
    /// The process was draining its copies: see [`drain`](crate::drain).
    Draining,
    /// There was no tokio runtime to send it from.
    NoRuntime,
}

impl ShedReason {
    /// Every reason there is.
    pub const ALL: [Self; 8] = [
        Self::InFlightLimit,
        Self::ProcessInFlightLimit,
        Self::ConnectionLimit,
        Self::ByteBudget,
        Self::CircuitOpen,
        Self::RateLimit,
        Self::Draining,
        Self::NoRuntime,
    ];

    /// The reason as a metric's label, like `in_flight_limit`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InFlightLimit => "in_flight_limit",
            Self::ProcessInFlightLimit => "process_in_flight_limit",
            Self::ConnectionLimit => "connection_limit",
            Self::ByteBudget => "byte_budget",
            Self::CircuitOpen => "circuit_open",
            Self::RateLimit => "rate_limit",
            Self::Draining => "draining",
            Self::NoRuntime => "no_runtime",
        }
    }
}

impl fmt::Display for ShedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<ShedReason> for SkipReason {
    fn from(reason: ShedReason) -> Self {
        Self::Shed(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_knows_its_place() {
        for (index, reason) in SkipReason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), Ok(index));
        }
        for (index, reason) in ShedReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
            assert_eq!(SkipReason::from(reason).index(), Err(reason));
        }
    }
}
