//! Writing a log.

#[cfg(feature = "zstd")]
mod packing;

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

#[cfg(feature = "zstd")]
use self::packing::Packing;
use crate::{
    error::WriteError,
    frame::{FILE_HEAD, Frames},
    record::Record,
    segment::{Numbered, Segment, list, list_all, path_of},
};

/// A segment of this size is read in a second, and there are few of them.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Who takes segments away when they are closed has all that is older than this.
const SEGMENT_AGE: Duration = Duration::from_hours(1);

/// Some hours of a busy service, and little of a disk.
const TOTAL_BYTES: u64 = 1024 * 1024 * 1024;

/// The smallest segment: with some usual records.
const MIN_SEGMENT_BYTES: u64 = 16 * 1024;

/// What a record takes in a file besides its payload.
const FRAME: u64 = 16;

/// How a [`Log`] is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOptions {
    segment_bytes: u64,
    segment_age: Duration,
    total_bytes: u64,
    sync: SyncPolicy,
    #[cfg(feature = "zstd")]
    compresses: bool,
}

/// When records are forced to the disk, with `fdatasync`.
///
/// Whatever was written survives the end of the process, by `kill -9` as well. What was forced
/// survives that of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// Never: the system writes when it likes, mostly within half a minute.
    #[default]
    Never,
    /// After so many records, or after this time, whichever comes first.
    Every {
        /// As many may wait.
        records: u32,
        /// So long may one wait.
        interval: Duration,
    },
    /// After each record, and once for those that have come together.
    Each,
}

/// Writes records to segments in a directory.
///
/// [`append`](Self::append) takes a record, [`settle`](Self::settle) writes all that were appended
/// and says whether they are as durable as the [`SyncPolicy`] asks for. No thread is started but
/// the one that compresses, so [`settle`](Self::settle) is called again after
/// [`wait`](Self::wait).
///
/// Nothing here asks what time it is: numbers grow, and ages are of the monotonic clock. Several
/// processes may write to one directory, each to segments of its own.
#[derive(Debug)]
pub struct Log {
    directory: PathBuf,
    options: LogOptions,
    frames: Frames,
    current: Option<Current>,
    /// The least number that was not used.
    next: u64,
    /// Records that were appended and are not written yet, and how many.
    buffer: Vec<u8>,
    appended: u64,
    /// Records that were written and not forced to the disk, and since when.
    unsynced: u64,
    unsynced_since: Instant,
    #[cfg(feature = "zstd")]
    packing: Packing,
}

/// The segment that is written to, under a lock.
#[derive(Debug)]
struct Current {
    file: File,
    path: PathBuf,
    #[cfg(feature = "zstd")]
    number: u64,
    /// Of whole records.
    bytes: u64,
    began: Instant,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            segment_bytes: SEGMENT_BYTES,
            segment_age: SEGMENT_AGE,
            total_bytes: TOTAL_BYTES,
            sync: SyncPolicy::default(),
            #[cfg(feature = "zstd")]
            compresses: false,
        }
    }
}

impl LogOptions {
    /// The size at which a segment is closed, in bytes. A record that is larger is refused. Default:
    /// 64 MiB; at least 16 KiB.
    #[must_use]
    pub fn with_segment_bytes(self, segment_bytes: u64) -> Self {
        Self {
            segment_bytes,
            ..self
        }
    }

    /// The age at which a segment is closed. Default: one hour.
    #[must_use]
    pub fn with_segment_age(self, segment_age: Duration) -> Self {
        Self {
            segment_age,
            ..self
        }
    }

    /// What all segments of the directory may have together, in bytes: before a segment is begun,
    /// the oldest are deleted until there is room for it. Default: 1 GiB; at least twice the size of
    /// a segment, and three times if segments are compressed.
    #[must_use]
    pub fn with_total_bytes(self, total_bytes: u64) -> Self {
        Self {
            total_bytes,
            ..self
        }
    }

