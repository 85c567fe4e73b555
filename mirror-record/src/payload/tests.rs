use proptest::prelude::*;

use super::*;

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

fn fields() -> impl Strategy<Value = Fields> {
    prop::collection::vec((bytes(), bytes()), 0..4)
}

fn places() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(".{0,8}", 0..3)
}

fn request() -> impl Strategy<Value = Request> {
    let all = (
        ".{0,8}",
        bytes(),
        fields(),
        prop::option::of(bytes()),
        fields(),
        places(),
    );
    all.prop_map(
        |(method, target, headers, body, trailers, redacted)| Request {
            method,
            target,
            headers,
            body,
            trailers,
            redacted,
        },
    )
}

fn response() -> impl Strategy<Value = Response> {
    let all = (
        any::<u16>(),
        fields(),
        prop::option::of(bytes()),
        fields(),
        places(),
        any::<u64>(),
    );
    all.prop_map(
        |(status, headers, body, trailers, redacted, latency_us)| Response {
            status,
            headers,
            body,
            trailers,
            redacted,
            latency_us,
        },
    )
}

/// Any record at all.
pub(crate) fn record() -> impl Strategy<Value = Record> {
    let time = || prop::option::of(any::<u64>());
    let about = (
        any::<[u8; 16]>(),
        ".{0,12}",
        prop::option::of(".{0,12}"),
        any::<u64>(),
    );
    let rest = (
        0_usize..4,
        0.0..=100.0,
        prop::option::of(any::<[u8; 16]>()),
        any::<(u32, u64)>(),
    );
    let messages = (request(), prop::option::of(response()));
    (about, (time(), time(), time()), rest, messages).prop_map(|(about, times, rest, messages)| {
        let mut record = Record::new(RecordId::from_bytes(about.0), about.1, messages.0);
        record.build = about.2;
        record.arrived_ns = about.3;
        (
            record.handler_start_us,
            record.first_byte_us,
            record.last_byte_us,
        ) = times;
        record.outcome = Outcome::ALL[rest.0];
        record.share = rest.1;
        record.session = rest.2.map(SessionHash);
        (record.redaction_version, record.rules_version) = rest.3;
        record.response = messages.1;
        record
    })
}

fn small() -> Record {
    Record::new(
        RecordId::from_parts(1, 2),
        "orders",
        Request::new("GET", "/"),
    )
}

