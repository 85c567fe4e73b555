//! Reading a log.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use crate::{
    error::ReadError,
    frame::Reader,
    record::Record,
    segment::{Numbered, Source, list},
};

/// Reads the records of a log, segment by segment, also while it is written.
///
/// Records come in the order in which they are in a segment, and segments in the order in which they
/// were begun. If several processes write to the directory, each has a segment of its own, so the
/// records of one can come after later ones of another: who needs them by time sorts them within a
/// look-ahead.
///
/// [`next_record`](Self::next_record) returns `None` at the end, as it is now, and finds what is
/// written later if it is called again. A segment that is deleted before it was read is passed over.
/// So is the torn end of a segment that nobody writes to any more: [`torn`](Self::torn) counts them.
///
/// One record is held at a time, as by [`Reader`], for each segment that is being written.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Segments that are being read, by their numbers.
    open: BTreeMap<u64, Reader<Source>>,
    /// Those up to this one were looked at.
    seen: Option<u64>,
    /// Records before this are passed over.
    start: Position,
    torn: u64,
}

/// A record of a log.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// The record.
    pub record: Record,
    /// Where the next one of the same segment begins.
    pub next: Position,
}

/// A place in a log. It is the same if the segment is compressed later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The number of the segment.
    pub segment: u64,
    /// Bytes from its beginning, before it was compressed.
    pub offset: u64,
}

impl Directory {
    /// Reads a log from its beginning.
    ///
    /// # Errors
    ///
    /// What reading the directory returns: there may be none.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::open_at(path, Position::default())
    }

    /// Reads a log from a place on. If that segment is gone, it begins with the next.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_at(path: impl AsRef<Path>, start: Position) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        list(&path)?;
        Ok(Self {
            path,
            open: BTreeMap::new(),
            seen: start.segment.checked_sub(1),
            start,
            torn: 0,
        })
    }

    /// The next record; `None` at the end, as it is now.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if something is no record, or cannot be read. The next call goes on behind it.
    pub fn next_record(&mut self) -> Result<Option<Entry>, ReadError> {
        loop {
            if let Some(entry) = self.next_of_open()? {
                return Ok(Some(entry));
            }
            if !self.open_next()? {
                return Ok(None);
            }
        }
    }

    /// The segments so far that ended in the middle of a record.
    #[must_use]
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// The next record of the segments that are being read.
    fn next_of_open(&mut self) -> Result<Option<Entry>, ReadError> {
        let numbers: Vec<_> = self.open.keys().copied().collect();
        for number in numbers {
            let Some(reader) = self.open.get_mut(&number) else {
                continue;
            };
            // Asked before the end is looked for: behind an end that was found before, there may be
            // records that were written meanwhile.
            let is_closed = reader.get_ref().is_closed();
            loop {
                let read = reader.next_record();
                if let Err(ReadError::Io(_)) = read {
                    // It would fail for ever.
                    self.open.remove(&number);
                    return Err(read.err().unwrap_or(ReadError::NotALog));
                }
                let next = Position {
                    segment: number,
                    offset: reader.offset(),
                };
                match read? {
                    Some(_) if next <= self.start => {}
                    Some(record) => return Ok(Some(Entry { record, next })),
                    None => break,
                }
            }
            // One that is empty was made a moment ago, and its writer has no lock on it yet.
            let is_begun = reader.offset() > 0 || reader.unread() > 0;
            if is_closed && is_begun {
                self.torn += u64::from(reader.unread() > 0);
                self.open.remove(&number);
            }
        }
        Ok(None)
    }

    /// Opens the next segment; `false` if there is none.
    fn open_next(&mut self) -> Result<bool, ReadError> {
        let segments = match list(&self.path) {
            Ok(segments) => segments,
            // All of it is gone, and may come again.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let seen = self.seen;
        let is_new = |number| seen.is_none_or(|seen| number > seen);
        for Numbered { number, segment } in segments.iter().filter(|it| is_new(it.number)) {
            self.seen = Some(*number);
            match Source::open(segment) {
                Ok(source) => {
                    self.open.insert(*number, Reader::new(source));
                    return Ok(true);
                }
                // Deleted, or compressed meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let again = list(&self.path).unwrap_or_default();
                    let again = again.iter().find(|again| again.number == *number);
                    if let Some(source) = again.and_then(|it| Source::open(&it.segment).ok()) {
                        self.open.insert(*number, Reader::new(source));
                        return Ok(true);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }
}

impl Iterator for Directory {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
}
