//! What bounds what: copies under way, their number in a time, the bytes they hold, and targets that fail.

pub(crate) mod breaker;
mod bytes;
pub(crate) mod clock;
mod gate;
mod gauge;
pub(crate) mod in_flight;
pub(crate) mod limits;
mod options;
mod rate;
pub(crate) mod sync;

pub(crate) use self::{
    bytes::Reservation,
    gate::{Gate, Ticket},
    gauge::Gauge,
    in_flight::Permit,
    options::{Protection, RateLimit},
};
pub use self::{limits::Limits, options::CircuitBreaker};
