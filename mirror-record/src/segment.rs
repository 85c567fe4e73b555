//! The files of a log, by their names.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use crate::frame::Reader;

/// What a segment is called: its number, and this.
const SUFFIX: &str = ".mrec";

/// What is behind that if it is compressed.
const ZST: &str = ".zst";

/// Numbers have so many digits, so that names sort by them.
const DIGITS: usize = 12;

/// What a compressed file begins with (RFC 8878 section 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// A file of a log: a segment, as it was written or compressed. See [`segments`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub(crate) path: PathBuf,
    /// Without what says that it is compressed.
    name: String,
    pub(crate) is_compressed: bool,
    pub(crate) bytes: u64,
}

/// One that a [`Log`](crate::Log) has written, which gives them numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    pub(crate) segment: Segment,
}

/// All files of a log, for who reads one after another: the segments of a directory, by their names,
/// whatever comes before `.mrec`; or one file of any name.
///
/// One that is there compressed as well is there once. What a [`Directory`](crate::Directory) reads
/// besides, segments that come later, is not here.
///
/// ```no_run
/// for segment in mirror_record::segments("mirror-log")? {
///     for record in segment.open()? {
///         println!("{} {}", segment.name(), record?.id);
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// What reading the directory returns: there may be none.
pub fn segments(path: impl AsRef<Path>) -> io::Result<Vec<Segment>> {
    let path = path.as_ref();
    let metadata = fs::metadata(path)?;
    if !metadata.is_dir() {
        return Ok(vec![Segment::new(path.to_owned(), metadata.len())]);
    }
    let mut all = files(path)?;
    all.sort_unstable_by(|a, b| (&a.name, a.is_compressed).cmp(&(&b.name, b.is_compressed)));
    all.dedup_by(|later, first| later.name == first.name);
    Ok(all)
}

impl Segment {
    fn new(path: PathBuf, bytes: u64) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let plain = name.strip_suffix(ZST);
        Self {
            name: plain.unwrap_or(&name).to_owned(),
            is_compressed: plain.is_some(),
            path,
            bytes,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name, which stays the same if it is compressed later.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How much of the disk it took when it was looked for.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether nobody writes to it any more: its writer has begun another, or has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_compressed || File::open(&self.path).map_or(true, |file| is_closed(&file))
    }

    /// Its records, also if it was compressed meanwhile.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotFound`] if it was deleted, [`io::ErrorKind::Unsupported`] if it is
    /// compressed and the feature `zstd` is off, and what opening returns.
    pub fn open(&self) -> io::Result<Reader<Box<dyn Read + Send>>> {
        let source = match Source::open(self) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.is_compressed => {
                let mut path = self.path.clone().into_os_string();
                path.push(ZST);
                Source::open(&Self::new(path.into(), 0))?
            }
            source => source?,
        };
        let source: Box<dyn Read + Send> = match source {
            Source::Plain(file) => Box::new(file),
            #[cfg(feature = "zstd")]
            Source::Compressed(decoder) => Box::new(decoder),
        };
        Ok(Reader::new(source))
    }
}

/// The path of a segment.
pub(crate) fn path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:0DIGITS$}{SUFFIX}"))
}

/// The path of a segment that is compressed.
#[cfg(feature = "zstd")]
pub(crate) fn compressed_path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:0DIGITS$}{SUFFIX}{ZST}"))
}

/// The path of one that is being compressed.
#[cfg(feature = "zstd")]
pub(crate) fn unfinished_path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!(".{number:0DIGITS$}{SUFFIX}{ZST}"))
}

/// The number that a [`Log`](crate::Log) has given; `None` if somebody else has named it.
fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let is_number = digits.len() >= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// All segments that logs have written to a directory, by their numbers. One that is there compressed
/// as well is there once, as it was written.
pub(crate) fn list(directory: &Path) -> io::Result<Vec<Numbered>> {
    let mut all = list_all(directory)?;
    all.dedup_by_key(|numbered| numbered.number);
    Ok(all)
}

/// The same with both files of a segment that was compressed and is still there.
pub(crate) fn list_all(directory: &Path) -> io::Result<Vec<Numbered>> {
    let numbered = |segment: Segment| {
        let number = number(&segment.name)?;
        Some(Numbered { number, segment })
    };
    let mut all: Vec<_> = files(directory)?.into_iter().filter_map(numbered).collect();
    all.sort_unstable_by_key(|numbered| (numbered.number, numbered.segment.is_compressed));
    Ok(all)
}

/// All that are called as segments are, in no order.
fn files(directory: &Path) -> io::Result<Vec<Segment>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        // It may be gone meanwhile.
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        let segment = Segment::new(path, metadata.len());
        let is_hidden = segment.name.starts_with('.');
        if metadata.is_file() && segment.name.ends_with(SUFFIX) && !is_hidden {
            all.push(segment);
        }
    }
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
        if segment.is_compressed || begins_compressed(&segment.path)? {
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

/// A file of any name may be compressed.
fn begins_compressed(path: &Path) -> io::Result<bool> {
    let mut beginning = Vec::with_capacity(ZSTD_MAGIC.len());
    let mut file = File::open(path)?.take(ZSTD_MAGIC.len() as u64);
    file.read_to_end(&mut beginning)?;
    Ok(beginning == ZSTD_MAGIC)
}

#[cfg(feature = "zstd")]
fn decoder(file: BufReader<File>) -> io::Result<Source> {
    Ok(Source::Compressed(Box::new(
        zstd::stream::read::Decoder::with_buffer(file)?,
    )))
}

#[cfg(not(feature = "zstd"))]
fn decoder(_: BufReader<File>) -> io::Result<Source> {
    let message = "it is compressed, and this program was built without the feature `zstd` of `mirror-record`";
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
        assert_eq!(number(&name(42)), Some(42));
        // After thirty thousand years of one each second.
        assert_eq!(number(&name(10_u64.pow(12))), Some(10_u64.pow(12)));
        for other in [
            "42.mrec",
            "00000000004x.mrec",
            "+00000000042.mrec",
            "000000000042.mrec.gz",
            ".000000000042.mrec",
            "99999999999999999999999.mrec",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn all_files_of_a_log_are_there_once_in_order() {
        let directory =
            std::env::temp_dir().join(format!("mirror-segments-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(directory.join("folder.mrec")).unwrap();
        for name in [
            "b.mrec",
            "a.mrec.zst",
            "b.mrec.zst",
            "000000000007.mrec",
            ".c.mrec.zst",
            "notes.txt",
            "d.zst",
        ] {
            fs::write(directory.join(name), name).unwrap();
        }
        let found = segments(&directory).unwrap();
        let names: Vec<_> = found.iter().map(Segment::name).collect();
        assert_eq!(names, ["000000000007.mrec", "a.mrec", "b.mrec"]);
        assert!(found[1].path().ends_with("a.mrec.zst"));
        assert_eq!((found[2].bytes(), found[2].is_compressed), (6, false));
        let numbers: Vec<_> = list(&directory)
            .unwrap()
            .iter()
            .map(|it| it.number)
            .collect();
        assert_eq!(numbers, [7]);
        let one = segments(directory.join("notes.txt")).unwrap();
        assert_eq!((one.len(), one[0].name()), (1, "notes.txt"));
        assert!(segments(directory.join("none")).is_err());
        fs::remove_dir_all(&directory).unwrap();
        let error = found[0].open().map(drop).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