    /// When records are forced to the disk. Default: never.
    #[must_use]
    pub fn with_sync(self, sync: SyncPolicy) -> Self {
        Self { sync, ..self }
    }

    /// Whether segments are compressed when they are closed, on a thread of its own. Default: no.
    #[cfg(feature = "zstd")]
    #[must_use]
    pub fn with_compression(self, compresses: bool) -> Self {
        Self { compresses, ..self }
    }

    /// When records are forced to the disk.
    #[must_use]
    pub fn sync(&self) -> SyncPolicy {
        self.sync
    }

    /// Whether these can be met.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`], with what is wrong.
    pub fn check(&self) -> io::Result<()> {
        let wrong = |what: String| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        if self.segment_bytes < MIN_SEGMENT_BYTES {
            let bytes = self.segment_bytes;
            return wrong(format!(
                "a segment of {bytes} bytes is too small: it has at least {MIN_SEGMENT_BYTES}"
            ));
        }
        if self.total_bytes / self.reserved_segments() < self.segment_bytes {
            let (total, times) = (self.total_bytes, self.reserved_segments());
            let least = self.segment_bytes.saturating_mul(times);
            return wrong(format!(
                "{total} bytes for all segments are too few: there must be room for {times}, which are {least}"
            ));
        }
        Ok(())
    }

    /// As many segments are there at once at least: one that is read, one that is written, and what
    /// is being made of one.
    fn reserved_segments(&self) -> u64 {
        2 + u64::from(self.compresses())
    }

    #[cfg(feature = "zstd")]
    fn compresses(&self) -> bool {
        self.compresses
    }

    #[cfg(not(feature = "zstd"))]
    #[expect(clippy::unused_self, reason = "so it is with the feature")]
    fn compresses(&self) -> bool {
        false
    }
}

impl Log {
    /// Writes to a directory, which is made if it is not there (mode 0700). The first segment (mode
    /// 0600) is begun with the first record; nothing is appended to those that are there.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] for options that cannot be met, and what making or reading
    /// the directory returns.
    pub fn open(directory: impl AsRef<Path>, options: LogOptions) -> io::Result<Self> {
        options.check()?;
        let directory = directory.as_ref().to_owned();
        make(&directory)?;
        let segments = list(&directory)?;
        let mut log = Self {
            next: segments.last().map_or(1, |last| last.number + 1),
            directory,
            options,
            frames: Frames::new(),
            current: None,
            buffer: Vec::new(),
            appended: 0,
            unsynced: 0,
            unsynced_since: Instant::now(),
            #[cfg(feature = "zstd")]
            packing: Packing::default(),
        };
        log.pack_those_that_are_there(&segments);
        Ok(log)
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Takes a record, which is written by [`settle`](Self::settle): at once, if the segment is
    /// full.
    ///
    /// # Errors
    ///
    /// [`WriteError::TooLarge`] for a record that is larger than a segment, and none else is lost.
    /// [`WriteError::Io`] if there was no room, and all that was appended since the last
    /// [`settle`](Self::settle) is lost.
    pub fn append(&mut self, record: &Record) -> Result<(), WriteError> {
        self.append_with(|out| record.borrowed().encode_into(out))
    }

    /// Takes a record that is a payload already, as [`append`](Self::append) does.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub fn append_payload(&mut self, payload: &[u8]) -> Result<(), WriteError> {
        self.append_with(|out| out.extend_from_slice(payload))
    }

