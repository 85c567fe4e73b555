use std::{
    env,
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicU64, Ordering},
};

use super::*;
use crate::{
    directory::{Directory, Position},
    error::ReadError,
    id::RecordId,
    record::Request,
};

/// A directory that is not there yet, and goes away with its test.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("mirror-record-{}-{number}", std::process::id());
        Self(env::temp_dir().join(name))
    }

    fn path(&self) -> PathBuf {
        self.0.join("log")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).into_iter().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    fn bytes(&self) -> u64 {
        list_all(&self.path())
            .unwrap()
            .iter()
            .map(|it| it.segment.bytes)
            .sum()
    }

    /// The targets of all that can be read.
    fn read(&self) -> Vec<u32> {
        read(&mut Directory::open(self.path()).unwrap())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn read(directory: &mut Directory) -> Vec<u32> {
    let mut read = Vec::new();
    while let Some(entry) = directory.next_record().unwrap() {
        let target = std::str::from_utf8(&entry.record.request.target).unwrap();
        read.push(target[1..].parse().unwrap());
    }
    read
}

fn record(number: u32, bytes: usize) -> Record {
    let mut request = Request::new("POST", format!("/{number}"));
    request.body = Some(vec![b'x'; bytes].into());
    Record::new(RecordId::generate(), "orders", request)
}

fn small() -> LogOptions {
    LogOptions::default()
        .with_segment_bytes(MIN_SEGMENT_BYTES)
        .with_total_bytes(1 << 20)
}

/// Writes records of a kilobyte.
fn write(log: &mut Log, numbers: std::ops::Range<u32>) {
    for number in numbers {
        log.append(&record(number, 1000)).unwrap();
        assert!(log.settle().unwrap());
    }
}

#[test]
fn records_are_read_in_order_over_all_segments() {
    let temporary = Temporary::new();
    let mut log = Log::open(temporary.path(), small()).unwrap();
    write(&mut log, 0..100);
    assert_eq!(temporary.read(), (0..100).collect::<Vec<_>>());
    let names = temporary.names();
    assert!(names.len() > 5, "{names:?}");
    assert_eq!(names[0], "000000000001.mrec");
    for segment in list(&temporary.path()).unwrap() {
        assert!(segment.segment.bytes <= MIN_SEGMENT_BYTES, "{segment:?}");
    }
    // Many that are written at once as well.
    for number in 100..200 {
        log.append(&record(number, 1000)).unwrap();
    }
    assert!(log.settle().unwrap());
    assert_eq!(temporary.read(), (0..200).collect::<Vec<_>>());
}

#[test]
fn nobody_else_may_read_them() {
    let temporary = Temporary::new();
    let mut log = Log::open(temporary.path(), small()).unwrap();
    write(&mut log, 0..1);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(temporary.path()), 0o700);
    assert_eq!(mode(temporary.path().join("000000000001.mrec")), 0o600);
}

#[test]
fn the_oldest_segments_go_first() {
    let temporary = Temporary::new();
    let options = small().with_total_bytes(4 * MIN_SEGMENT_BYTES);
    let mut log = Log::open(temporary.path(), options).unwrap();
    for number in 0..200 {
        write(&mut log, number..number + 1);
        assert!(temporary.bytes() <= 4 * MIN_SEGMENT_BYTES);
    }
    let read = temporary.read();
    assert_eq!(read.last(), Some(&199));
    assert_eq!(read, (read[0]..200).collect::<Vec<_>>());
    assert!(read.len() >= 40 && read.len() < 64, "{}", read.len());
}

#[test]
fn a_segment_is_closed_when_it_is_old() {
    let temporary = Temporary::new();
    let options = small().with_segment_age(Duration::ZERO);
    let mut log = Log::open(temporary.path(), options).unwrap();
    write(&mut log, 0..3);
    assert_eq!(temporary.names().len(), 3);
    assert_eq!(log.wait(), None);
    let options = small().with_segment_age(Duration::from_hours(1));
    let mut log = Log::open(temporary.path(), options).unwrap();
    write(&mut log, 3..6);
    assert_eq!(temporary.names().len(), 4);
    assert!(
        log.wait()
            .is_some_and(|wait| wait <= Duration::from_hours(1))
    );
    assert_eq!(temporary.read(), (0..6).collect::<Vec<_>>());
}

