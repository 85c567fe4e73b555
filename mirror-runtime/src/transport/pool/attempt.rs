//! Why a copy was not answered, as far as it decides whether it is sent once more.

use http::{HeaderMap, Request};

use crate::{body::CopyBody, outcome::MirrorError};

/// Why a copy was not answered.
pub(super) enum NotAnswered {
    /// The connection had been closed before anything was sent. The copy can take another.
    NotSent(Box<Request<CopyBody>>),
    /// It was sent, and can be sent once more: the server has said that it did not process it (RFC
    /// 9113 section 8.7), or a connection that had carried others was closed as it left, and to
    /// send it twice is as good as once (RFC 9110 section 9.2.2).
    Again(Box<Request<CopyBody>>, Next),
    Failed(MirrorError),
}

/// The connection that a copy is sent over when it is sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// One that it may share.
    Any,
    /// One that is opened for it: the server takes so few requests of a connection that it would
    /// find another full.
    Own,
}

/// A server that takes fewer requests of a connection than this is given one for each copy that it
/// has not processed.
pub(super) const FEW_REQUESTS: usize = 10;

/// Headers that a response may have: as many as servers take of a request.
const MAX_HEADERS: usize = 100;

/// Bytes that they may have.
const MAX_HEAD: usize = 64 * 1024;

/// Refuses a head that is larger than what is read of one. Either protocol reads a little more than
/// that, and each in its own way.
pub(super) fn bounded(headers: &HeaderMap) -> Result<(), NotAnswered> {
    let sizes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    if headers.len() <= MAX_HEADERS && sizes.sum::<usize>() <= MAX_HEAD {
        return Ok(());
    }
    let error = "the head of the response is over 64 KiB, or has over 100 headers";
    Err(NotAnswered::Failed(MirrorError::Request(error.into())))
}
