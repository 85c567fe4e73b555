//! Collecting a body within the limits, for its copies or to compare it.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;

use super::{
    Chunks, CopyBody,
    chunks::ChunksBuilder,
    fields::{FREE_HEAD, size_of, take_values},
};
use crate::{
    bounds::Reservation,
    outcome::{ShedReason, SkipReason},
};

/// The collected part of a body. Its place in the byte budget is that of the bytes that are there.
#[derive(Debug)]
pub(crate) struct Collector {
    chunks: ChunksBuilder,
    trailers: Option<Arc<HeaderMap>>,
    reservation: Reservation,
    /// The part of the reservation that is not for the bytes of the body.
    beside: usize,
    /// The size of the bytes of the body whose place is held elsewhere.
    elsewhere: usize,
    max: usize,
}

impl Collector {
    /// Collects up to `max` bytes; `known` is the length of the body, if known.
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
        if known > max {
            return Err(SkipReason::BodyTooLarge);
        }
        Ok(Self::in_reservation(reservation, max, known))
    }

    /// The same if `known` is not too large, or is 0 if the length is not known.
    pub(super) fn in_reservation(reservation: Reservation, max: usize, known: usize) -> Self {
        Self {
            chunks: ChunksBuilder::new(known),
            trailers: None,
            beside: reservation.bytes(),
            elsewhere: 0,
            reservation,
            max,
        }
    }

    /// Keeps a piece, even if the result says that there are no copies to keep it for: the handler
    /// may need it.
    pub(crate) fn push(&mut self, piece: Bytes) -> Result<(), SkipReason> {
        self.chunks.push(piece);
        self.reserve()
    }

    /// Keeps what a frame holds.
    pub(super) fn push_frame(&mut self, frame: &Frame<Bytes>) -> Result<(), SkipReason> {
        match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => self.push(data.clone()),
            (None, Some(trailers)) => self.keep_trailers(trailers),
            (None, None) => Ok(()),
        }
    }

    /// Keeps the trailers, in memory of their own. They have a place in the byte budget where
    /// headers would have one.
    pub(super) fn keep_trailers(&mut self, trailers: &HeaderMap) -> Result<(), SkipReason> {
        let size = size_of(trailers);
        if size > FREE_HEAD {
            self.beside += size;
            self.reserve()?;
        }
        let mut trailers = trailers.clone();
        take_values(&mut trailers);
        self.trailers = Some(Arc::new(trailers));
        Ok(())
    }

    /// Takes a place for what is there.
    fn reserve(&mut self) -> Result<(), SkipReason> {
        let bytes = self.chunks.held() + self.beside - self.elsewhere;
        if self.chunks.len() > self.max {
            Err(SkipReason::BodyTooLarge)
        } else if self.reservation.grow_to(bytes) {
            Ok(())
        } else {
            Err(ShedReason::ByteBudget.into())
        }
    }

    /// The body takes long to arrive: it is confined to the place that there is for such bodies.
    pub(super) fn slow_down(&mut self) -> Result<(), SkipReason> {
        if self.reservation.slow_down() {
            Ok(())
        } else {
            Err(ShedReason::ByteBudget.into())
        }
    }

    /// The part so far, its reservation, and a collector that continues after it.
    pub(super) fn go_on(self) -> (Chunks, Arc<Reservation>, Self) {
        let (so_far, chunks) = self.chunks.go_on();
        let place = Arc::new(self.reservation);
        let collector = Self {
            elsewhere: place.bytes(),
            reservation: Reservation::after(Arc::clone(&place)),
            chunks,
            ..self
        };
        (so_far, place, collector)
    }

    /// The bytes, and what holds their place in the budget.
    pub(crate) fn finish(mut self) -> (Chunks, Reservation) {
        self.reservation.complete();
        (self.chunks.build(), self.reservation)
    }

    /// The body of the copies, if the handler's holds the same bytes.
    pub(super) fn into_shared(mut self) -> (Chunks, Arc<Reservation>, CopyBody) {
        let trailers = self.trailers.take();
        let (chunks, reservation) = self.finish();
        let place = Arc::new(reservation);
        let body = CopyBody::new(chunks.clone(), Arc::clone(&place));
        (chunks, place, body.with_trailers(trailers))
    }

    /// The body of the copies.
    pub(super) fn into_copy_body(mut self) -> CopyBody {
        let trailers = self.trailers.take();
        let (chunks, reservation) = self.finish();
        CopyBody::new(chunks, Arc::new(reservation)).with_trailers(trailers)
    }
}
