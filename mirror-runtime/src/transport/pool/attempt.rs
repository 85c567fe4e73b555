//! Why a copy was not answered, as far as it decides whether it is sent once more.

use http::Request;

use crate::{body::CopyBody, outcome::MirrorError};

/// Why a copy was not answered.
pub(super) enum NotAnswered {
    /// The connection had been closed before anything was sent. The copy can take another.
    NotSent(Box<Request<CopyBody>>),
    /// It was sent, and can be sent once more: the server has said that it did not process it (RFC 9113 section 8.7), or
    /// a connection that had carried others was closed as it left, and to send it twice is as good as once
    /// (RFC 9110 section 9.2.2).
    Again(Box<Request<CopyBody>>),
    Failed(MirrorError),
}
