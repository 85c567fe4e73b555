//! The bytes that are held for copies in the whole process.

use crate::{dispatch::Gauge, limits};

static HELD: Gauge = Gauge::new();

/// Bytes of the budget, given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Reservation {
    bytes: usize,
}

impl Reservation {
    /// So many bytes, unless the budget does not have them.
    pub(crate) fn of(bytes: usize) -> Option<Self> {
        let mut reservation = Self::default();
        reservation.grow_to(bytes).then_some(reservation)
    }

    /// How many bytes it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes so many bytes in all, unless the budget does not have them.
    pub(super) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let taken = more == 0 || HELD.enter(more, limits::byte_budget());
        if taken {
            self.bytes += more;
        }
        taken
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        HELD.leave(self.bytes);
    }
}
