use proptest::prelude::*;

use super::*;
use crate::{error::RecordError, id::RecordId, payload::tests::record, record::Request};

const MARKED: [u8; MARK] = *b"\x91rMARK\xfe\x00";

fn written(records: &[Record]) -> Vec<u8> {
    let mut writer = Writer::with_mark(Vec::new(), MARKED).unwrap();
    for record in records {
        writer.write(record).unwrap();
    }
    writer.into_inner()
}

/// What is read of a file: the records, and the bytes that were passed over.
fn read(file: &[u8]) -> (Vec<Record>, Vec<(u64, u64)>) {
    let (mut records, mut damaged) = (Vec::new(), Vec::new());
    for read in Reader::new(file) {
        match read {
            Ok(record) => records.push(record),
            Err(ReadError::Damaged { offset, bytes }) => damaged.push((offset, bytes)),
            Err(error) => panic!("{error}"),
        }
    }
    (records, damaged)
}

fn records(count: u64) -> Vec<Record> {
    let record = |n| {
        let request = Request::new("GET", format!("/orders/{n}"));
        Record::new(RecordId::from_parts(n, 0), "orders", request)
    };
    (0..count).map(record).collect()
}

/// A file that gives its bytes in small pieces, and interrupts between them.
struct Pieces<'a>(&'a [u8], bool);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = self.0.len().min(buffer.len()).min(7);
        self.0.read(&mut buffer[..most])
    }
}

/// A file of which so many bytes are there.
struct Growing<'a>(&'a [u8], usize, &'a std::cell::Cell<usize>);
impl Read for Growing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&self.0[self.1..self.2.get()]).read(buffer)?;
        self.1 += read;
        Ok(read)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_file_is_read_as_it_was_written(all in prop::collection::vec(record(), 0..6)) {
        let file = written(&all);
        prop_assert_eq!(read(&file), (all.clone(), vec![]));
        let pieces: Result<Vec<_>, _> = Reader::new(Pieces(&file, false)).collect();
        prop_assert_eq!(pieces.unwrap(), all);
    }

    #[test]
    fn a_file_that_is_torn_loses_its_last_record(all in prop::collection::vec(record(), 1..4)) {
        let file = written(&all);
        let last = written(&all[..all.len() - 1]).len();
        for end in last..file.len() {
            let mut reader = Reader::new(&file[..end]);
            for record in &all[..all.len() - 1] {
                let read = reader.next_record().unwrap();
                prop_assert_eq!(read.as_ref(), Some(record));
            }
            prop_assert_eq!(reader.next_record().unwrap(), None);
            prop_assert_eq!(reader.unread(), end - last);
        }
    }

    #[test]
    fn a_flipped_bit_is_told_and_costs_one_record(
        all in prop::collection::vec(record(), 3..5), at in any::<prop::sample::Index>(), bit in 0..8,
    ) {
        let mut file = written(&all);
        // In the second record.
        let (start, end) = (written(&all[..1]).len(), written(&all[..2]).len());
        file[start + at.index(end - start)] ^= 1u8 << bit;
        let (read, damaged) = read(&file);
        prop_assert_eq!(damaged, vec![(start as u64, (end - start) as u64)]);
        prop_assert_eq!(&read[0], &all[0]);
        prop_assert_eq!(&read[1..], &all[2..]);
    }

    #[test]
    fn no_bytes_disturb_the_reader(file in prop::collection::vec(any::<u8>(), 0..400), is_log: bool) {
        let file = if is_log { [&written(&[])[..], &file].concat() } else { file };
        for read in Reader::new(&file[..]) {
            prop_assert!(!matches!(read, Err(ReadError::Io(_))));
        }
    }
}

#[test]
fn each_bit_of_a_head_that_is_flipped_is_told() {
    let all = records(4);
    let (start, end) = (written(&all[..1]).len(), written(&all[..2]).len());
    for bit in 0..8 * HEAD {
        let mut file = written(&all);
        file[start + bit / 8] ^= 1 << (bit % 8);
        let (read, damaged) = read(&file);
        assert_eq!(damaged, [(start as u64, (end - start) as u64)], "{bit}");
        assert_eq!(read.len(), 3, "{bit}");
    }
}

