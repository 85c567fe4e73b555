//! Collecting a body within the limits, for its copies or to compare it.

use std::sync::Arc;

use bytes::Bytes;

use super::{Chunks, CopyBody, Reservation, chunks::ChunksBuilder};
use crate::outcome::{ShedReason, SkipReason};

/// What was collected of a body.
#[derive(Debug)]
pub(crate) struct Collector {
    chunks: ChunksBuilder,
    reservation: Reservation,
    /// What the reservation held before.
    before: usize,
    max: usize,
}

impl Collector {
    /// Collects up to `max` bytes; `known` is the length of the body where that is known.
    pub(super) fn new(max: usize, known: Option<u64>) -> Result<Self, SkipReason> {
        Self::after(Reservation::default(), max, known)
    }

    /// The same, in a reservation that holds something else already.
    pub(crate) fn after(
        reservation: Reservation,
        max: usize,
        known: Option<u64>,
    ) -> Result<Self, SkipReason> {
        let known = known.map_or(0, |known| usize::try_from(known).unwrap_or(usize::MAX));
        let mut collector = Self {
            chunks: ChunksBuilder::new(known),
            before: reservation.bytes(),
            reservation,
            max,
        };
        collector.reserve(known, known)?;
        Ok(collector)
    }

    /// The same, in a reservation for all of a body of `known` bytes, or for none where that is 0.
    pub(super) fn holding(reservation: Reservation, max: usize, known: usize) -> Self {
        Self {
            chunks: ChunksBuilder::new(known),
            reservation,
            before: 0,
            max,
        }
    }

    /// Keeps a piece, also where the result says that there are no copies to keep it for: the handler may need it.
    pub(crate) fn push(&mut self, piece: Bytes) -> Result<(), SkipReason> {
        self.chunks.push(piece);
        self.reserve(self.chunks.len(), self.chunks.held())
    }

    /// Takes a place for a body of so many bytes, and for the memory that they are in.
    fn reserve(&mut self, len: usize, held: usize) -> Result<(), SkipReason> {
        if len > self.max {
            Err(SkipReason::BodyTooLarge)
        } else if self.reservation.grow_to(self.before.saturating_add(held)) {
            Ok(())
        } else {
            Err(ShedReason::ByteBudget.into())
        }
    }

    /// The bytes, and what holds their place in the budget.
    pub(crate) fn finish(self) -> (Chunks, Reservation) {
        (self.chunks.build(), self.reservation)
    }

    /// The body of the copies.
    pub(super) fn into_copy_body(self) -> CopyBody {
        let (chunks, reservation) = self.finish();
        CopyBody::new(chunks, Arc::new(reservation))
    }
}
