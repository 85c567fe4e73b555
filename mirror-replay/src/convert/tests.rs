use std::io::Write as _;

use bytes::Bytes;
use mirror_compare::{BufferedResponse, Ending, fixture::ComparedBy, report::Thresholds};
use mirror_record::{Fields, Outcome, RecordId, Request, Response};
use proptest::prelude::*;

use super::*;
use crate::{
    copy::{self, Destination, Unsendable},
    judge::{Judge, Judged},
};

fn record(number: u64, body: &'static [u8]) -> Record {
    let mut request = Request::new("POST", format!("/orders?n={number}"));
    request.headers = vec![
        ("host".into(), "shop.example".into()),
        ("x-a".into(), "1".into()),
        ("x-a".into(), "2".into()),
    ];
    request.body = Some(body.into());
    let id = RecordId::from_parts(1_795_766_600_000 + number, number.into());
    let mut record = Record::new(id, "orders", request);
    record.arrived_ns = (1_795_766_600_000 + number) * 1_000_000 + 7;
    let mut response = Response::new(201);
    response.headers = vec![("content-type".into(), "application/json".into())];
    response.body = Some(body.into());
    response.latency_us = 1_500;
    record.last_byte_us = Some(1_500);
    record.response = Some(response);
    record.outcome = Outcome::Complete;
    record
}

fn records() -> Vec<Record> {
    let mut all = vec![
        record(1, b"{\"a\":1}"),
        record(2, b"\xFF\x00\n\xF0"),
        record(3, "\n🐵🙈🙉 and more\n".as_bytes()),
    ];
    let mut without = record(4, b"x");
    (without.response, without.last_byte_us) = (None, None);
    without.outcome = Outcome::Failed;
    all.push(without);
    all
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Gor,
    #[cfg(feature = "har")]
    Har,
}

const FORMATS: &[Format] = &[
    Format::Gor,
    #[cfg(feature = "har")]
    Format::Har,
];

fn read_with(format: Format, file: &[u8]) -> (Converted, Vec<Record>) {
    let mut read = Vec::new();
    let tell = |record| {
        read.push(record);
        Ok(())
    };
    let converted = match format {
        Format::Gor => read_gor(file, "orders", tell),
        #[cfg(feature = "har")]
        Format::Har => read_har(file, "orders", tell),
    };
    (converted.unwrap(), read)
}

/// Exports a record and imports it again; with what was counted by the export.
fn through(format: Format, record: &Record) -> (Converted, Option<Record>) {
    let mut file = Vec::new();
    let records = std::iter::once(record.clone());
    let written = match format {
        Format::Gor => write_gor(&mut file, records),
        #[cfg(feature = "har")]
        Format::Har => write_har(&mut file, records),
    };
    let written = written.unwrap();
    if format == Format::Gor && written.records == 0 {
        return (written, None);
    }
    let (converted, mut read) = read_with(format, &file);
    assert_eq!((converted.left_out, converted.responses_left_out), (0, 0));
    assert_eq!(converted.records, written.records, "{format:?}");
    assert_eq!(converted.with_response, written.with_response, "{format:?}");
    (written, read.pop())
}

/// The copy of a record, without the id, which is another one.
fn copy_of(record: &Record) -> Result<impl PartialEq + std::fmt::Debug + use<>, Unsendable> {
    let destination = Destination::parse("http://new").unwrap();
    let (request, trailers) = destination.request(record, &[])?;
    let (head, body) = request.into_parts();
    let mut fields: Vec<_> = head.headers.into_iter().collect();
    let id = |field: &(Option<http::HeaderName>, _)| field.0 == Some(copy::RECORD_ID);
    fields.retain(|field| !id(field));
    Ok((head.method, head.uri, fields, trailers, body))
}

