//! What bounds what: copies under way, their number in a time, the bytes they hold, and targets
//! that fail.

mod breaker;
mod bytes;
mod clock;
pub(crate) mod draining;
mod gate;
mod gauge;
mod in_flight;
pub(crate) mod limits;
mod options;
mod rate;
pub(crate) mod sync;

#[cfg(feature = "metrics")]
pub(crate) use self::bytes::bytes_held;
pub(crate) use self::{
    breaker::Turn,
    bytes::Reservation,
    clock::millis,
    gate::{Gate, Ticket},
    gauge::Gauge,
    in_flight::{Permit, copies_in_flight},
    options::{Protection, RateLimit},
};
pub use self::{limits::Limits, options::CircuitBreaker};
