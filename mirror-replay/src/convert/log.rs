//! A directory of segments, read and written record by record.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Read, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use mirror_record::{ReadError, Reader, Record, Writer};

use super::ConvertError;
use crate::source::{SourceError, open, segments};

/// A segment is this large, and one record more.
const SEGMENT: u64 = 64 * 1024 * 1024;

/// Reads all records of a log.
pub struct LogReader {
    paths: std::vec::IntoIter<PathBuf>,
    reader: Option<Reader<Box<dyn Read>>>,
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
            paths: segments(path)?.into_iter(),
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
                match self.paths.next() {
                    Some(path) => self.reader = Some(Reader::new(open(&path)?)),
                    None => return Ok(None),
                }
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

/// Writes records into a directory, behind the segments that are there.
#[derive(Debug)]
pub struct LogWriter {
    directory: PathBuf,
    number: u64,
    writer: Option<Writer<Counted>>,
    /// Of the segment that is written.
    bytes: Arc<AtomicU64>,
}

/// Counts what is written.
#[derive(Debug)]
struct Counted {
    file: BufWriter<File>,
    bytes: Arc<AtomicU64>,
}

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes.fetch_add(written as u64, Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl LogWriter {
    /// The directory, which is created if necessary.
    ///
    /// # Errors
    ///
    /// If it cannot be created or read.
    pub fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let mut number = 0;
        for entry in fs::read_dir(directory)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            let known = name.split('.').next().and_then(|name| name.parse().ok());
            number = number.max(known.unwrap_or(0));
        }
        Ok(Self {
            directory: directory.to_owned(),
            number,
            writer: None,
            bytes: Arc::default(),
        })
    }

    /// Writes a record.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&mut self, record: &Record) -> Result<(), ConvertError> {
        if self.writer.is_none() {
            self.writer = Some(self.begin()?);
        }
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        writer
            .write(record)
            .map_err(|error| ConvertError(error.to_string()))?;
        if self.bytes.load(Relaxed) >= SEGMENT {
            self.end()?;
        }
        Ok(())
    }

    /// Ends the last segment.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.end()
    }

    fn begin(&mut self) -> io::Result<Writer<Counted>> {
        self.number += 1;
        self.bytes.store(0, Relaxed);
        let path = self.directory.join(format!("{:012}.mrec", self.number));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;

            // What is in it comes from production: it is for nobody else on the machine.
            options.mode(0o600);
        }
        Writer::new(Counted {
            file: BufWriter::new(options.open(path)?),
            bytes: Arc::clone(&self.bytes),
        })
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(writer) = self.writer.take() else {
            return Ok(());
        };
        let mut file = writer.into_inner().file;
        file.flush()?;
        file.get_ref().sync_all()
    }
}