/// What a replay says of some responses to a record.
fn judged(record: &Record) -> Vec<String> {
    let headers = ["content-encoding", "x-a", "content-length"];
    let compared_by = ComparedBy {
        headers: headers.map(str::to_owned).to_vec(),
        ..ComparedBy::default()
    };
    let rules = (compared_by, Thresholds::default());
    let judge = Judge::new("orders", "new", rules.0, rules.1, Vec::new()).unwrap();
    let recorded = record.response.as_ref();
    let statuses = [200, 204, 404].into_iter();
    let statuses = statuses.chain(recorded.map(|response| response.status));
    let own = recorded.and_then(|response| response.body.clone());
    let bodies = [Bytes::from_static(b"{\"a\":2}"), Bytes::new()].into_iter();
    let bodies: Vec<_> = bodies.chain(own).collect();
    let own = copy::expected(record).map(|it| it.headers().clone());
    let mut all = Vec::new();
    for status in statuses {
        for body in &bodies {
            for headers in [http::HeaderMap::new(), own.clone().unwrap_or_default()] {
                let status = http::StatusCode::from_u16(status).unwrap();
                let response = BufferedResponse::new(status, headers, body.clone());
                let response = response.with_ending(Ending::Complete).already_decoded();
                all.push(match judge.compare(record, &response) {
                    Judged::Compared(it) => format!("{:?} {:?}", it.verdict, it.differences),
                    other => format!("{other:?}"),
                });
            }
        }
    }
    all
}

fn any_fields() -> impl Strategy<Value = Fields> {
    let name = prop_oneof![
        Just("X-A".to_owned()),
        Just("x-b".to_owned()),
        Just("content-length".to_owned()),
        Just("Transfer-Encoding".to_owned()),
        Just("content-encoding".to_owned()),
        Just("content-type".to_owned()),
        Just("host".to_owned()),
        Just("cookie".to_owned()),
        "[a-z]{1,8}",
    ];
    let value = prop_oneof![
        4 => "[ -~]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(0x80_u8..=0xFF, 1..4),
        1 => Just(b"gzip".to_vec()),
        1 => Just(b"[\"a\", \"b\"]".to_vec()),
        1 => Just(b"application/json".to_vec()),
        1 => Just("größe".as_bytes().to_vec()),
        1 => Just(b"12".to_vec()),
    ];
    let field = (name, value).prop_map(|(name, value)| (name.into(), value.into()));
    prop::collection::vec(field, 0..6)
}

fn any_body() -> impl Strategy<Value = Option<Bytes>> {
    prop_oneof![
        2 => Just(None),
        2 => Just(Some(Bytes::new())),
        4 => Just(Some("{\"a\":1}".into())),
        1 => Just(Some("5\r\nab".into())),
        1 => Just(Some("\n🐵🙈🙉\n".into())),
        1 => Just(Some("a\n🐵🙈🙉".into())),
        2 => prop::collection::vec(any::<u8>(), 0..20).prop_map(|body| Some(body.into())),
    ]
}

fn any_trailers() -> impl Strategy<Value = Fields> {
    prop_oneof![
        4 => Just(Fields::new()),
        1 => Just(vec![("grpc-status".into(), "0".into()), ("x-b".into(), "1".into())]),
    ]
}

fn any_response() -> impl Strategy<Value = Option<Response>> {
    let statuses = vec![100_u16, 101, 200, 201, 204, 206, 304, 404, 500, 599, 999];
    let redacted = prop_oneof![
        4 => Just(Vec::new()),
        1 => Just(vec!["/a".to_owned(), "/ä~1 \"b".to_owned()]),
        1 => Just(vec![String::new()]),
    ];
    let parts = (
        prop::sample::select(statuses),
        any_fields(),
        any_body(),
        any_trailers(),
        redacted,
        0_u64..1 << 40,
    );
    let response = parts.prop_map(|(status, headers, body, trailers, redacted, latency_us)| {
        let mut response = Response::new(status);
        (response.headers, response.body) = (headers, body);
        (response.trailers, response.redacted) = (trailers, redacted);
        response.latency_us = latency_us;
        response
    });
    prop::option::weighted(0.9, response)
}

