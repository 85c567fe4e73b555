//! Many records in a file.

use std::io::{self, Read, Write};

use bytes::Bytes;

use crate::{
    error::{ReadError, WriteError},
    id::random,
    record::Record,
};

/// As many bytes may a record have in a file.
pub const MAX_RECORD: usize = 64 * 1024 * 1024;

/// A file begins so.
const MAGIC: &[u8; 6] = b"mirror";

/// The version of the file, which is not that of its records.
const FILE_VERSION: u8 = 1;

/// The file's own mark, which each of its records begins with.
const MARK: usize = 8;

/// What a file begins with: magic, version, a byte that is zero, and the mark.
pub(crate) const FILE_HEAD: usize = MAGIC.len() + 2 + MARK;

/// What a record begins with: the mark, its length and its CRC.
const HEAD: usize = MARK + 4 + 4;

/// As many bytes are asked for at once.
const CHUNK: usize = 64 * 1024;

/// Writes records to a file, or to what is one.
///
/// Each is one call of [`Write::write_all`].
#[derive(Debug)]
pub struct Writer<W> {
    inner: W,
    frames: Frames,
    buffer: Vec<u8>,
}

/// The records of one file, as bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frames {
    mark: [u8; MARK],
}

impl Frames {
    pub(crate) fn new() -> Self {
        let mut mark = [0; MARK];
        mark.copy_from_slice(&random().to_be_bytes()[..MARK]);
        Self { mark }
    }

    /// What the file begins with.
    pub(crate) fn head(self) -> [u8; FILE_HEAD] {
        let mut head = [0; FILE_HEAD];
        head[..MAGIC.len()].copy_from_slice(MAGIC);
        head[MAGIC.len()] = FILE_VERSION;
        head[FILE_HEAD - MARK..].copy_from_slice(&self.mark);
        head
    }

    /// Appends a payload that `encode` appends. Nothing is appended if it is too large.
    pub(crate) fn append(
        self,
        out: &mut Vec<u8>,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), WriteError> {
        let start = out.len();
        out.extend_from_slice(&self.mark);
        out.extend_from_slice(&[0; HEAD - MARK]);
        encode(out);
        let bytes = out.len() - start - HEAD;
        let length = u32::try_from(bytes).ok().filter(|_| bytes <= MAX_RECORD);
        let Some(length) = length else {
            out.truncate(start);
            return Err(WriteError::TooLarge {
                bytes,
                max: MAX_RECORD,
            });
        };
        let length = length.to_be_bytes();
        let crc = crc(length, &out[start + HEAD..]);
        let head = &mut out[start + MARK..start + HEAD];
        head[..4].copy_from_slice(&length);
        head[4..].copy_from_slice(&crc.to_be_bytes());
        Ok(())
    }
}

/// Of the length and of what has it.
fn crc(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(payload);
    hasher.finalize()
}

impl<W: Write> Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// What writing returns.
    pub fn new(inner: W) -> io::Result<Self> {
        Self::with_frames(inner, Frames::new())
    }

    /// Begins a file whose records begin with these bytes. For files that shall be the same each
    /// time: who knows them can make a body look like a record where a file is damaged.
    ///
    /// # Errors
    ///
    /// What writing returns.
    pub fn with_mark(inner: W, mark: [u8; 8]) -> io::Result<Self> {
        Self::with_frames(inner, Frames { mark })
    }

    fn with_frames(mut inner: W, frames: Frames) -> io::Result<Self> {
        inner.write_all(&frames.head())?;
        Ok(Self {
            inner,
            frames,
            buffer: Vec::new(),
        })
    }

    /// Writes a record behind those that are there.
    ///
    /// # Errors
    ///
    /// [`WriteError::TooLarge`] if it has more bytes than [`MAX_RECORD`], and what writing returns.
    /// Where writing has failed, the file may end in a part of a record: another may not be
    /// appended to it.
    pub fn write(&mut self, record: &Record) -> Result<(), WriteError> {
        self.buffer.clear();
        self.frames
            .append(&mut self.buffer, |out| record.borrowed().encode_into(out))?;
        self.inner.write_all(&self.buffer)?;
        Ok(())
    }

    /// What it writes to.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

/// Reads the records of a file.
///
/// It holds one record at a time, and as much of the file as that needs: at most [`MAX_RECORD`],
/// whatever the file claims. Nothing is held that the file does not have.
///
/// A file may grow while it is read: `None` is the end for now, and the next call looks again. A
/// record that is not whole at the end is one that is being written, or one that was torn:
/// [`unread`](Self::unread) says how much of it there is.
///
/// As an iterator it ends with `None`, and goes on if the file has grown.
#[derive(Debug)]
pub struct Reader<R> {
    inner: R,
    /// What was read; behind `at` is what has not been used.
    buffer: Vec<u8>,
    at: usize,
    /// Where `at` is in the file.
    offset: u64,
    frames: Option<Frames>,
    /// Why the file is not read any further.
    is_foreign: bool,
}

