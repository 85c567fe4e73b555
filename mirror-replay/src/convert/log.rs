//! A directory of segments, read and written record by record.

use std::{
    io::{self, Read},
    path::Path,
    time::Duration,
};

use mirror_record::{Log, LogOptions, MAX_RECORD, ReadError, Reader, Record, Segment, SyncPolicy};

use super::ConvertError;
use crate::source::{SourceError, failed, segments_of};

/// Reads all records of a log.
pub struct LogReader {
    segments: std::vec::IntoIter<Segment>,
    reader: Option<Reader<Box<dyn Read + Send>>>,
    damaged: u64,
}

impl LogReader {
    /// A directory of segments, or one of them.
    ///
    /// # Errors
    ///
    /// [`SourceError`] if there is no log.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        Ok(Self {
            segments: segments_of(path)?.into_iter(),
            reader: None,
            damaged: 0,
        })
    }

    /// How often something could not be read, and was passed over.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`SourceError`] if a file cannot be read.
    pub fn next_record(&mut self) -> Result<Option<Record>, SourceError> {
        loop {
            let Some(reader) = &mut self.reader else {
                let Some(segment) = self.segments.next() else {
                    return Ok(None);
                };
                self.reader = match segment.open() {
                    Ok(reader) => Some(reader),
                    // It was deleted, because the log has a bound.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                    Err(error) => return Err(failed(segment.path(), error)),
                };
                continue;
            };
            match reader.next_record() {
                Ok(Some(record)) => return Ok(Some(record)),
                Ok(None) => self.reader = None,
                Err(ReadError::Io(_)) => {
                    self.damaged += 1;
                    self.reader = None;
                }
                Err(_) => self.damaged += 1,
            }
        }
    }
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogReader")
            .field("damaged", &self.damaged)
            .finish_non_exhaustive()
    }
}

/// A log that is written behind the segments that are there, to the disk, and deletes none.
///
/// # Errors
///
/// If the directory cannot be made or read.
pub fn open_log(directory: &Path) -> io::Result<Log> {
    // As large as a record may be, and some more.
    let options = LogOptions::default().with_segment_bytes(2 * MAX_RECORD as u64);
    let sync = SyncPolicy::Every {
        records: u32::MAX,
        interval: Duration::MAX,
    };
    Log::open(
        directory,
        options.with_total_bytes(u64::MAX).with_sync(sync),
    )
}

/// Writes a record to a log, which forces it to the disk when it is
/// [closed](mirror_record::Log::close).
///
/// # Errors
///
/// If it cannot be written.
pub fn write_log(log: &mut Log, record: &Record) -> Result<(), ConvertError> {
    let written = log.append(record);
    written.map_err(|error| ConvertError(error.to_string()))?;
    log.settle()?;
    Ok(())
}