fn any_record() -> impl Strategy<Value = Record> {
    let methods = vec![
        "GET", "HEAD", "POST", "DELETE", "OPTIONS", "G T", "M-SEARCH",
    ];
    let target = prop_oneof![
        4 => "/[a-z0-9%/?&=.|{}~:@-]{0,20}",
        1 => Just("/orders?a=b#c".to_owned()),
        1 => Just("*".to_owned()),
        1 => Just("/größe".to_owned()),
        1 => Just("http://shop.example/a".to_owned()),
        1 => Just("/a b".to_owned()),
    ];
    let redacted = prop_oneof![
        4 => Just(Vec::new()),
        1 => Just(vec!["header authorization".to_owned(), "query a\"".to_owned()]),
        1 => Just(vec!["path".to_owned()]),
    ];
    let outcomes = [
        Outcome::Complete,
        Outcome::Complete,
        Outcome::Cut,
        Outcome::Cancelled,
    ];
    let outcomes = [&outcomes[..], &[Outcome::Failed]].concat();
    let parts = (
        prop::sample::select(methods),
        target,
        any_fields(),
        any_body(),
        any_trailers(),
        redacted,
        any_response(),
        prop::sample::select(outcomes),
    );
    let made = |(method, target, headers, body, trailers, redacted, response, outcome)| {
        let mut request = Request::new(method, Bytes::from(target));
        (request.headers, request.body) = (headers, body);
        (request.trailers, request.redacted) = (trailers, redacted);
        let mut record = Record::new(RecordId::from_parts(7, 7), "orders", request);
        record.arrived_ns = 1_795_766_600_000_000_007;
        record.outcome = outcome;
        record.response = response;
        record
    };
    parts.prop_map(made)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_record_is_the_same_request_and_compared_alike_after_an_export_or_left_out(
        record in any_record()
    ) {
        for format in FORMATS {
            let (written, read) = through(*format, &record);
            prop_assert_eq!(written.records + written.left_out, 1);
            prop_assert_eq!(read.is_some(), written.records == 1);
            let Some(read) = read else {
                continue;
            };
            prop_assert_eq!(copy_of(&read), copy_of(&record));
            prop_assert_eq!(&read.request.redacted, &record.request.redacted);
            prop_assert_eq!(read.arrived_ns, record.arrived_ns);
            let responses = written.with_response + written.responses_left_out;
            prop_assert_eq!(responses, u64::from(record.response.is_some()));
            prop_assert_eq!(read.response.is_some(), written.with_response == 1);
            if let (Some(read_response), Some(response)) = (&read.response, &record.response) {
                prop_assert_eq!(read_response.latency_us, response.latency_us);
                prop_assert_eq!(judged(&read), judged(&record), "{:?}", format);
            }
        }
    }
}

#[test]
fn a_response_that_is_withheld_is_no_empty_one() {
    let mut withheld = record(1, b"");
    withheld.response.as_mut().unwrap().body = None;
    let mut cut = withheld.clone();
    cut.outcome = Outcome::Cut;
    let length = ("content-length".into(), "5000000".into());
    cut.response.as_mut().unwrap().headers.push(length);
    let mut encoded = withheld.clone();
    let coding = ("content-encoding".into(), "gzip".into());
    encoded.response.as_mut().unwrap().headers.push(coding);
    for record in [withheld, cut, encoded] {
        let (written, read) = through(Format::Gor, &record);
        assert_eq!((written.with_response, written.responses_left_out), (0, 1));
        assert!(written.reasons[0].contains("withheld"), "{written:?}");
        assert_eq!(read.unwrap().response, None);
        #[cfg(feature = "har")]
        {
            // There is a status in it, and no body.
            let (written, read) = through(Format::Har, &record);
            assert_eq!((written.with_response, written.responses_left_out), (1, 0));
            assert_eq!(read.unwrap().response.unwrap().body, None);
        }
    }
    // The client went away: what it got is not all of it.
    let mut cancelled = record(1, b"{\"a\":");
    cancelled.outcome = Outcome::Cancelled;
    for format in FORMATS {
        let (written, read) = through(*format, &cancelled);
        assert_eq!(written.responses_left_out, 1);
        assert!(written.reasons[0].contains("broke off"), "{written:?}");
        assert_eq!(read.unwrap().response, None);
    }
}

