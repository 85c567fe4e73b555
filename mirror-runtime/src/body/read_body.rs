//! The part of a body that was read, until the copies are made.

use std::sync::Arc;

use bytes::Bytes;

use super::{Chunks, CopyBody, chunks::whole};
use crate::bounds::Reservation;

/// A body that was read. What makes it a [`CopyBody`] is left to the task of the copies.
#[derive(Debug)]
pub(crate) enum ReadBody {
    /// It came in one piece, as most do: a slice of a read buffer, which the handler's body keeps
    /// as well.
    Piece(Bytes, Reservation),
    /// It has been collected.
    Collected(CopyBody),
}

impl ReadBody {
    /// The body in memory of its own, which is what the byte budget counts.
    pub(crate) fn into_copy_body(self) -> CopyBody {
        match self {
            Self::Collected(body) => body,
            Self::Piece(piece, reservation) => {
                let compact = match whole(piece) {
                    Ok((piece, _)) => piece,
                    Err(slice) => Bytes::copy_from_slice(&slice),
                };
                CopyBody::new(Chunks::One(compact), Arc::new(reservation))
            }
        }
    }
}

impl Default for ReadBody {
    fn default() -> Self {
        Self::Collected(CopyBody::default())
    }
}