#[test]
fn a_record_is_durable_when_the_policy_says_so() {
    let policies = [
        (SyncPolicy::Never, [true; 4]),
        (SyncPolicy::Each, [true; 4]),
        (
            SyncPolicy::Every {
                records: 3,
                interval: Duration::from_hours(1),
            },
            [false, false, true, false],
        ),
        (
            SyncPolicy::Every {
                records: 100,
                interval: Duration::ZERO,
            },
            [true; 4],
        ),
    ];
    for (policy, expected) in policies {
        let temporary = Temporary::new();
        let mut log = Log::open(temporary.path(), small().with_sync(policy)).unwrap();
        let settled = [0, 1, 2, 3].map(|number| {
            log.append(&record(number, 1)).unwrap();
            log.settle().unwrap()
        });
        assert_eq!(settled, expected, "{policy:?}");
        // What waits is written.
        assert_eq!(temporary.read(), [0, 1, 2, 3]);
        let wait = log.wait().unwrap();
        assert!(wait > Duration::from_mins(50), "{wait:?}");
        log.close().unwrap();
        assert!(log.settle().unwrap());
    }
}

#[test]
fn nothing_is_appended_to_what_another_has_left() {
    let temporary = Temporary::new();
    let mut log = Log::open(temporary.path(), small()).unwrap();
    write(&mut log, 0..3);
    drop(log);
    // It ended in the middle of a record.
    let first = path_of(&temporary.path(), 1);
    let whole = fs::read(&first).unwrap();
    fs::write(&first, &whole[..whole.len() - 10]).unwrap();
    let mut log = Log::open(temporary.path(), small()).unwrap();
    write(&mut log, 3..5);
    assert_eq!(
        temporary.names(),
        ["000000000001.mrec", "000000000002.mrec"]
    );
    let mut directory = Directory::open(temporary.path()).unwrap();
    assert_eq!(read(&mut directory), [0, 1, 3, 4]);
    assert_eq!(directory.torn(), 1);
}

#[test]
fn a_log_is_read_while_it_is_written() {
    let temporary = Temporary::new();
    let mut log = Log::open(temporary.path(), small()).unwrap();
    let mut directory = Directory::open(temporary.path()).unwrap();
    for number in 0..100 {
        write(&mut log, number..number + 1);
        assert_eq!(read(&mut directory), [number]);
    }
    assert_eq!((directory.torn(), read(&mut directory)), (0, vec![]));
    // Half a record is neither read nor torn.
    let current = log.current.as_mut().unwrap();
    let mut half = Vec::new();
    log.frames
        .append(&mut half, |out| record(100, 10).borrowed().encode_into(out))
        .unwrap();
    current.file.write_all(&half[..20]).unwrap();
    assert_eq!((read(&mut directory), directory.torn()), (vec![], 0));
    current.file.write_all(&half[20..]).unwrap();
    assert_eq!(read(&mut directory), [100]);
}

#[test]
fn a_segment_that_is_empty_yet_is_read_later() {
    let temporary = Temporary::new();
    let mut log = Log::open(temporary.path(), small()).unwrap();
    write(&mut log, 0..1);
    let mut directory = Directory::open(temporary.path()).unwrap();
    let second = path_of(&temporary.path(), 2);
    fs::write(&second, "").unwrap();
    assert_eq!(read(&mut directory), [0]);
    assert_eq!(read(&mut directory), []);
    let mut late = log.frames.head().to_vec();
    log.frames
        .append(&mut late, |out| record(1, 10).borrowed().encode_into(out))
        .unwrap();
    fs::write(&second, late).unwrap();
    assert_eq!(read(&mut directory), [1]);
}

#[test]
fn two_logs_share_a_directory() {
    let temporary = Temporary::new();
    let options = small().with_total_bytes(6 * MIN_SEGMENT_BYTES);
    let mut logs = [(); 2].map(|()| Log::open(temporary.path(), options).unwrap());
    let mut directory = Directory::open(temporary.path()).unwrap();
    let mut seen = Vec::new();
    for number in 0..300 {
        let log = &mut logs[number as usize % 2];
        // One of them writes little, and its segment is soon the oldest.
        let bytes = if number % 2 == 0 { 1000 } else { 1 };
        log.append(&record(number, bytes)).unwrap();
        log.settle().unwrap();
        seen.extend(read(&mut directory));
    }
    assert_eq!(seen, (0..300).collect::<Vec<_>>());
    // A segment that somebody writes to is not deleted.
    let odd = (0..300).filter(|number| number % 2 == 1);
    let left = temporary.read();
    assert!(
        odd.into_iter().all(|number| left.contains(&number)),
        "{left:?}"
    );
    assert!(!left.contains(&0));
    assert!(temporary.bytes() <= 7 * MIN_SEGMENT_BYTES);
}