    /// Takes a record that is encoded by a function, as [`append`](Self::append) does: it appends the
    /// payload to what is there, and changes nothing else.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub fn append_with(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), WriteError> {
        let start = self.buffer.len();
        self.frames.append(&mut self.buffer, encode)?;
        let bytes = (self.buffer.len() - start) as u64;
        let most = self.options.segment_bytes - FILE_HEAD as u64;
        if bytes > most {
            self.buffer.truncate(start);
            return Err(WriteError::TooLarge {
                bytes: usize::try_from(bytes - FRAME).unwrap_or(usize::MAX),
                max: usize::try_from(most - FRAME).unwrap_or(usize::MAX),
            });
        }
        let written = self
            .current
            .as_ref()
            .map_or(FILE_HEAD as u64, |current| current.bytes);
        if written + self.buffer.len() as u64 > self.options.segment_bytes {
            // This one goes to the next.
            let record = self.buffer.split_off(start);
            let closed = self.close();
            self.buffer = record;
            if let Err(error) = closed {
                self.abandon();
                return Err(error.into());
            }
        }
        self.appended += 1;
        Ok(())
    }

    /// The bytes that were appended and are not written yet.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }

    /// Writes what was appended, forces it to the disk if that is due, and closes the segment if it
    /// is old enough. Whether all that was ever appended is as durable as it shall be.
    ///
    /// # Errors
    ///
    /// What the system says: a full disk, for example. All that was appended since `settle` has
    /// returned `true` may be lost, and what comes next is written to a new segment.
    pub fn settle(&mut self) -> io::Result<bool> {
        let settled = self.try_to_settle();
        if settled.is_err() {
            self.abandon();
        }
        settled
    }

    fn try_to_settle(&mut self) -> io::Result<bool> {
        self.write()?;
        let is_due = match self.options.sync {
            SyncPolicy::Never => false,
            SyncPolicy::Each => true,
            SyncPolicy::Every { records, interval } => {
                self.unsynced >= records.into() || self.unsynced_since.elapsed() >= interval
            }
        };
        if is_due {
            self.force()?;
        }
        let age = self.current.as_ref().map(|current| current.began.elapsed());
        if age.is_some_and(|age| age >= self.options.segment_age) {
            self.close()?;
        }
        #[cfg(feature = "zstd")]
        self.packing.go_on(&self.directory);
        Ok(self.unsynced == 0 || self.options.sync == SyncPolicy::Never)
    }

    /// The time until [`settle`](Self::settle) has something to do, if nothing is appended before.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let current = self.current.as_ref();
        let age = current.map(|current| {
            let age = current.began.elapsed();
            self.options.segment_age.saturating_sub(age)
        });
        let sync = match self.options.sync {
            SyncPolicy::Every { interval, .. } if self.unsynced > 0 => {
                Some(interval.saturating_sub(self.unsynced_since.elapsed()))
            }
            _ => None,
        };
        age.into_iter().chain(sync).min()
    }

    /// Writes what was appended, forces it to the disk unless that is never done, and closes the
    /// segment. The next record begins another.
    ///
    /// # Errors
    ///
    /// As [`settle`](Self::settle).
    pub fn close(&mut self) -> io::Result<()> {
        self.write()?;
        self.force()?;
        if let Some(current) = self.current.take() {
            current.end();
            #[cfg(feature = "zstd")]
            if self.options.compresses {
                self.packing.add(current.number);
                drop(current);
                self.packing.go_on(&self.directory);
            }
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        loop {
            let mut current = match self.current.take() {
                Some(current) => current,
                None => self.begin()?,
            };
            let written = current.write(&self.buffer);
            let is_there = current.is_there();
            if is_there {
                self.current = Some(current);
            }
            written?;
            if is_there {
                break;
            }
            // The directory was deleted, or the segment was: what is written to it is lost.
        }
        if self.unsynced == 0 {
            self.unsynced_since = Instant::now();
        }
        self.unsynced += std::mem::take(&mut self.appended);
        self.buffer.clear();
        // A large record is behind.
        self.buffer.shrink_to(1024 * 1024);
        Ok(())
    }

    fn force(&mut self) -> io::Result<()> {
        if let Some(current) = self.current.as_ref().filter(|_| self.unsynced > 0)
            && self.options.sync != SyncPolicy::Never
        {
            current.file.sync_data()?;
        }
        self.unsynced = 0;
        Ok(())
    }

    /// Leaves the segment after an error, without what is not whole in it.
    fn abandon(&mut self) {
        self.buffer.clear();
        (self.appended, self.unsynced) = (0, 0);
        if let Some(current) = self.current.take() {
            current.end();
        }
    }

    fn begin(&mut self) -> io::Result<Current> {
        make(&self.directory)?;
        self.make_room()?;
        let last = list(&self.directory)?.last().map_or(0, |last| last.number);
        self.next = self.next.max(last + 1);
        let (file, path) = loop {
            let path = path_of(&self.directory, self.next);
            match create(&path) {
                Ok(file) => break (file, path),
                // Another process was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.next += 1,
                Err(error) => return Err(error),
            }
        };
        // Where there are no locks, nobody else may delete segments.
        let _ = file.lock();
        let mut current = Current {
            file,
            path,
            #[cfg(feature = "zstd")]
            number: self.next,
            bytes: 0,
            began: Instant::now(),
        };
        self.next += 1;
        let head = current.file.write_all(&self.frames.head());
        current.bytes = FILE_HEAD as u64;
        if let Err(error) = head {
            current.end();
            return Err(error);
        }
        if self.options.sync != SyncPolicy::Never {
            // Its name, too, survives the machine.
            File::open(&self.directory)?.sync_all()?;
        }
        Ok(current)
    }

    /// Deletes the oldest segments until there is room for one more.
    fn make_room(&self) -> io::Result<()> {
        let segments = list_all(&self.directory)?;
        let all = segments.iter().map(|it| it.segment.bytes).sum::<u64>();
        let reserved = self.options.segment_bytes * (self.options.reserved_segments() - 1);
        let most = self.options.total_bytes.saturating_sub(reserved);
        let mut over = all.saturating_sub(most);
        for Numbered { segment, .. } in segments {
            if over == 0 {
                break;
            }
            if delete(&segment) {
                over = over.saturating_sub(segment.bytes);
            }
        }
        Ok(())
    }

    #[cfg(feature = "zstd")]
    fn pack_those_that_are_there(&mut self, segments: &[Numbered]) {
        self.packing.clean(&self.directory);
        if self.options.compresses {
            let plain = segments.iter().filter(|it| !it.segment.is_compressed);
            for plain in plain {
                self.packing.add(plain.number);
            }
            self.packing.go_on(&self.directory);
        }
    }

    #[cfg(not(feature = "zstd"))]
    #[expect(clippy::unused_self, reason = "so it is with the feature")]
    fn pack_those_that_are_there(&mut self, _: &[Numbered]) {}
}

