#![doc = include_str!("../README.md")]
//!
//! # The format
//!
//! See [`format`].

pub mod format {
    #![doc = include_str!("../docs/record.md")]
}

mod error;
mod frame;
mod id;
mod payload;
mod record;

pub use self::{
    error::{ReadError, RecordError, WriteError},
    frame::{MAX_RECORD, Reader, Writer},
    id::RecordId,
    record::{FORMAT_VERSION, Fields, MAX_FIELDS, Outcome, Record, Request, Response, SessionHash},
};