#[test]
fn a_damaged_last_record_is_told_unless_it_is_the_length_that_is_too_large() {
    let all = records(2);
    let start = written(&all[..1]).len();
    let file = written(&all);
    let mut damaged = file.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(
        read(&damaged).1,
        [(start as u64, (file.len() - start) as u64)]
    );
    // It looks like one that is torn.
    let mut longer = file.clone();
    longer[start + MARK + 3] += 1;
    let mut reader = Reader::new(&longer[..]);
    assert!(reader.next_record().unwrap().is_some());
    assert!(reader.next_record().unwrap().is_none());
    assert_eq!(reader.unread(), file.len() - start);
}

#[test]
fn a_body_that_is_a_file_of_its_own_does_not_pass_for_records() {
    let mut outer = records(2);
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.write(&records(1)[0]).unwrap();
    outer[0].request.body = Some(writer.into_inner().into());
    let mut file = written(&outer);
    file[FILE_HEAD + MARK] ^= 0x40;
    let (read, damaged) = read(&file);
    assert_eq!(read, outer[1..]);
    assert_eq!(damaged.len(), 1);
}

#[test]
fn a_file_that_grows_is_read_on() {
    let all = records(3);
    let file = written(&all);
    let grown = std::cell::Cell::new(0);
    let mut reader = Reader::new(Growing(&file, 0, &grown));
    let mut read = Vec::new();
    for end in 0..=file.len() {
        grown.set(end);
        while let Some(record) = reader.next_record().unwrap() {
            read.push(record);
            assert_eq!(reader.offset(), end as u64);
        }
    }
    assert_eq!(read, all);
}

#[test]
fn what_is_no_log_and_what_is_a_newer_one_is_told_once() {
    let mut reader = Reader::new(&b"{\"log\":1}"[..]);
    assert!(matches!(reader.next_record(), Err(ReadError::NotALog)));
    assert!(matches!(reader.next_record(), Ok(None)));
    let mut file = written(&records(1));
    file[MAGIC.len()] = 2;
    let mut reader = Reader::new(&file[..]);
    assert!(matches!(
        reader.next_record(),
        Err(ReadError::FileVersion(2))
    ));
    assert!(matches!(reader.next_record(), Ok(None)));
}

#[test]
fn a_record_of_a_newer_version_is_told_and_passed_over() {
    let all = records(2);
    let frames = Frames { mark: MARKED };
    let mut file = written(&[]);
    frames
        .append(&mut file, |out| out.extend_from_slice(b"\x02new"))
        .unwrap();
    frames
        .append(&mut file, |out| all[1].borrowed().encode_into(out))
        .unwrap();
    let mut reader = Reader::new(&file[..]);
    match reader.next_record().unwrap_err() {
        ReadError::Record { offset, error } => {
            assert_eq!((offset, error), (FILE_HEAD as u64, RecordError::Version(2)));
        }
        error => panic!("{error}"),
    }
    assert_eq!(reader.next_record().unwrap().as_ref(), Some(&all[1]));
}

#[test]
fn no_more_is_held_than_the_file_has() {
    let mut file = written(&records(1));
    let length = u32::try_from(MAX_RECORD).unwrap().to_be_bytes();
    file.extend_from_slice(&[&MARKED[..], &length, &[0; 4], &[7; 100]].concat());
    let mut reader = Reader::new(&file[..]);
    assert!(reader.next_record().unwrap().is_some());
    assert!(reader.next_record().unwrap().is_none());
    assert!(
        reader.buffer.capacity() <= 4 * CHUNK,
        "{}",
        reader.buffer.capacity()
    );
    // A length that no record has is damage at once.
    let mut file = written(&records(1));
    file.extend_from_slice(&[&MARKED[..], &[0xFF; 4], &[0; 4], &[7; 100]].concat());
    let (read, damaged) = read(&file);
    assert_eq!((read.len(), damaged.len()), (1, 1));
}

#[test]
fn a_record_that_is_too_large_is_not_written() {
    let mut record = records(1).remove(0);
    record.request.body = Some(vec![0; MAX_RECORD].into());
    let mut writer = Writer::with_mark(Vec::new(), MARKED).unwrap();
    assert!(matches!(
        writer.write(&record),
        Err(WriteError::TooLarge { .. })
    ));
    let all = records(2);
    writer.write(&all[0]).unwrap();
    assert_eq!(read(&writer.into_inner()).0, all[..1]);
}
