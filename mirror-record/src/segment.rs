//! The files of a log, by their names.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

/// What a segment is called: its number, and this.
const SUFFIX: &str = ".mrec";

/// A segment that was compressed.
const COMPRESSED: &str = ".mrec.zst";

/// Numbers have so many digits, so that names sort by them.
const DIGITS: usize = 12;

/// A segment that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) is_compressed: bool,
    pub(crate) bytes: u64,
}

/// The path of a segment.
pub(crate) fn path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:0DIGITS$}{SUFFIX}"))
}

/// The path of a segment that is compressed.
#[cfg(feature = "zstd")]
pub(crate) fn compressed_path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:0DIGITS$}{COMPRESSED}"))
}

/// The path of one that is being compressed.
#[cfg(feature = "zstd")]
pub(crate) fn unfinished_path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!(".{number:0DIGITS$}{COMPRESSED}"))
}

/// The number and the kind of a file; `None` if it is no segment.
fn parse(name: &str) -> Option<(u64, bool)> {
    let (digits, is_compressed) = match name.strip_suffix(COMPRESSED) {
        Some(digits) => (digits, true),
        None => (name.strip_suffix(SUFFIX)?, false),
    };
    let is_number = digits.len() >= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| is_number)?;
    Some((number, is_compressed))
}

/// All segments of a directory, by their numbers. One that is there compressed as well is there
/// once, as it was written.
pub(crate) fn list(directory: &Path) -> io::Result<Vec<Segment>> {
    let mut all = list_all(directory)?;
    all.dedup_by_key(|segment| segment.number);
    Ok(all)
}

/// The same with both files of a segment that was compressed and is still there.
pub(crate) fn list_all(directory: &Path) -> io::Result<Vec<Segment>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some((number, is_compressed)) = name.to_str().and_then(parse) else {
            continue;
        };
        // It may be gone meanwhile.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        all.push(Segment {
            number,
            path: entry.path(),
            is_compressed,
            bytes: metadata.len(),
        });
    }
    all.sort_unstable_by_key(|segment| (segment.number, segment.is_compressed));
    Ok(all)
}

/// Whether nobody writes to a segment any more: its writer has closed it, or has ended.
pub(crate) fn is_closed(file: &File) -> bool {
    match file.try_lock_shared() {
        Ok(()) => {
            // Who deletes segments asks as well.
            let _ = file.unlock();
            true
        }
        Err(TryLockError::WouldBlock) => false,
        // Where there are no locks, files are read as they are.
        Err(TryLockError::Error(_)) => true,
    }
}

/// What a segment is read from.
#[derive(Debug)]
pub(crate) enum Source {
    Plain(File),
    #[cfg(feature = "zstd")]
    Compressed(Box<dyn ReadCompressed>),
}

/// A decoder, of whatever type.
#[cfg(feature = "zstd")]
pub(crate) trait ReadCompressed: Read + Send {}

#[cfg(feature = "zstd")]
impl<R: Read + Send> ReadCompressed for R {}

#[cfg(feature = "zstd")]
impl std::fmt::Debug for dyn ReadCompressed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadCompressed").finish_non_exhaustive()
    }
}

impl Source {
    pub(crate) fn open(segment: &Segment) -> io::Result<Self> {
        let file = File::open(&segment.path)?;
        if segment.is_compressed {
            decoder(BufReader::new(file))
        } else {
            Ok(Self::Plain(file))
        }
    }

    /// Whether it does not grow any more.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Plain(file) => is_closed(file),
            #[cfg(feature = "zstd")]
            Self::Compressed(_) => true,
        }
    }
}

#[cfg(feature = "zstd")]
fn decoder(file: BufReader<File>) -> io::Result<Source> {
    Ok(Source::Compressed(Box::new(
        zstd::stream::read::Decoder::with_buffer(file)?,
    )))
}

#[cfg(not(feature = "zstd"))]
fn decoder(_: BufReader<File>) -> io::Result<Source> {
    let message =
        "the segment is compressed: it is read with the feature `zstd` of `mirror-record`";
    Err(io::Error::new(io::ErrorKind::Unsupported, message))
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(buffer),
            #[cfg(feature = "zstd")]
            Self::Compressed(decoder) => decoder.read(buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_their_numbers() {
        let name = |number| {
            path_of(Path::new(""), number)
                .into_os_string()
                .into_string()
                .unwrap()
        };
        assert_eq!(name(42), "000000000042.mrec");
        assert_eq!(parse(&name(42)), Some((42, false)));
        assert_eq!(parse("000000000042.mrec.zst"), Some((42, true)));
        // After thirty thousand years of one each second.
        assert_eq!(parse(&name(10_u64.pow(12))), Some((10_u64.pow(12), false)));
        for other in [
            "42.mrec",
            "00000000004x.mrec",
            "+00000000042.mrec",
            "000000000042.mrec.gz",
            ".000000000042.mrec.zst",
            "99999999999999999999999.mrec",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
