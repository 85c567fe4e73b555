//! What became of one request for one target: exactly one of *sent* (and then *answered* or *failed*), *skipped* and
//! *shed*.

mod error;
mod response;

use std::fmt;

pub use error::{FailureKind, MirrorError};
pub use response::ShadowResponse;

/// Why a request was deliberately not sent to a target.
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
    /// Its body was not there to be read: the client waits for `100 Continue`, which is the handler's to ask for.
    BodyNotRead,
    /// The target is off, because the environment variable that names it is unset, empty or wrong.
    Disabled,
    /// The client went away, or broke its body off, before the copy could leave.
    PrimaryGone,
    /// It opens a tunnel or switches protocols (`CONNECT`, `Upgrade`), which cannot be done twice.
    Upgrade,
    /// The HTTP client would have sent another path or query than the one that arrived.
    Unsendable,
}

impl SkipReason {
    /// Every reason there is.
    pub const ALL: [Self; 9] = [
        Self::NotSampled,
        Self::Filtered,
        Self::Loop,
        Self::BodyTooLarge,
        Self::BodyNotRead,
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
            Self::Disabled => "disabled",
            Self::PrimaryGone => "primary_gone",
            Self::Upgrade => "upgrade",
            Self::Unsendable => "unsendable",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a request was not sent to a target in order to protect this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ShedReason {
    /// As many copies were in flight as the process allows.
    InFlightLimit,
    /// The process was draining its copies: see [`drain`](crate::drain).
    Draining,
    /// There was no tokio runtime to send it from.
    NoRuntime,
}

impl ShedReason {
    /// Every reason there is.
    pub const ALL: [Self; 3] = [Self::InFlightLimit, Self::Draining, Self::NoRuntime];

    /// The reason as a metric's label, like `in_flight_limit`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InFlightLimit => "in_flight_limit",
            Self::Draining => "draining",
            Self::NoRuntime => "no_runtime",
        }
    }
}

impl fmt::Display for ShedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of one request for one target, as far as this process decides it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NotSent {
    Skipped(SkipReason),
    Shed(ShedReason),
}

impl From<SkipReason> for NotSent {
    fn from(reason: SkipReason) -> Self {
        Self::Skipped(reason)
    }
}

impl From<ShedReason> for NotSent {
    fn from(reason: ShedReason) -> Self {
        Self::Shed(reason)
    }
}