#[test]
fn what_was_replaced_is_known_after_an_export() {
    let mut record = record(1, br#"{"number":0,"a":1}"#);
    record.response.as_mut().unwrap().redacted = vec!["/number".to_owned()];
    record.request.redacted = vec!["path".to_owned()];
    for format in FORMATS {
        let (_, read) = through(*format, &record);
        let read = read.unwrap();
        assert_eq!(copy_of(&read).unwrap_err(), Unsendable::RedactedPath);
        assert_eq!(read.response.unwrap().redacted, ["/number"]);
    }
}

#[test]
fn a_response_to_head_is_one_without_a_body() {
    let mut record = record(1, b"");
    record.request.method = "HEAD".to_owned();
    let length = ("content-length".into(), "812".into());
    record.response.as_mut().unwrap().headers.push(length);
    for format in FORMATS {
        let (written, read) = through(*format, &record);
        assert_eq!(written.with_response, 1);
        let (read, written) = (read.unwrap().response, record.response.clone());
        assert_eq!(read, written);
    }
}

/// A payload of a capture.
fn payload(line: &str, message: &str) -> Vec<u8> {
    format!("{line}\n{message}\n🐵🙈🙉\n").into_bytes()
}

#[test]
fn requests_of_a_capture_with_one_id_are_several() {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let ok = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{body}");
    let file = [
        payload("1 bb 1439818823587396305 0", &get("/1")),
        payload("1 bb 1439818823587396305 0", &get("/2")),
        payload("1 bb 1439818823587396999 0", &get("/3")),
        payload("2 bb 1439818823587397005 0", &ok("1")),
        payload("2 bb 1439818823587397006 0", &ok("2")),
        payload("2 zz 1439818823587397006 0", &ok("9")),
        payload("1 cc 1439818823587397999 0", &get("/4")),
        payload("2 cc 1439818823587398000 0", "no response"),
    ]
    .concat();
    let (converted, read) = read_with(Format::Gor, &file);
    assert_eq!((converted.records, converted.with_response), (4, 2));
    assert_eq!((converted.left_out, converted.responses_left_out), (0, 2));
    assert!(
        converted.reasons[0].starts_with("payload 6: "),
        "{converted:?}"
    );
    let told = |record: &Record| {
        let body = record.response.as_ref().and_then(|it| it.body.clone());
        (record.request.target.clone(), body)
    };
    let mut told: Vec<_> = read.iter().map(told).collect();
    told.sort();
    let own = |number: &'static str| Some(number.into());
    assert_eq!(
        told,
        [
            ("/1".into(), own("1")),
            ("/2".into(), own("2")),
            ("/3".into(), None),
            ("/4".into(), None),
        ]
    );
    let ids: std::collections::HashSet<_> = read.iter().map(|record| record.id).collect();
    assert_eq!(ids.len(), 4);
    // They are the same at each import.
    let (_, again) = read_with(Format::Gor, &file);
    assert!(again.iter().all(|record| ids.contains(&record.id)));
}

#[test]
fn a_request_to_a_proxy_has_its_path_and_its_host() {
    for (line, target, host) in [
        ("GET http://x.example/abs?a=%20", "/abs?a=%20", "x.example"),
        ("GET http://ann:s3cret@x.example:81", "/", "x.example:81"),
        ("GET http://x.example?a", "/?a", "x.example"),
        ("GET /a", "/a", "other"),
    ] {
        let message = format!("{line} HTTP/1.1\r\nx-a: 1\r\nHost: other\r\n\r\n");
        let (_, read) = read_with(Format::Gor, &payload("1 aa 1439818823587396305", &message));
        assert_eq!(read[0].request.target, target);
        let fields = [("x-a", "1"), ("host", host)];
        let fields = fields.map(|(name, value)| (name.into(), value.to_owned().into()));
        assert_eq!(read[0].request.headers, fields);
        assert!(copy_of(&read[0]).is_ok());
    }
}

#[test]
fn chunks_that_end_too_early_are_not_all_of_a_body() {
    let file = [
        payload("1 aa 1439818823587396305", "GET / HTTP/1.1\r\n\r\n"),
        payload(
            "2 aa 1439818823587396305",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nuser\r\n3\r\n=",
        ),
        payload(
            "1 bb 1439818823587396305",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nus",
        ),
    ]
    .concat();
    let (converted, read) = read_with(Format::Gor, &file);
    assert_eq!((converted.records, converted.left_out), (1, 1));
    assert_eq!(read[0].response.as_ref().unwrap().body, None);
    assert_eq!(read[0].outcome, Outcome::Cut);
}

#[test]
fn a_capture_that_is_compressed_is_read_as_far_as_it_goes() {
    let mut file = Vec::new();
    write_gor(&mut file, records().into_iter()).unwrap();
    // GoReplay adds to such a file: it has several parts.
    let mut compressed = Vec::new();
    for part in file.chunks(400) {
        let mut encoder =
            flate2::write::GzEncoder::new(&mut compressed, flate2::Compression::fast());
        encoder.write_all(part).unwrap();
        encoder.finish().unwrap();
    }
    let (converted, read) = read_with(Format::Gor, &compressed);
    assert_eq!((converted.records, converted.left_out), (4, 0));
    assert_eq!(told(&read[0]), told(&records()[0]));
    let torn = &compressed[..compressed.len() - 12];
    let (converted, _) = read_with(Format::Gor, torn);
    assert!(converted.records >= 3);
    assert_eq!(converted.left_out, 1);
    assert!(
        converted.reasons[0].contains("the file ends"),
        "{converted:?}"
    );
    assert!(read_gor(&compressed[..30], "orders", |_| Ok(())).is_err());
    #[cfg(feature = "har")]
    {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        write_har(&mut encoder, records().into_iter()).unwrap();
        let (converted, _) = read_with(Format::Har, &encoder.finish().unwrap());
        assert_eq!(converted.records, 4);
    }
}

/// What two formats have in common with a record.
fn told(record: &Record) -> impl PartialEq + std::fmt::Debug + use<> {
    let fields = |fields: &mirror_record::Fields| {
        let kept = fields.iter().filter(|(name, _)| name != "content-length");
        kept.cloned().collect::<Vec<_>>()
    };
    let response = record.response.as_ref().map(|response| {
        (
            response.status,
            fields(&response.headers),
            response.body.clone(),
            response.latency_us,
        )
    });
    let request = &record.request;
    (
        record.mirror.clone(),
        record.arrived_ns,
        request.method.clone(),
        request.target.clone(),
        fields(&request.headers),
        request.body.clone(),
        response,
        record.outcome,
    )
}

#[test]
fn a_capture_is_read_as_it_was_written() {
    let mut file = Vec::new();
    write_gor(&mut file, records().into_iter()).unwrap();
    let (converted, read) = read_with(Format::Gor, &file);
    assert_eq!(
        (
            converted.records,
            converted.with_response,
            converted.left_out
        ),
        (4, 3, 0)
    );
    for (read, written) in read.iter().zip(&records()) {
        assert_eq!(told(read), told(written));
    }
}

#[test]
fn a_capture_of_the_program_itself_is_read() {
    let file = "1 932079936fa4306fc308d67588178d17d823647c 1439818823587396305 200\n\
        POST /login HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n\
        4\r\nuser\r\n3\r\n=me\r\n0\r\n\r\n\
        \n🐵🙈🙉\n\
        2 932079936fa4306fc308d67588178d17d823647c 1439818823587396305 4000000\n\
        HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\
        \n🐵🙈🙉\n\
        3 932079936fa4306fc308d67588178d17d823647c 1439818823587396305 1\nHTTP/1.1 500 No\r\n\r\n\
        \n🐵🙈🙉\n\
        1 f000 1439818823587396399\nno request\n\n🐵🙈🙉\n";
    let (converted, read) = read_with(Format::Gor, file.as_bytes());
    assert_eq!((converted.records, converted.left_out), (1, 1));
    assert_eq!(read[0].request.body.as_deref(), Some(&b"user=me"[..]));
    let response = read[0].response.as_ref().unwrap();
    assert_eq!((response.status, response.latency_us), (200, 4_000));
    assert_eq!(response.body.as_deref(), Some(&b"ok"[..]));
    let error = read_gor(&b"GET / HTTP/1.1\r\n\r\n"[..], "a", |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("GoReplay"));
}

#[cfg(feature = "har")]
#[test]
fn an_archive_is_read_as_it_was_written() {
    let mut file = Vec::new();
    let converted = write_har(&mut file, records().into_iter()).unwrap();
    assert_eq!((converted.records, converted.left_out), (4, 0));
    let (_, read) = read_with(Format::Har, &file);
    for (read, written) in read.iter().zip(&records()) {
        assert_eq!(told(read), told(written));
        assert_eq!(read.session, Some(read.session.unwrap()));
    }
}

#[cfg(feature = "har")]
#[test]
fn an_archive_of_a_browser_is_read() {
    let file = br#"{"log":{"version":"1.2","creator":{"name":"Firefox","version":"128"},"entries":[
        {"startedDateTime":"2026-11-27T09:03:20.5+01:00","time":12.5,"cache":{},
         "timings":{"send":0,"wait":12,"receive":0.5},
         "request":{"method":"POST","url":"https://shop.example/orders?a=b#part","httpVersion":"HTTP/2",
          "cookies":[],"queryString":[],"headersSize":-1,"bodySize":3,
          "headers":[{"name":":path","value":"/orders"},{"name":"X-A","value":"1"},{"name":"Content-Length","value":"3"}],
          "postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"a","value":"b c"}]}},
         "response":{"status":200,"statusText":"OK","httpVersion":"HTTP/2","cookies":[],"redirectURL":"",
          "headers":[{"name":"Content-Encoding","value":"gzip"}],"headersSize":-1,"bodySize":9,
          "content":{"size":2,"mimeType":"text/plain","text":"b2s=","encoding":"base64"}}},
        {"startedDateTime":"yesterday","time":0,"cache":{},"timings":{"send":0,"wait":0,"receive":0},
         "request":{"method":"GET","url":"/","httpVersion":"","cookies":[],"queryString":[],"headers":[],"headersSize":-1,"bodySize":0},
         "response":{"status":0,"statusText":"","httpVersion":"","cookies":[],"headers":[],"redirectURL":"","headersSize":-1,"bodySize":-1,
          "content":{"size":0,"mimeType":"x"}}}]}}"#;
    let (converted, read) = read_with(Format::Har, &file[..]);
    assert_eq!((converted.records, converted.left_out), (1, 1));
    let record = &read[0];
    assert_eq!(record.arrived_ns, 1_795_766_600_500_000_000);
    assert_eq!(&record.request.target[..], b"/orders?a=b");
    assert_eq!(record.request.body.as_deref(), Some(&b"a=b+c"[..]));
    let headers: Vec<_> = record
        .request
        .headers
        .iter()
        .map(|(name, _)| &name[..])
        .collect();
    assert_eq!(headers, [&b"host"[..], b"x-a"]);
    let response = record.response.as_ref().unwrap();
    assert_eq!(response.body.as_deref(), Some(&b"ok"[..]));
    assert!(response.headers.is_empty());
    assert!(read_har(&b"{}"[..], "a", |_| Ok(())).is_err());
}

