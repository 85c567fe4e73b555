//! Requests and responses at rest, without their secrets: what fixtures keep, and what sinks are
//! given.

#[cfg(feature = "log")]
mod about;
#[cfg(not(feature = "log"))]
#[path = "recorded/no_about.rs"]
mod about;
#[cfg(feature = "log")]
mod build;
mod content;
mod exchange;
mod field;
mod message;
#[cfg(feature = "log")]
mod record;
mod told;

pub(crate) use self::about::About;
#[cfg(feature = "log")]
pub use self::build::set_build;
#[cfg(all(test, feature = "record"))]
pub(crate) use self::content::Content;
pub(crate) use self::exchange::{Exchanged, Times};
#[cfg(feature = "record")]
pub(crate) use self::message::{Parts, read};
pub(crate) use self::told::Told;
pub use self::{
    exchange::{BudgetPlace, RecordedExchange},
    message::{RecordedRequest, RecordedResponse},
};