proptest! {
    #[test]
    fn a_record_is_read_as_it_was_written(record in record()) {
        let payload = record.encode();
        prop_assert_eq!(Record::decode(&payload), Ok(record));
    }

    #[test]
    fn a_borrowed_record_is_the_same_and_finds_room_at_once(record in record()) {
        let borrowed = record.borrowed();
        prop_assert!(borrowed.size_hint() >= record.encode().len());
        prop_assert_eq!(borrowed.shard(7), record.shard(7));
        prop_assert_eq!(borrowed.to_owned(), record);
    }

    #[test]
    fn no_bytes_disturb_the_reader(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Record::decode(&payload);
        let _ = Record::decode(&[&[FORMAT_VERSION], &payload[..]].concat());
    }

    #[test]
    fn a_record_with_a_changed_byte_is_read_or_refused(
        record in record(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut payload = record.encode().to_vec();
        let at = at.index(payload.len());
        payload[at] = byte;
        if let Ok(read) = Record::decode(&payload) {
            prop_assert_eq!(Record::decode(&read.encode()), Ok(read));
        }
    }

    #[test]
    fn a_record_that_ends_too_early_is_refused(record in record(), end in any::<prop::sample::Index>()) {
        let payload = record.encode();
        let request_ends = {
            let mut without = record.clone();
            without.response = None;
            without.encode().len()
        };
        let end = end.index(payload.len());
        // A response may be missing.
        prop_assert_eq!(Record::decode(&payload[..end]).is_ok(), end == request_ends && end < payload.len());
    }

    #[test]
    fn numbers_are_read_as_they_were_written(number in any::<u64>()) {
        let mut bytes = Vec::new();
        varint(&mut bytes, number);
        prop_assert_eq!(super::number(bytes.into(), "it"), Ok(number));
    }
}

#[test]
fn fields_of_a_newer_program_are_passed_over() {
    let mut payload = small().encode().to_vec();
    field(&mut payload, 200, b"something new");
    field(&mut payload, 0, b"");
    assert_eq!(Record::decode(&payload), Ok(small()));

    // In a request as well: it is the last field here.
    let mut inner = Vec::new();
    small().request.borrowed().encode_into(&mut inner);
    field(&mut inner, 99, b"something new");
    field(&mut payload, tag::REQUEST, &inner);
    assert_eq!(Record::decode(&payload), Ok(small()));
}

#[test]
fn another_version_is_refused_by_its_number() {
    for version in [0, FORMAT_VERSION + 1, 255] {
        let mut payload = small().encode().to_vec();
        payload[0] = version;
        let error = Record::decode(&payload).unwrap_err();
        assert_eq!(error, RecordError::Version(version));
    }
    let error = RecordError::Version(9).to_string();
    assert_eq!(
        error,
        "version 9 of the format is not known: this program reads up to 1"
    );
}

#[test]
fn what_each_record_has_must_be_there() {
    let mut payload = vec![FORMAT_VERSION];
    for (tag, value, missing) in [
        (tag::ID, &[0; 16][..], "id"),
        (tag::MIRROR, b"orders", "mirror"),
        (tag::ARRIVED, &[0], "arrival"),
        (tag::OUTCOME, &[0], "outcome"),
    ] {
        assert_eq!(Record::decode(&payload), Err(RecordError::Missing(missing)));
        field(&mut payload, tag, value);
    }
    assert_eq!(
        Record::decode(&payload),
        Err(RecordError::Missing("request"))
    );
    field(&mut payload, tag::REQUEST, &[message::METHOD, 0]);
    assert_eq!(
        Record::decode(&payload),
        Err(RecordError::Missing("target"))
    );
}

#[test]
fn values_that_cannot_be_are_refused() {
    let with = |tag, value: &[u8]| {
        let mut payload = small().encode().to_vec();
        field(&mut payload, tag, value);
        Record::decode(&payload).map(|_| ())
    };
    let refused = |what| Err(RecordError::Value(what));
    assert_eq!(with(tag::OUTCOME, &[4]), refused("the outcome"));
    assert_eq!(with(tag::ID, &[0; 15]), refused("the id"));
    assert_eq!(with(tag::MIRROR, b"\xff"), refused("the mirror"));
    assert_eq!(
        with(tag::SHARE, &f64::NAN.to_be_bytes()),
        refused("the share")
    );
    assert_eq!(
        with(tag::SHARE, &100.5_f64.to_be_bytes()),
        refused("the share")
    );
    assert_eq!(with(tag::ARRIVED, &[1, 1]), refused("the arrival"));
    // Of more than 64 bits.
    assert_eq!(with(tag::ARRIVED, &[0xFF; 10]), refused("the arrival"));
    assert_eq!(with(tag::ARRIVED, &[0x80; 10]), refused("the arrival"));
    let (most, over) = (
        [&[0xFF; 9][..], &[1]].concat(),
        [&[0xFF; 9][..], &[2]].concat(),
    );
    assert_eq!(with(tag::ARRIVED, &most), Ok(()));
    assert_eq!(with(tag::ARRIVED, &over), refused("the arrival"));
}

#[test]
fn lengths_claim_no_memory() {
    // A value of 2^63 bytes, in a payload of some.
    let mut payload = vec![FORMAT_VERSION, tag::MIRROR];
    varint(&mut payload, 1 << 63);
    assert_eq!(Record::decode(&payload), Err(RecordError::Short("a field")));

    let many = |fields| {
        let mut request = Vec::new();
        field(&mut request, message::METHOD, b"GET");
        field(&mut request, message::TARGET, b"/");
        field(&mut request, message::HEADERS, &vec![0; 2 * fields]);
        let mut payload = small().encode().to_vec();
        field(&mut payload, tag::REQUEST, &request);
        Record::decode(&payload)
    };
    assert_eq!(many(MAX_FIELDS).unwrap().request.headers.len(), MAX_FIELDS);
    assert_eq!(
        many(MAX_FIELDS + 1),
        Err(RecordError::TooMany("header fields"))
    );
}

#[test]
fn as_many_fields_as_are_read_are_written() {
    let mut record = small();
    record.request.headers = vec![(Bytes::new(), Bytes::new()); MAX_FIELDS + 1];
    let read = Record::decode(&record.encode()).unwrap();
    assert_eq!(read.request.headers.len(), MAX_FIELDS);
}
