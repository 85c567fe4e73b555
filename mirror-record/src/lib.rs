#![doc = include_str!("../README.md")]
//!
//! # The format
//!
//! See [`format`](mod@format).

pub mod format {
    #![doc = include_str!("../docs/record.md")]
}

mod borrowed;
mod directory;
mod error;
mod frame;
mod id;
mod log;
mod payload;
mod record;
mod segment;

pub use self::{
    borrowed::{FieldList, RecordRef, RequestRef, ResponseRef},
    directory::{Directory, Entry, Position},
    error::{ReadError, RecordError, WriteError},
    frame::{MAX_RECORD, Reader, Writer},
    id::RecordId,
    log::{Log, LogOptions, SyncPolicy},
    record::{FORMAT_VERSION, Fields, MAX_FIELDS, Outcome, Record, Request, Response, SessionHash},
    segment::{Segment, segments},
};
