//! The bytes that are held for copies in the whole process.

use std::sync::Arc;

use super::{Gauge, limits};

static HELD: Gauge = Gauge::new();

/// The part of them that is held for bodies whose clients take their time.
static SLOW: Gauge = Gauge::new();

/// How many bytes are held.
#[cfg(feature = "metrics")]
pub(crate) fn bytes_held() -> usize {
    HELD.count()
}

/// Bytes of the budget, given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Reservation {
    bytes: usize,
    /// Bytes among the slow ones.
    slow: usize,
    is_slow: bool,
    /// The reservation for the beginning of the same body. Others hold that beginning, too.
    earlier: Option<Arc<Reservation>>,
}

impl Reservation {
    /// So many bytes, unless the budget does not have them.
    pub(crate) fn new(bytes: usize) -> Option<Self> {
        let mut reservation = Self::default();
        reservation.grow_to(bytes).then_some(reservation)
    }

    /// A place for what follows the beginning of a body.
    pub(crate) fn after(earlier: Arc<Self>) -> Self {
        Self {
            earlier: Some(earlier),
            ..Self::default()
        }
    }

    /// How many bytes it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes so many bytes in all, unless the budget, or the part of it that it is confined to,
    /// does not have them.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return true;
        }
        if self.is_slow && !self.enter_slow(more) {
            return false;
        }
        let taken = HELD.enter(more, limits::byte_budget());
        if taken {
            self.bytes += more;
        }
        taken
    }

    /// Confines it to the part of the budget that slow bodies have, unless that does not have what
    /// it holds.
    pub(crate) fn slow_down(&mut self) -> bool {
        if self.is_slow {
            return true;
        }
        self.is_slow = true;
        let earlier = self.earlier.as_ref().map_or(0, |earlier| earlier.bytes);
        self.enter_slow(self.bytes + earlier)
    }

    /// Its body is complete, and slow no more.
    pub(crate) fn complete(&mut self) {
        SLOW.leave(std::mem::take(&mut self.slow));
        self.is_slow = false;
    }

    fn enter_slow(&mut self, more: usize) -> bool {
        let entered = SLOW.enter(more, limits::slow_bytes());
        if entered {
            self.slow += more;
        }
        entered
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.complete();
        HELD.leave(self.bytes);
    }
}