#[test]
fn a_directory_that_is_deleted_is_made_anew() {
    let temporary = Temporary::new();
    let mut log = Log::open(temporary.path(), small()).unwrap();
    let mut directory = Directory::open(temporary.path()).unwrap();
    write(&mut log, 0..3);
    fs::remove_dir_all(temporary.path()).unwrap();
    // What was written and not read is gone; what comes is there.
    write(&mut log, 3..5);
    assert_eq!(temporary.read(), [3, 4]);
    fs::remove_file(path_of(&temporary.path(), 2)).unwrap();
    write(&mut log, 5..6);
    assert_eq!(temporary.read(), [5]);
    assert_eq!(read(&mut directory), [5]);
}

#[test]
fn a_record_that_is_larger_than_a_segment_is_refused_alone() {
    let temporary = Temporary::new();
    let mut log = Log::open(temporary.path(), small()).unwrap();
    log.append(&record(0, 10)).unwrap();
    let error = log.append(&record(1, 20_000)).unwrap_err();
    assert!(
        matches!(error, WriteError::TooLarge { max: 16_352, .. }),
        "{error}"
    );
    log.append(&record(2, 10)).unwrap();
    assert!(log.settle().unwrap());
    assert_eq!(temporary.read(), [0, 2]);
    // One that just fits has a segment of its own.
    let heads = record(3, 0).encode().len();
    log.append(&record(3, 16_352 - heads - 4)).unwrap();
    log.append(&record(4, 10)).unwrap();
    assert!(log.settle().unwrap());
    assert_eq!(temporary.read(), [0, 2, 3, 4]);
}

#[test]
fn options_that_cannot_be_met_are_refused() {
    let temporary = Temporary::new();
    let refused = |options: LogOptions| {
        let error = Log::open(temporary.path(), options).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        error.to_string()
    };
    assert_eq!(
        refused(LogOptions::default().with_segment_bytes(100)),
        "a segment of 100 bytes is too small: it has at least 16384"
    );
    assert_eq!(
        refused(LogOptions::default().with_total_bytes(100 << 20)),
        "104857600 bytes for all segments are too few: there must be room for 2, which are 134217728"
    );
    // A file is no directory.
    fs::create_dir_all(&temporary.0).unwrap();
    fs::write(temporary.path(), "").unwrap();
    assert!(Log::open(temporary.path(), small()).is_err());
}

#[test]
fn a_log_is_read_on_from_a_place() {
    let temporary = Temporary::new();
    let mut log = Log::open(temporary.path(), small()).unwrap();
    write(&mut log, 0..50);
    let entries: Vec<_> = Directory::open(temporary.path())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (place, entry) in entries.iter().enumerate() {
        let mut rest = Directory::open_at(temporary.path(), entry.next).unwrap();
        let first = u32::try_from(place).unwrap() + 1;
        assert_eq!(read(&mut rest), (first..50).collect::<Vec<_>>());
    }
    let gone = Position {
        segment: 2,
        offset: 100,
    };
    fs::remove_file(path_of(&temporary.path(), 2)).unwrap();
    let mut rest = Directory::open_at(temporary.path(), gone).unwrap();
    assert_eq!(read(&mut rest).last(), Some(&49));
    assert!(Directory::open(temporary.0.join("none")).is_err());
}

#[test]
fn what_is_no_log_is_told_and_passed_over() {
    let temporary = Temporary::new();
    let mut log = Log::open(temporary.path(), small()).unwrap();
    write(&mut log, 0..1);
    drop(log);
    fs::write(path_of(&temporary.path(), 0), "something else").unwrap();
    fs::write(temporary.path().join("notes.txt"), "").unwrap();
    let mut directory = Directory::open(temporary.path()).unwrap();
    assert!(matches!(directory.next_record(), Err(ReadError::NotALog)));
    assert_eq!(read(&mut directory), [0]);
}

