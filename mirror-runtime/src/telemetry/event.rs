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
    Compared(Comparison),
    #[cfg(feature = "compare")]
    NotCompared(NotComparedReason),
}

impl Happened {
    pub(super) fn kind(&self) -> EventKind<'_> {
        match self {
            Self::NotSent(reason) => EventKind::NotSent { reason: *reason },
            Self::Sent { bytes } => EventKind::Sent { bytes: *bytes },
            Self::Resent => EventKind::Resent {},
            Self::Ended(outcome, elapsed) => EventKind::Ended {
                outcome: outcome.as_ref(),
                elapsed: *elapsed,
            },
            Self::CircuitTurned(turn, _) => EventKind::CircuitTurned {
                is_open: *turn == Turn::Opened,
            },
            #[cfg(feature = "compare")]
            Self::Compared(comparison) => EventKind::Compared { comparison },
            #[cfg(feature = "compare")]
            Self::NotCompared(reason) => EventKind::NotCompared { reason: *reason },
        }
    }
}
