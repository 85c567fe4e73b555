//! Why a copy that left got no response.

use std::{error::Error, fmt, time::Duration};

use axum::BoxError;
use mirror_grammar::labels;

use super::cause::{lost, safe, words};

/// A copy was sent and got no complete response.
///
/// `Display` names the innermost cause in at most some 200 characters, so that one line of a log is
/// enough. Neither `Display` nor `Debug` contains any part of the request, or anything that the
/// shadow has sent: a shadow may repeat what it was sent. For the same reason there is no
/// [`source`](Error::source), and the causes that callbacks get have texts of their own. Errors of
/// the operating system are [`std::io::Error`]s.
#[non_exhaustive]
pub enum MirrorError {
    /// The copy's `timeout` was over before a response began, or before a response of stated length
    /// (up to 1 MiB) was complete. Any other response that had begun counts as answered, and as
    /// [`cut`](crate::TargetStats::cut).
    Timeout(Duration),
    /// No connection: refused, unreachable, or reset while connecting.
    Connect(BoxError),
    /// The target's host name was not resolved.
    Dns(BoxError),
    /// The TLS handshake failed: an unknown, foreign or expired certificate, or no common protocol.
    Tls(BoxError),
    /// The connection broke, or carried something other than HTTP, before there was a response.
    Request(BoxError),
    /// The response body was interrupted: its connection was closed before the end of the body.
    Body(BoxError),
    /// The handler or the sink that is the target panicked.
    Panicked,
    /// A [`Sink`](crate::Sink) did not keep a record.
    Sink(SinkError),
    /// The copy was cancelled: [`drain`](crate::drain) reached its deadline, or the runtime was
    /// shut down.
    Cancelled,
}

labels! {
    /// The kinds of [`MirrorError`], as they are counted.
    pub enum FailureKind {
        /// [`MirrorError::Timeout`]
        Timeout = "timeout",
        /// [`MirrorError::Connect`]
        Connect = "connect",
        /// [`MirrorError::Dns`]
        Dns = "dns",
        /// [`MirrorError::Tls`]
        Tls = "tls",
        /// [`MirrorError::Request`]
        Request = "request",
        /// [`MirrorError::Body`]
        Body = "body",
        /// [`MirrorError::Panicked`]
        Panicked = "panicked",
        /// [`MirrorError::Cancelled`]
        Cancelled = "cancelled",
        /// [`SinkError::QueueFull`]
        QueueFull = "queue_full",
        /// [`SinkError::Closed`] and [`SinkError::NoConnection`]
        Closed = "closed",
        /// [`SinkError::TooLarge`]
        TooLarge = "too_large",
        /// [`SinkError::AckTimeout`]
        AckTimeout = "ack_timeout",
        /// [`SinkError::Other`]
        Sink = "sink",
    }
}

impl MirrorError {
    /// The kind of this failure.
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
            Self::Sink(SinkError::QueueFull) => FailureKind::QueueFull,
            Self::Sink(SinkError::Closed | SinkError::NoConnection(_)) => FailureKind::Closed,
            Self::Sink(SinkError::TooLarge) => FailureKind::TooLarge,
            Self::Sink(SinkError::AckTimeout) => FailureKind::AckTimeout,
            Self::Sink(SinkError::Other(_)) => FailureKind::Sink,
        }
    }

    /// The same failure, whose cause holds no more than what is said of it. Each error passes this
    /// before anybody is told, wherever it was made.
    pub(crate) fn safe(self) -> Self {
        match self {
            Self::Connect(cause) => Self::Connect(safe(&cause)),
            Self::Dns(cause) => Self::Dns(safe(&cause)),
            Self::Tls(cause) => Self::Tls(safe(&cause)),
            Self::Request(cause) => Self::Request(safe(&cause)),
            Self::Body(cause) => Self::Body(safe(&cause)),
            Self::Sink(SinkError::NoConnection(cause)) => {
                Self::Sink(SinkError::NoConnection(safe(&cause)))
            }
            Self::Sink(SinkError::Other(cause)) => Self::Sink(SinkError::Other(safe(&cause))),
            Self::Timeout(_) | Self::Panicked | Self::Sink(_) | Self::Cancelled => self,
        }
    }
}

impl MirrorError {
    /// The number of the connection whose end has failed the copy, and others that it carried.
    pub(crate) fn lost_link(&self) -> Option<u64> {
        match self {
            Self::Timeout(_) | Self::Panicked | Self::Sink(_) | Self::Cancelled => None,
            Self::Connect(cause)
            | Self::Dns(cause)
            | Self::Tls(cause)
            | Self::Request(cause)
            | Self::Body(cause) => lost(cause)?.link,
        }
    }
}

impl fmt::Display for MirrorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, cause) = match self {
            Self::Timeout(timeout) => return write!(f, "no complete response within {timeout:?}"),
            Self::Panicked => return f.write_str("the handler panicked"),
            Self::Sink(error) => return error.fmt(f),
            Self::Cancelled => return f.write_str("cancelled: mirroring is shutting down"),
            Self::Connect(cause) => ("cannot connect", cause),
            Self::Dns(cause) => ("cannot resolve the host name", cause),
            Self::Tls(cause) => ("TLS handshake failed", cause),
            Self::Request(cause) => ("no HTTP response", cause),
            Self::Body(cause) => ("response body interrupted", cause),
        };
        write!(f, "{what}: {}", words(cause.as_ref()))
    }
}

