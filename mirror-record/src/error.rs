//! What can be wrong with bytes that should be records.

use std::io;

use crate::record::FORMAT_VERSION;

/// A payload is not a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It is of a version that is not known here.
    #[error("version {0} of the format is not known: this program reads up to {FORMAT_VERSION}")]
    Version(u8),
    /// It ends before it should.
    #[error("it ends in the middle of {0}")]
    Short(&'static str),
    /// It has no such field, which each record has.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// A field has a value that it cannot have.
    #[error("{0} has a value that it cannot have")]
    Value(&'static str),
    /// It has more of something than [`MAX_FIELDS`](crate::MAX_FIELDS).
    #[error("it has too many {0}")]
    TooMany(&'static str),
}

/// A record was not read. The next call of the reader goes on behind it, unless reading itself
/// failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is no log.
    #[error("this is no log of mirror: it does not begin with `mirror`")]
    NotALog,
    /// The file is of a version that is not known here.
    #[error("version {0} of the file is not known: a newer program has written it")]
    FileVersion(u8),
    /// Bytes were passed over, because there is no whole record in them. It is not known how many
    /// records that were.
    #[error("{bytes} bytes at {offset} are damaged: no record of them could be read")]
    Damaged {
        /// Where they begin: bytes since the beginning of the file.
        offset: u64,
        /// How many there are.
        bytes: u64,
    },
    /// A record is there as it was written, and cannot be understood.
    #[error("the record at {offset} cannot be read: {error}")]
    Record {
        /// Where it begins: bytes since the beginning of the file.
        offset: u64,
        /// Why.
        error: RecordError,
    },
    /// Reading failed.
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
}

/// A record was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// It has more bytes than a record may have. Nothing was written.
    #[error("the record has {bytes} bytes, and may have {max}")]
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// As many may be.
        max: usize,
    },
    /// Writing failed. Some of the record may have been written.
    #[error("writing failed: {0}")]
    Io(#[from] io::Error),
}