#[test]
fn what_was_half_written_is_taken_back() {
    let temporary = Temporary::new();
    let mut log = Log::open(temporary.path(), small()).unwrap();
    write(&mut log, 0..2);
    log.current
        .as_mut()
        .unwrap()
        .file
        .write_all(b"half a record")
        .unwrap();
    log.abandon();
    write(&mut log, 2..3);
    let mut directory = Directory::open(temporary.path()).unwrap();
    assert_eq!(read(&mut directory), [0, 1, 2]);
    assert_eq!((directory.torn(), temporary.names().len()), (0, 2));
    // A segment without records is no segment.
    let head = log.begin().unwrap();
    assert_eq!(temporary.names().len(), 3);
    head.end();
    assert_eq!(temporary.names().len(), 2);
}

#[cfg(feature = "zstd")]
mod compressed {
    use super::*;
    use crate::segment::segments;

    fn compressing() -> LogOptions {
        small().with_compression(true)
    }

    #[test]
    fn segments_are_compressed_when_they_are_closed() {
        let temporary = Temporary::new();
        let mut log = Log::open(temporary.path(), compressing()).unwrap();
        let mut directory = Directory::open(temporary.path()).unwrap();
        let mut seen = Vec::new();
        for number in 0..100 {
            write(&mut log, number..number + 1);
            seen.extend(read(&mut directory));
        }
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
        let path = temporary.path();
        log.packing.finish();
        let names = temporary.names();
        assert_eq!(names[0], "000000000001.mrec.zst");
        let (last, closed) = names.split_last().unwrap();
        assert!(
            closed.iter().all(|name| name.ends_with(".mrec.zst")),
            "{names:?}"
        );
        assert!(!last.contains("zst"), "{names:?}");
        assert_eq!(temporary.read(), (0..100).collect::<Vec<_>>());
        let mode = fs::metadata(path.join(&names[0]))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o600);
        assert!(
            temporary.bytes() < 2 * MIN_SEGMENT_BYTES,
            "{}",
            temporary.bytes()
        );
        // A place stays the same.
        let places: Vec<_> = Directory::open(&path)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let mut rest = Directory::open_at(&path, places[20].next).unwrap();
        assert_eq!(read(&mut rest)[0], 21);
    }

    #[test]
    fn what_another_process_has_left_is_finished() {
        let temporary = Temporary::new();
        let path = temporary.path();
        let mut log = Log::open(&path, small()).unwrap();
        write(&mut log, 0..30);
        drop(log);
        // It had compressed one, and not deleted it yet; and it had begun with another.
        pack_and_keep(&path, 1);
        fs::write(path.join(".000000000002.mrec.zst"), "half").unwrap();
        assert_eq!(temporary.read(), (0..30).collect::<Vec<_>>());
        let log = Log::open(&path, compressing()).unwrap();
        log.packing.finish();
        let names = temporary.names();
        assert!(
            names.iter().all(|name| name.ends_with(".mrec.zst")),
            "{names:?}"
        );
        assert!(names.iter().all(|name| !name.starts_with('.')), "{names:?}");
        assert_eq!(temporary.read(), (0..30).collect::<Vec<_>>());
    }

    #[test]
    fn a_segment_that_is_compressed_after_it_was_looked_for_is_read() {
        let temporary = Temporary::new();
        let path = temporary.path();
        let mut log = Log::open(&path, small()).unwrap();
        write(&mut log, 0..50);
        drop(log);
        let found = segments(&path).unwrap();
        assert!(found.len() > 2);
        super::super::packing::pack(&path, 1).unwrap();
        // And one that has another name.
        fs::rename(path.join("000000000001.mrec.zst"), path.join("any")).unwrap();
        super::super::packing::pack(&path, 2).unwrap();
        let count = |segment: &Segment| segment.open().unwrap().map(Result::unwrap).count();
        let any = segments(path.join("any")).unwrap();
        let records = count(&any[0]) + found[1..].iter().map(count).sum::<usize>();
        assert_eq!(records, 50);
        assert_eq!(segments(&path).unwrap()[0].name(), found[1].name());
    }

    fn pack_and_keep(path: &Path, number: u64) {
        let plain = path_of(path, number);
        let bytes = fs::read(&plain).unwrap();
        super::super::packing::pack(path, number).unwrap();
        fs::write(plain, bytes).unwrap();
    }
}
