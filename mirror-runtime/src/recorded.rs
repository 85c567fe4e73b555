//! Requests and responses at rest, without their secrets: what fixtures keep, and what sinks are
//! given.

mod content;
mod exchange;
mod message;

#[cfg(all(test, feature = "record"))]
pub(crate) use self::content::Content;
pub(crate) use self::exchange::{Exchanged, Times};
#[cfg(feature = "record")]
pub(crate) use self::message::{Parts, read};
pub use self::{
    exchange::RecordedExchange,
    message::{RecordedRequest, RecordedResponse},
};
