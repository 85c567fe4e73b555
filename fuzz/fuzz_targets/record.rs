//! Files of records, as anybody may have left them: reading ends, holds no more than there is, and
//! what is read can be written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mirror_record::{ReadError, Reader, Record, Writer};

/// As many times what a file has may be read of it: a field of two bytes becomes two slices.
const GROWTH: usize = 64;

fuzz_target!(|file: &[u8]| {
    // As one payload.
    if let Ok(record) = Record::decode(file) {
        check(&record, file.len());
    }
    // As a file, and as one whose head is right, or hardly anything gets behind it.
    read(file);
    let mut whole = Writer::with_mark(Vec::new(), *b"\x91fixture")
        .unwrap()
        .into_inner();
    whole.extend_from_slice(file);
    read(&whole);
    // A payload in a file: with a CRC that is right, which nobody guesses.
    let mut framed = Writer::with_mark(Vec::new(), *b"\x91fixture")
        .unwrap()
        .into_inner();
    let length = u32::try_from(file.len()).unwrap().to_be_bytes();
    let crc = crc32fast::hash(&[&length[..], file].concat());
    framed.extend_from_slice(b"\x91fixture");
    framed.extend_from_slice(&length);
    framed.extend_from_slice(&crc.to_be_bytes());
    framed.extend_from_slice(file);
    let mut reader = Reader::new(&framed[..]);
    match (reader.next_record(), Record::decode(file)) {
        (Ok(Some(read)), Ok(record)) => assert_eq!(read, record),
        (Err(ReadError::Record { error, .. }), Err(expected)) => assert_eq!(error, expected),
        (read, decoded) => panic!("{read:?} is not {decoded:?}"),
    }
    assert!(reader.next_record().unwrap().is_none());
});

fn read(file: &[u8]) {
    let mut reader = Reader::new(file);
    let (mut passed_over, mut bytes) = (0, 0);
    loop {
        let before = reader.offset();
        match reader.next_record() {
            Ok(Some(record)) => bytes += check(&record, file.len()),
            Ok(None) => break,
            Err(ReadError::Damaged { bytes, .. }) => passed_over += bytes,
            Err(ReadError::Record { .. }) => {}
            Err(ReadError::NotALog | ReadError::FileVersion(_)) => continue,
            Err(error) => panic!("{error}"),
        }
        assert!(reader.offset() > before, "it stands still");
    }
    assert!(passed_over <= file.len() as u64);
    assert!(bytes <= GROWTH * file.len(), "{bytes} of {}", file.len());
    assert!(reader.unread() <= file.len());
}

/// What a record holds.
fn check(record: &Record, file: usize) -> usize {
    let written = record.encode();
    let read = Record::decode(&written).unwrap();
    assert_eq!(&read, record);
    assert!(record.shard(16) < 16 && record.shard(0) == 0);
    assert_eq!(record.id.to_string().parse(), Ok(record.id));
    assert!(record.body_bytes() <= file);
    // It is shown without what was recorded.
    assert!(format!("{record:?}").len() <= 1000 + 10 * file);
    let response = record.response.as_ref();
    let fields = record.request.headers.len() + record.request.trailers.len();
    let of_response = response.map_or(0, |all| all.headers.len() + all.trailers.len());
    record.body_bytes() + 64 * (fields + of_response)
}