/// Writes what was appended, as far as that is possible.
impl Drop for Log {
    fn drop(&mut self) {
        if self.close().is_err() {
            self.abandon();
        }
    }
}

impl Current {
    fn write(&mut self, records: &[u8]) -> io::Result<()> {
        self.file.write_all(records)?;
        self.bytes += records.len() as u64;
        Ok(())
    }

    /// Whether the file has its name: what is written to one that was deleted is lost.
    #[cfg(unix)]
    fn is_there(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        match (fs::metadata(&self.path), self.file.metadata()) {
            (Ok(named), Ok(open)) => (named.dev(), named.ino()) == (open.dev(), open.ino()),
            _ => false,
        }
    }

    #[cfg(not(unix))]
    fn is_there(&self) -> bool {
        self.path.exists()
    }

    /// Takes away what is not a whole record; all of it if there is none. A segment that stays torn
    /// is read up to there.
    fn end(&self) {
        if self.bytes > FILE_HEAD as u64 {
            let length = self.file.metadata().map(|metadata| metadata.len());
            if length.is_ok_and(|length| length > self.bytes) {
                let _ = self.file.set_len(self.bytes);
            }
        } else if self.is_there() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Deletes a segment, unless somebody writes to it or compresses it.
fn delete(segment: &Segment) -> bool {
    let Ok(file) = File::open(&segment.path) else {
        // Another process was faster.
        return true;
    };
    if matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)) {
        return false;
    }
    fs::remove_file(&segment.path).is_ok()
}

/// Makes a directory that nobody else may look into.
fn make(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Makes a file that nobody else may read.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
