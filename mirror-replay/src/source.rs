//! Where records come from.

mod files;
#[cfg(feature = "nats")]
mod nats;

use std::{future::Future, sync::Arc};

use futures_util::future::BoxFuture;
use mirror_compare::report::Evidence;
use mirror_record::Record;
use serde::{Deserialize, Serialize};

use crate::counts::Counts;

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
    /// When it arrived, in nanoseconds since the beginning of 1970, on a line of time that goes on as
    /// before where the clock of who wrote it was set back. For a record that is damaged, 0.
    pub arrived_ns: u64,
    /// How often a run has ended while nothing else but this was being replayed, and one more.
    pub deliveries: u32,
    /// Whether it was being replayed when a run was killed. Nothing else is sent beside it, so that
    /// it is known whether it ends this one, too.
    pub is_suspect: bool,
    /// How much of the [size](Source::size) it is.
    pub weight: u64,
    /// The part of the log that it is of, as long as that is read here: if it is
    /// [withdrawn](Source::withdrawn), nothing of it is begun any more.
    pub part: u64,
}

/// What a run has noted of a record while it went on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// It was begun, and runs have ended so often while nothing else was.
    Begun(String, u32),
    /// Something has become of it.
    Over(String),
    /// What comes behind is of a later run, so the one before has ended.
    Run,
}

/// What one run of a replay has found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Found {
    /// What was counted.
    pub counts: Counts,
    /// What the comparisons have shown.
    pub evidence: Evidence,
    /// Whether it goes on.
    pub phase: Phase,
}

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It does, or was killed.
    #[default]
    Running,
    /// It was stopped before the end.
    Stopped,
    /// It came to the end.
    Ended,
}

/// A source cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// Something that is under way while the source is used for other things.
pub type Pending = BoxFuture<'static, Result<(), SourceError>>;

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

    /// A part of the log that is not read here any more, because others read it. What was handed out
    /// of it and not begun is to be given back; what is in flight ends.
    fn withdrawn(&mut self) -> Option<u64> {
        None
    }

    /// Whether nothing may be begun for now, because others may read all of this.
    fn is_unsure(&self) -> bool {
        false
    }

    /// Says that a record is being replayed: if the process ends now, that counts as a delivery.
    fn start(&mut self, delivery: &Delivery);

    /// What a record is called in each run, if that is noted outside of the log when it is begun, and
    /// when it has ended.
    fn place(&self, delivery: &Delivery) -> Option<String> {
        let _ = delivery;
        None
    }

    /// Called before anything is read, with what an earlier run has noted since its position was
    /// kept.
    fn resume(&mut self, notes: &[Note]) {
        let _ = notes;
    }

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

    /// Whether a record is still to be replayed by this reader. It is not if somebody else may have
    /// been handed it in the meantime: what has become of it counts there.
    fn holds(&self, delivery: &Delivery) -> bool {
        let _ = delivery;
        true
    }

    /// Says that a record is none of this reader's any more.
    fn forget(&mut self, delivery: &Delivery) {
        let _ = delivery;
    }

    /// Whether what a run has found is kept where the log is.
    fn keeps(&self) -> bool {
        false
    }

    /// Keeps what this run has found, before the next [`commit`](Self::commit).
    ///
    /// # Errors
    ///
    /// [`SourceError`], if it could not be written: what was kept before is still there.
    fn keep(&mut self, found: &Found) -> Pending {
        let _ = found;
        Box::pin(std::future::ready(Ok(())))
    }

    /// What the other runs of this replay have found by now, wherever they are.
    ///
    /// # Errors
    ///
    /// [`SourceError`], if it cannot be read.
    fn others(&mut self) -> impl Future<Output = Result<Vec<Found>, SourceError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// Called when the results are safe of all that was acknowledged before they were
    /// [to be kept](Self::keep).
    ///
    /// # Errors
    ///
    /// [`SourceError`], if the log cannot be told.
    fn commit(&mut self) -> Pending;

    /// Called at the very end, with whether this run has come to the end of the log.
    ///
    /// # Errors
    ///
    /// [`SourceError`], if it is not known whether all of the log is settled.
    fn close(&mut self, is_over: bool) -> impl Future<Output = Result<(), SourceError>> + Send {
        let _ = is_over;
        std::future::ready(Ok(()))
    }

    /// The files that end in the middle of a record, as one does whose writer was killed.
    fn torn(&self) -> u64 {
        0
    }

    /// How many records others hold, if there is nothing else left.
    fn waits_for(&self) -> u64 {
        0
    }

    /// How much of the [size](Self::size) is not settled by anybody, if that is known.
    fn left(&self) -> Option<u64> {
        None
    }

    /// How much there is to be read, in the unit of [`Delivery::weight`].
    fn size(&self) -> u64;
}