impl<R: Read> Reader<R> {
    /// Reads a file from its beginning.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            at: 0,
            offset: 0,
            frames: None,
            is_foreign: false,
        }
    }

    /// The next record; `None` at the end of the file, as it is now.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if what comes next is no record: the next call goes on behind it. If the file
    /// is no log, or one of a newer version, there is nothing behind it.
    pub fn next_record(&mut self) -> Result<Option<Record>, ReadError> {
        let offset = self.offset();
        match self.next_payload()? {
            Some(payload) => match Record::decode_bytes(&payload) {
                Ok(record) => Ok(Some(record)),
                Err(error) => Err(ReadError::Record {
                    // The head of the file is passed over with its first record.
                    offset: offset.max(FILE_HEAD as u64),
                    error,
                }),
            },
            None => Ok(None),
        }
    }

    /// The next record as it is written, without its head.
    ///
    /// # Errors
    ///
    /// As [`next_record`](Self::next_record), but what the payload says is not looked at.
    pub fn next_payload(&mut self) -> Result<Option<Bytes>, ReadError> {
        if self.is_foreign {
            return Ok(None);
        }
        let Some(Frames { mark }) = self.frames()? else {
            return Ok(None);
        };
        let start = self.offset;
        loop {
            self.fill(HEAD)?;
            let rest = self.rest();
            let beginning = rest.len().min(MARK);
            if rest.is_empty() {
                return self.passed_over(start);
            }
            if rest[..beginning] != mark[..beginning] {
                self.seek(mark);
                continue;
            }
            if rest.len() < HEAD {
                // It goes on, or it is torn.
                return self.passed_over(start);
            }
            if self.offset > start {
                // What was passed over is told before the record behind it is read.
                return self.passed_over(start);
            }
            let (length, claimed) = (word(rest, MARK), word(rest, MARK + 4));
            let bytes = u32::from_be_bytes(length) as usize;
            if bytes > MAX_RECORD {
                self.consume(1);
                self.seek(mark);
                continue;
            }
            self.fill(HEAD + bytes)?;
            let rest = self.rest();
            let Some(payload) = rest.get(HEAD..HEAD + bytes) else {
                // Either this is the last one, or its length is wrong: then there are others.
                if find(&rest[1..], mark).is_none() {
                    return Ok(None);
                }
                self.consume(1);
                self.seek(mark);
                continue;
            };
            if crc(length, payload) == u32::from_be_bytes(claimed) {
                let payload = Bytes::copy_from_slice(payload);
                self.consume(HEAD + bytes);
                return Ok(Some(payload));
            }
            self.consume(1);
            self.seek(mark);
        }
    }

    /// Where the next record begins: bytes since the beginning of the file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes at the end of what was read that are not a whole record. If nobody writes to the
    /// file any more, it is torn, and they are what is left of its last record.
    pub fn unread(&self) -> usize {
        self.rest().len()
    }

    /// The mark of the file, once its beginning was read: all segments that one
    /// [`Log`](crate::Log) has written have the same, and those of others have another.
    pub fn mark(&self) -> Option<[u8; 8]> {
        self.frames.map(|frames| frames.mark)
    }

    /// What it reads from.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    fn frames(&mut self) -> Result<Option<Frames>, ReadError> {
        if let Some(frames) = self.frames {
            return Ok(Some(frames));
        }
        self.fill(FILE_HEAD)?;
        let rest = self.rest();
        let beginning = rest.len().min(MAGIC.len());
        if rest[..beginning] != MAGIC[..beginning] {
            self.is_foreign = true;
            return Err(ReadError::NotALog);
        }
        if rest.len() < FILE_HEAD {
            return Ok(None);
        }
        let version = rest[MAGIC.len()];
        if version != FILE_VERSION {
            self.is_foreign = true;
            return Err(ReadError::FileVersion(version));
        }
        let mut mark = [0; MARK];
        mark.copy_from_slice(&rest[FILE_HEAD - MARK..FILE_HEAD]);
        self.consume(FILE_HEAD);
        self.frames = Some(Frames { mark });
        Ok(self.frames)
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    fn consume(&mut self, bytes: usize) {
        self.at += bytes;
        self.offset += bytes as u64;
    }

    /// Passes over what is not the mark, or the beginning of one at the end.
    fn seek(&mut self, mark: [u8; MARK]) {
        let rest = self.rest();
        let found = find(rest, mark).unwrap_or_else(|| {
            let may_begin = |bytes: &usize| rest.ends_with(&mark[..*bytes]);
            let begun = (1..MARK).rev().find(may_begin).unwrap_or(0);
            rest.len() - begun
        });
        self.consume(found);
    }

    fn passed_over(&self, start: u64) -> Result<Option<Bytes>, ReadError> {
        match self.offset - start {
            0 => Ok(None),
            bytes => Err(ReadError::Damaged {
                offset: start,
                bytes,
            }),
        }
    }

    /// Reads until there are so many bytes, or the end is there.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        if self.rest().len() >= wanted {
            return Ok(());
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        if wanted <= CHUNK && self.buffer.capacity() > 4 * CHUNK {
            // A large record is behind.
            self.buffer.shrink_to(CHUNK);
        }
        let missing = wanted.max(CHUNK) - self.buffer.len();
        let mut more = self.inner.by_ref().take(missing as u64);
        more.read_to_end(&mut self.buffer)?;
        Ok(())
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
}

fn word(bytes: &[u8], at: usize) -> [u8; 4] {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    word
}

fn find(bytes: &[u8], mark: [u8; MARK]) -> Option<usize> {
    bytes.windows(MARK).position(|window| window == mark)
}

#[cfg(test)]
mod tests;