/// What was read of the entries of an archive.
#[cfg(feature = "har")]
fn entries(entries: &serde_json::Value) -> (Converted, Vec<Record>) {
    let file = serde_json::json!({ "log": { "version": "1.2", "entries": entries } });
    read_with(Format::Har, file.to_string().as_bytes())
}

#[cfg(feature = "har")]
#[test]
fn an_entry_that_lacks_something_is_taken_or_left_out_alone() {
    use serde_json::json;

    let start = "2026-11-27T08:03:20.5Z";
    let (converted, read) = entries(&json!([
        // What a replay needs, and nothing else.
        { "startedDateTime": start, "request": { "method": "GET", "url": "http://x/1" } },
        // Nothing is known of what there is.
        { "startedDateTime": start, "time": null, "cache": null, "timings": null, "comment": null,
          "request": { "method": "GET", "url": "http://x/2", "httpVersion": null, "cookies": null,
            "headers": null, "queryString": null, "postData": null, "headersSize": null,
            "bodySize": null },
          "response": { "status": 200, "statusText": null, "headers": null, "cookies": null,
            "content": { "size": null, "mimeType": null, "text": null, "encoding": null } } },
        // Some programs write numbers as texts, and texts as numbers.
        { "startedDateTime": start, "time": "12.5", "timings": 7,
          "request": { "method": "POST", "url": "http://x/3", "bodySize": 1.0,
            "headers": [{ "name": "x-a", "value": 7 }, { "value": "no name" }, null],
            "postData": { "text": "a" } },
          "response": { "status": "200", "content": { "text": "{}" } } },
        { "startedDateTime": start, "timings": { "send": 1, "wait": 2.5, "blocked": -1 },
          "request": { "method": "GET", "url": "http://x/ö?a b" },
          "response": { "status": 302.0, "content": { "size": 0 }, "headers": [
            { "name": "set-cookie", "value": "a=1\nb=2" }] } },
        // What is no request.
        { "startedDateTime": start, "request": { "method": "GET" } },
        { "startedDateTime": null, "request": { "method": "GET", "url": "http://x/6" } },
        { "startedDateTime": start, "request": null },
        { "startedDateTime": start, "request": { "method": "GET", "url": "wss://x/7" } },
        null,
        "entry",
        // Its body is not in the file.
        { "startedDateTime": start, "response": null, "request": { "method": "POST",
          "url": "http://x/9", "postData": { "mimeType": "multipart/form-data; boundary=a",
            "params": [{ "name": "a", "value": "b" }] } } },
    ]));
    assert_eq!(
        (converted.records, converted.left_out),
        (5, 6),
        "{converted:?}"
    );
    assert_eq!(converted.with_response, 3);
    assert_eq!(converted.reasons[0], "entry 5: `request.url` is missing");
    assert!(
        converted.reasons[1].starts_with("entry 6: "),
        "{converted:?}"
    );
    let targets: Vec<_> = read.iter().map(|it| it.request.target.clone()).collect();
    assert_eq!(targets, ["/1", "/2", "/3", "/%C3%B6?a%20b", "/9"]);
    let responses: Vec<_> = read.iter().map(|it| it.response.as_ref()).collect();
    assert_eq!(responses[1].unwrap().body, None);
    let third = responses[2].unwrap();
    assert_eq!((third.status, third.latency_us), (200, 12_500));
    assert_eq!(read[2].request.headers[1], ("x-a".into(), "7".into()));
    let fourth = responses[3].unwrap();
    assert_eq!((fourth.status, fourth.latency_us), (302, 3_500));
    assert_eq!(fourth.body.as_deref(), Some(&b""[..]));
    assert_eq!(fourth.headers.len(), 2);
    assert_eq!(read[4].request.body, None);
}

