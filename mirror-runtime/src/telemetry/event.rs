//! Events of requests.

use std::time::Duration;

#[cfg(feature = "compare")]
use crate::comparison::{Comparison, NotComparedReason};
use crate::{
    bounds::Turn,
    outcome::{BufferedResponse, MirrorError, SkipReason},
    target::Target,
};

/// Something that happened to one request for one target, or to the target.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Event<'a> {
    /// The name of the mirror.
    pub mirror: &'a str,
    /// The target.
    pub target: &'a Target,
    /// The event.
    pub kind: EventKind<'a>,
    /// The `x-request-id` of the request, if it has one and was sampled; cut to 128 bytes. `None`
    /// for an event that is about a target, as when its circuit turns.
    pub request_id: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// An event, for tests of an [`Observer`](crate::Observer).
    ///
    /// ```
    /// use mirror_runtime::{Event, EventKind, SkipReason, Target};
    ///
    /// let target = Target::new("https://staging.example.com")?;
    /// let event = Event::new("orders", &target, EventKind::not_sent(SkipReason::Loop));
    /// assert_eq!(event.target.name(), "https://staging.example.com");
    /// # Ok::<(), mirror_runtime::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn new(mirror: &'a str, target: &'a Target, kind: EventKind<'a>) -> Self {
        Self {
            mirror,
            target,
            kind,
            request_id: None,
        }
    }

    /// The same event, of a request with this id.
    #[must_use]
    pub const fn with_request_id(mut self, request_id: Option<&'a str>) -> Self {
        self.request_id = request_id;
        self
    }
}

/// The kind of an event. For each target, each request is either [`NotSent`](Self::NotSent) or
/// [`Sent`](Self::Sent). Each copy that was sent has [`Ended`](Self::Ended) once.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum EventKind<'a> {
    /// No copy leaves.
    #[non_exhaustive]
    NotSent {
        /// Why not.
        reason: SkipReason,
    },
    /// A copy leaves.
    #[non_exhaustive]
    Sent {
        /// The bytes of its body.
        bytes: u64,
    },
    /// A copy is sent once more: the shadow did not process it, or closed the connection as it
    /// left.
    #[non_exhaustive]
    Resent {},
    /// A copy was answered, or has failed.
    #[non_exhaustive]
    Ended {
        /// The response, which says how long it took, or the error. There is a body if the mirror
        /// has an `on_success`.
        outcome: Result<&'a BufferedResponse, &'a MirrorError>,
        /// How long it took to fail; `None` if it was answered, or its task was dropped by the end
        /// of its runtime.
        elapsed: Option<Duration>,
    },
    /// The circuit of the target has opened or closed.
    #[non_exhaustive]
    CircuitTurned {
        /// Whether copies are shed from now on.
        is_open: bool,
    },
    /// The response of the target was compared with the primary's.
    #[cfg(feature = "compare")]
    #[non_exhaustive]
    Compared {
        /// The result.
        comparison: &'a Comparison,
    },
    /// A copy that was sent is not compared.
    #[cfg(feature = "compare")]
    #[non_exhaustive]
    NotCompared {
        /// Why not.
        reason: NotComparedReason,
    },
}

impl<'a> EventKind<'a> {
    /// [`NotSent`](Self::NotSent).
    #[must_use]
    pub const fn not_sent(reason: SkipReason) -> Self {
        Self::NotSent { reason }
    }

    /// [`Sent`](Self::Sent).
    #[must_use]
    pub const fn sent(bytes: u64) -> Self {
        Self::Sent { bytes }
    }

    /// [`Resent`](Self::Resent).
    #[must_use]
    pub const fn resent() -> Self {
        Self::Resent {}
    }

    /// [`Ended`](Self::Ended).
    #[must_use]
    pub const fn ended(
        outcome: Result<&'a BufferedResponse, &'a MirrorError>,
        elapsed: Option<Duration>,
    ) -> Self {
        Self::Ended { outcome, elapsed }
    }

    /// [`CircuitTurned`](Self::CircuitTurned).
    #[must_use]
    pub const fn circuit_turned(is_open: bool) -> Self {
        Self::CircuitTurned { is_open }
    }

    /// [`Compared`](Self::Compared).
    #[cfg(feature = "compare")]
    #[must_use]
    pub const fn compared(comparison: &'a Comparison) -> Self {
        Self::Compared { comparison }
    }

    /// [`NotCompared`](Self::NotCompared).
    #[cfg(feature = "compare")]
    #[must_use]
    pub const fn not_compared(reason: NotComparedReason) -> Self {
        Self::NotCompared { reason }
    }
}

/// An event with everything that is needed to report it later.
#[derive(Debug)]
pub(crate) enum Happened {
    NotSent(SkipReason),
    Sent {
        bytes: u64,
    },
    Resent,
    Ended(Result<BufferedResponse, MirrorError>, Option<Duration>),
    CircuitTurned(Turn, Option<String>),
    #[cfg(feature = "compare")]
    Compared(Box<Comparison>),
    #[cfg(feature = "compare")]
    NotCompared(NotComparedReason),
}

impl Happened {
    pub(super) fn kind(&self) -> EventKind<'_> {
        match self {
            Self::NotSent(reason) => EventKind::not_sent(*reason),
            Self::Sent { bytes } => EventKind::sent(*bytes),
            Self::Resent => EventKind::resent(),
            Self::Ended(outcome, elapsed) => EventKind::ended(outcome.as_ref(), *elapsed),
            Self::CircuitTurned(turn, _) => EventKind::circuit_turned(*turn == Turn::Opened),
            #[cfg(feature = "compare")]
            Self::Compared(comparison) => EventKind::compared(comparison),
            #[cfg(feature = "compare")]
            Self::NotCompared(reason) => EventKind::not_compared(*reason),
        }
    }
}
