//! Why a copy that left got no answer.

use std::{error::Error, fmt, time::Duration};

use axum::BoxError;

/// A copy was sent and got no complete answer.
///
/// `Display` names the innermost cause, so that one line of a log tells what to look at. Neither it nor `Debug` holds
/// anything of the request.
#[derive(Debug)]
#[non_exhaustive]
pub enum MirrorError {
    /// The copy's `timeout` was over before a response began, or before all of one was there that states its length, of
    /// up to 1 MiB. Any other that had begun is answered, and counted as [`cut`](crate::TargetStats::cut).
    Timeout(Duration),
    /// No connection: refused, unreachable, or reset while it was made.
    Connect(BoxError),
    /// The target's host name was not resolved.
    Dns(BoxError),
    /// No TLS session: an unknown, foreign or expired certificate, or no common protocol.
    Tls(BoxError),
    /// The connection broke, or carried something other than HTTP, before there was an answer.
    Request(BoxError),
    /// The answer began, and broke off before its end: its connection was closed, also in the middle of a stream.
    Body(BoxError),
    /// The handler that is the target panicked.
    Panicked,
    /// The copy was given up: [`drain`](crate::drain) reached its deadline, or the runtime was shut down.
    Cancelled,
}

/// The kinds of [`MirrorError`], as they are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// [`MirrorError::Timeout`]
    Timeout,
    /// [`MirrorError::Connect`]
    Connect,
    /// [`MirrorError::Dns`]
    Dns,
    /// [`MirrorError::Tls`]
    Tls,
    /// [`MirrorError::Request`]
    Request,
    /// [`MirrorError::Body`]
    Body,
    /// [`MirrorError::Panicked`]
    Panicked,
    /// [`MirrorError::Cancelled`]
    Cancelled,
}

impl FailureKind {
    /// Every kind there is.
    pub const ALL: [Self; 8] = [
        Self::Timeout,
        Self::Connect,
        Self::Dns,
        Self::Tls,
        Self::Request,
        Self::Body,
        Self::Panicked,
        Self::Cancelled,
    ];

    /// The kind as a metric's label, like `timeout`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Request => "request",
            Self::Body => "body",
            Self::Panicked => "panicked",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl MirrorError {
    /// Which kind of failure this is.
    #[must_use]
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::Timeout(_) => FailureKind::Timeout,
            Self::Connect(_) => FailureKind::Connect,
            Self::Dns(_) => FailureKind::Dns,
            Self::Tls(_) => FailureKind::Tls,
            Self::Request(_) => FailureKind::Request,
            Self::Body(_) => FailureKind::Body,
            Self::Panicked => FailureKind::Panicked,
            Self::Cancelled => FailureKind::Cancelled,
        }
    }
}

impl MirrorError {
    /// Whether the same event has failed another copy, too: the end of a connection that they shared.
    pub(crate) fn is_echo(&self) -> bool {
        let mut cause = self.source();
        while let Some(error) = cause {
            if let Some(lost) = error.downcast_ref::<ConnectionLost>() {
                return lost.is_echo;
            }
            cause = error.source();
        }
        false
    }
}

/// The end of a connection that copies shared, or of the stream of one of them. In words of our own.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct ConnectionLost {
    pub(crate) what: String,
    /// Whether it has been told already, for another copy.
    pub(crate) is_echo: bool,
}

impl fmt::Display for MirrorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, cause) = match self {
            Self::Timeout(timeout) => return write!(f, "no complete answer within {timeout:?}"),
            Self::Panicked => return f.write_str("the handler panicked"),
            Self::Cancelled => return f.write_str("given up: mirroring was shut down"),
            Self::Connect(cause) => ("cannot connect", cause),
            Self::Dns(cause) => ("cannot resolve the host name", cause),
            Self::Tls(cause) => ("cannot make a TLS session", cause),
            Self::Request(cause) => ("no HTTP answer", cause),
            Self::Body(cause) => ("the answer broke off", cause),
        };
        write!(f, "{what}: {}", innermost(cause.as_ref()))
    }
}

impl Error for MirrorError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Timeout(_) | Self::Panicked | Self::Cancelled => None,
            Self::Connect(cause)
            | Self::Dns(cause)
            | Self::Tls(cause)
            | Self::Request(cause)
            | Self::Body(cause) => Some(cause.as_ref()),
        }
    }
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}