#[cfg(feature = "har")]
#[test]
fn cookies_of_an_archive_are_sent_if_there_is_no_header_of_them() {
    use serde_json::json;

    let entry = |headers| {
        json!({ "startedDateTime": "2026-11-27T09:03:20+0100", "request": { "method": "GET",
            "url": "http://x/", "headers": headers, "cookies": [
                { "name": "sid", "value": "1" }, { "name": "theme", "value": "dark" }] } })
    };
    let header = json!([{ "name": "Cookie", "value": "sid=2" }]);
    let (_, read) = entries(&json!([entry(json!([])), entry(header)]));
    let cookie = |record: &Record| copy::request_headers(record)["cookie"].clone();
    assert_eq!(cookie(&read[0]), "sid=1; theme=dark");
    assert_eq!(cookie(&read[1]), "sid=2");
    assert_eq!(read[0].arrived_ns, 1_795_766_600_000_000_000);
}

#[cfg(feature = "har")]
#[test]
fn the_encoding_of_a_request_is_part_of_it() {
    let mut record = record(1, b"\x1F\x8B\x00");
    let coding = ("content-encoding".into(), "gzip".into());
    record.request.headers.push(coding);
    let (_, read) = through(Format::Har, &record);
    assert_eq!(copy_of(&read.unwrap()), copy_of(&record));
}

#[test]
fn a_log_is_written_behind_what_is_there() {
    let directory = std::env::temp_dir().join(format!("mirror-convert-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    for record in records() {
        let mut log = open_log(&directory).unwrap();
        write_log(&mut log, &record).unwrap();
        log.close().unwrap();
    }
    let mut reader = LogReader::open(&directory).unwrap();
    let mut read = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        read.push(record);
    }
    assert_eq!(read, records());
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 4);
    std::fs::remove_dir_all(&directory).unwrap();
}
