//! Where records come from.

mod files;
#[cfg(feature = "nats")]
mod nats;

use std::{future::Future, sync::Arc};

use mirror_record::Record;

pub use self::files::Files;
pub(crate) use self::files::{failed, segments_of};
#[cfg(feature = "nats")]
pub use self::nats::Nats;

/// One record, handed out to be replayed.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What it is called when the source is told what has become of it.
    pub token: u64,
    /// The record, or what is wrong with it.
    pub record: Result<Arc<Record>, String>,
    /// How often it was handed out, this time included.
    pub deliveries: u32,
    /// How much of the [size](Source::size) it is.
    pub weight: u64,
}

/// A source cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// A log that is read to its end, as it was when reading began.
///
/// What was handed out and is not told of is handed out again: to this reader or the next one.
pub trait Source: Send {
    /// The next record; `None` at the end. It may be dropped while it waits, and nothing is lost.
    ///
    /// # Errors
    ///
    /// [`SourceError`], if the log cannot be read any further.
    fn next(&mut self) -> impl Future<Output = Result<Option<Delivery>, SourceError>> + Send;

    /// Whether nothing is to be expected for now, but perhaps later: what others hold, and may give
    /// back.
    fn is_idle(&self) -> bool {
        false
    }

    /// Says that a record is being replayed: if the process ends now, that counts as a delivery.
    fn start(&mut self, delivery: &Delivery);

    /// Says that what has become of a record is noted.
    fn ack(&mut self, delivery: &Delivery);

    /// Says that a record is to be handed out again.
    fn nak(&mut self, delivery: &Delivery);

    /// Says that a record is set aside for good.
    fn term(&mut self, delivery: &Delivery) {
        self.ack(delivery);
    }

    /// Where a later reader goes on, if that is not kept by the log itself. It is written into one
    /// file with the results, so that both say the same.
    fn position(&self) -> Option<serde_json::Value>;

    /// Called when the results of all that was acknowledged are safe.
    ///
    /// # Errors
    ///
    /// [`SourceError`], if the log cannot be told.
    fn commit(&mut self) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Called at the very end, with whether all of the log is settled.
    fn close(&mut self, is_over: bool) -> impl Future<Output = ()> + Send {
        let _ = is_over;
        std::future::ready(())
    }

    /// How much there is to be read, in the unit of [`Delivery::weight`].
    fn size(&self) -> u64;
}
