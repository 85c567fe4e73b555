//! Collecting a body within the limits, for its copies or to compare it.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use super::{Chunks, CopyBody, Reservation, chunks::ChunksBuilder};
use crate::{
    copy::{FREE_HEADERS, size_of, take_values},
    outcome::{ShedReason, SkipReason},
};

/// What was collected of a body.
#[derive(Debug)]
pub(crate) struct Collector {
    chunks: ChunksBuilder,
    trailers: Option<HeaderMap>,
    reservation: Reservation,
    /// What the reservation holds beside the bytes of the body.
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
            trailers: None,
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
            trailers: None,
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

    /// Keeps the trailers, in memory of their own. They have a place in the byte budget where headers would have one.
    pub(super) fn keep_trailers(&mut self, trailers: &HeaderMap) -> Result<(), SkipReason> {
        let size = size_of(trailers);
        if size > FREE_HEADERS {
            self.before += size;
            self.reserve(self.chunks.len(), self.chunks.held())?;
        }
        let mut trailers = trailers.clone();
        take_values(&mut trailers);
        self.trailers = Some(trailers);
        Ok(())
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

    /// The same with the trailers.
    pub(super) fn into_parts(self) -> (Chunks, Option<HeaderMap>, Reservation) {
        (self.chunks.build(), self.trailers, self.reservation)
    }

    /// The body of the copies.
    pub(super) fn into_copy_body(self) -> CopyBody {
        let body = CopyBody::new(self.chunks.build(), Arc::new(self.reservation));
        body.with_trailers(self.trailers)
    }
}