/// As safe as `Display`: `Request("connection reset by peer")`.
impl fmt::Debug for MirrorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, cause) = match self {
            Self::Timeout(timeout) => return f.debug_tuple("Timeout").field(timeout).finish(),
            Self::Panicked => return f.write_str("Panicked"),
            Self::Sink(error) => return f.debug_tuple("Sink").field(error).finish(),
            Self::Cancelled => return f.write_str("Cancelled"),
            Self::Connect(cause) => ("Connect", cause),
            Self::Dns(cause) => ("Dns", cause),
            Self::Tls(cause) => ("Tls", cause),
            Self::Request(cause) => ("Request", cause),
            Self::Body(cause) => ("Body", cause),
        };
        write!(f, "{name}(\"{}\")", words(cause.as_ref()))
    }
}

/// A [`Sink`](crate::Sink) has not kept a record. Each is [counted](FailureKind) on its own.
///
/// ```
/// use mirror_runtime::{FailureKind, MirrorError, SinkError};
///
/// let full = MirrorError::from(SinkError::QueueFull);
/// assert_eq!(full.kind(), FailureKind::QueueFull);
/// let other = SinkError::other("the partition is read-only");
/// assert_eq!(other.to_string(), "the sink has failed: the partition is read-only");
/// ```
#[non_exhaustive]
pub enum SinkError {
    /// As many records wait to be kept as there is room for.
    QueueFull,
    /// The keeper of records is closed, or gone.
    Closed,
    /// There is no connection to the keeper of records, for a reason that is known. It is counted as
    /// [`Closed`](Self::Closed). Of the cause no more is said than an excerpt of its text.
    NoConnection(BoxError),
    /// The record is larger than what keeps it takes. It says nothing of the sink's health: no
    /// circuit opens for it.
    TooLarge,
    /// It was not acknowledged in time that the record is kept.
    AckTimeout,
    /// Something else. Of the cause no more is said than an excerpt of its text.
    Other(BoxError),
}

impl SinkError {
    /// Something else, for a cause. One that is a `SinkError` is that error, so that a sink which
    /// hands records on to another one says nothing twice.
    pub fn other(cause: impl Into<BoxError>) -> Self {
        match cause.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(cause) => Self::Other(cause),
        }
    }
}

impl From<SinkError> for MirrorError {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull => "the queue of the sink is full",
            Self::Closed => "the sink is closed",
            Self::NoConnection(cause) => {
                return write!(f, "the sink has no connection: {}", words(cause.as_ref()));
            }
            Self::TooLarge => "the record is too large for the sink",
            Self::AckTimeout => "the sink has not acknowledged the record in time",
            Self::Other(cause) => {
                return write!(f, "the sink has failed: {}", words(cause.as_ref()));
            }
        })
    }
}

/// As safe as `Display`.
impl fmt::Debug for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QueueFull => f.write_str("QueueFull"),
            Self::Closed => f.write_str("Closed"),
            Self::NoConnection(cause) => {
                write!(f, "NoConnection(\"{}\")", words(cause.as_ref()))
            }
            Self::TooLarge => f.write_str("TooLarge"),
            Self::AckTimeout => f.write_str("AckTimeout"),
            Self::Other(cause) => write!(f, "Other(\"{}\")", words(cause.as_ref())),
        }
    }
}

impl Error for SinkError {}

/// Without a source, which nobody could keep from saying more.
impl Error for MirrorError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_in_a_sink_says_nothing_twice() {
        let error = SinkError::other(SinkError::other("the partition is read-only"));
        assert_eq!(
            error.to_string(),
            "the sink has failed: the partition is read-only"
        );
        let error = SinkError::other(SinkError::QueueFull);
        assert!(matches!(error, SinkError::QueueFull));
    }

    #[test]
    fn an_error_says_an_excerpt_of_its_cause_and_nothing_else() {
        let hostile = format!("{}\n\u{1b}[31m s3cret-canary", "x".repeat(300));
        for make in [
            MirrorError::Connect,
            MirrorError::Dns,
            MirrorError::Tls,
            MirrorError::Request,
            MirrorError::Body,
        ] {
            let error = make(hostile.clone().into());
            let texts = [
                error.to_string(),
                format!("{error:?}"),
                format!("{error:#?}"),
            ];
            for text in texts {
                assert!(text.chars().count() < 250, "{text}");
                assert!(!text.contains("canary") && !text.contains('\n'), "{text}");
            }
            assert!(error.source().is_none());
            let kind = error.kind();
            let MirrorError::Request(cause) = MirrorError::Request(hostile.clone().into()).safe()
            else {
                panic!("another kind")
            };
            assert!(!cause.to_string().contains("canary"));
            assert!(!format!("{cause:?}").contains("canary"));
            assert_eq!(error.safe().kind(), kind);
        }
        assert_eq!(format!("{:?}", MirrorError::Cancelled), "Cancelled");
        let timeout = MirrorError::Timeout(Duration::from_secs(1));
        assert_eq!(format!("{timeout:?}"), "Timeout(1s)");
    }

    #[test]
    fn a_cause_of_a_sink_is_an_excerpt_as_well() {
        let hostile = format!("{}\n s3cret-canary", "x".repeat(300));
        for (make, kind) in [
            (SinkError::NoConnection as fn(_) -> _, FailureKind::Closed),
            (SinkError::Other, FailureKind::Sink),
        ] {
            let error = MirrorError::from(make(hostile.clone().into()));
            let safe = MirrorError::from(make(hostile.clone().into())).safe();
            for text in [error.to_string(), format!("{error:?}"), safe.to_string()] {
                assert!(text.chars().count() < 250, "{text}");
                assert!(!text.contains("canary") && !text.contains('\n'), "{text}");
            }
            assert_eq!((error.kind(), safe.kind()), (kind, kind));
        }
    }
}
