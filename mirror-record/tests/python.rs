//! The reader in Python that the documentation has, and the fixtures of each version.

use std::{
    env, fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use mirror_record::{Fields, Outcome, Reader, Record, RecordId, Request, Response, Writer};
use serde_json::{Value, json};

/// Records with something in each field, and with nothing where that may be.
fn records() -> Vec<Record> {
    let mut request = Request::new("POST", "/orders?x=%20\u{e9}");
    request.headers = vec![
        ("host".into(), "shop.example".into()),
        ("x-bytes".into(), b"\xff\x00a"[..].into()),
        ("x-bytes".into(), "again".into()),
    ];
    request.body = Some((0..=255).cycle().take(1000).collect());
    request.trailers = vec![("x-sum".into(), "1".into())];
    request.redacted = vec!["header authorization".into(), "body /password".into()];
    let mut whole = Record::new(
        RecordId::from_parts(1_764_206_400_123, 7),
        "orders",
        request,
    );
    whole.build = Some("2026-11-27.1".to_owned());
    whole.arrived_ns = 1_764_206_400_123_456_789;
    whole.handler_start_us = Some(12);
    whole.first_byte_us = Some(1310);
    whole.last_byte_us = Some(u64::MAX);
    whole.outcome = Outcome::Complete;
    whole.share = 12.5;
    whole.session = "000102030405060708090a0b0c0d0e0f".parse().ok();
    whole.redaction_version = 1;
    whole.rules_version = 0xFEDC_BA98_7654_3210;
    let mut response = Response::new(201);
    response.headers = vec![("content-type".into(), "application/json".into())];
    response.body = Some("{\"total\":12.5}".into());
    response.trailers = vec![("grpc-status".into(), "0".into())];
    response.redacted = vec!["/token".into()];
    response.latency_us = 1298;
    whole.response = Some(response);

    let mut request = Request::new("GET", "/");
    request.body = None;
    let mut bare = Record::new(RecordId::from_parts(1_764_206_400_124, 0), "", request);
    bare.outcome = Outcome::Cancelled;

    let mut cut = Record::new(
        RecordId::from_parts(1_764_206_400_125, 0),
        "é",
        Request::new("GET", "/"),
    );
    cut.outcome = Outcome::Cut;
    let mut response = Response::new(200);
    response.body = None;
    cut.response = Some(response);
    vec![whole, bare, cut]
}

fn file() -> Vec<u8> {
    let mut writer = Writer::with_mark(Vec::new(), *b"\x91fixture").unwrap();
    for record in records() {
        writer.write(&record).unwrap();
    }
    writer.into_inner()
}

/// Files of earlier versions stay readable. That of this one is written by
/// `UPDATE_FIXTURES=1 cargo test -p mirror-record`.
#[test]
fn the_file_of_each_version_is_read() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let current = directory.join("version-1.mrec");
    if env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(&current, file()).unwrap();
    }
    assert_eq!(
        fs::read(&current).unwrap(),
        file(),
        "what is written is another version"
    );
    let newer = directory.join("version-1-with-newer-fields.mrec");
    if env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(&newer, with_newer_fields()).unwrap();
    }
    for file in [current, newer] {
        let file = fs::File::open(file).unwrap();
        let read: Result<Vec<_>, _> = Reader::new(file).collect();
        assert_eq!(read.unwrap(), records());
    }
}

/// The same records, as a program will write them that knows more fields: by hand, and byte by byte.
fn with_newer_fields() -> Vec<u8> {
    let mut file = file()[..16].to_vec();
    for record in records() {
        let mut payload = record.encode().to_vec();
        payload.extend_from_slice(b"\xf0\x05newer\xf1\x00");
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let crc = crc32fast::hash(&[&length[..], &payload].concat());
        file.extend_from_slice(b"\x91fixture");
        file.extend_from_slice(&length);
        file.extend_from_slice(&crc.to_be_bytes());
        file.extend_from_slice(&payload);
    }
    file
}

/// A record with bodies that are empty, and with places and values that are unusual.
fn little() -> Record {
    let mut request = Request::new("QUERY", "*");
    request.headers = vec![("x-empty".into(), "".into())];
    request.body = Some("".into());
    request.trailers = vec![("x-\u{e9}".into(), "".into()), ("x".into(), "y".into())];
    request.redacted = vec!["body /größe".into(), String::new()];
    let id = RecordId::from_parts(u64::MAX >> 16, u128::MAX);
    let mut record = Record::new(id, "größe", request);
    record.outcome = Outcome::Failed;
    let mut response = Response::new(204);
    response.body = Some("".into());
    response.trailers = vec![("grpc-status".into(), "".into())];
    response.redacted = vec!["/straße/0".into()];
    record.response = Some(response);
    record
}

#[test]
fn the_reader_in_python_reads_what_was_written() {
    let page = include_str!("../docs/record.md");
    let (_, code) = page.split_once("```python\n").unwrap();
    let (code, _) = code.split_once("```").unwrap();
    let lines = code.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 30, "the reader has {lines} lines");
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("left out: python3 is not installed");
        assert_ne!(env::var("CI").as_deref(), Ok("true"), "python3 is missing");
        return;
    }
    let path = env::temp_dir().join(format!("mirror-record-{}.mrec", std::process::id()));
    let mut written = records();
    written.push(little());
    let mut writer = Writer::new(Vec::new()).unwrap();
    for record in &written {
        writer.write(record).unwrap();
    }
    let file = writer.into_inner();
    // With a record that is torn, which is left out.
    let torn = &file[16..100];
    fs::write(&path, [&file, torn].concat()).unwrap();
    let mut python = Command::new("python3");
    python
        .arg("-")
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    python
        .stdin
        .take()
        .unwrap()
        .write_all(code.as_bytes())
        .unwrap();
    let output = python.wait_with_output().unwrap();
    fs::remove_file(&path).unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    let read: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let expected: Vec<_> = written.iter().map(expected).collect();
    assert_eq!(read, expected);
}

fn latin1(bytes: &[u8]) -> Value {
    bytes
        .iter()
        .map(|byte| char::from(*byte))
        .collect::<String>()
        .into()
}

fn flat(fields: &Fields) -> Value {
    let parts = fields.iter().flat_map(|(name, value)| [name, value]);
    parts.map(|part| latin1(part)).collect::<Vec<_>>().into()
}

fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
        value => value,
    }
}

/// `null` for an empty list.
fn unless_empty(list: Value) -> Value {
    if list == json!([]) { Value::Null } else { list }
}

fn expected(record: &Record) -> Value {
    let hex = format!("{:032x}", u128::from_be_bytes(record.id.to_bytes()));
    let request = &record.request;
    let response = record.response.as_ref().map(|response| {
        without_nothing(json!({
            "status": response.status,
            "headers": unless_empty(flat(&response.headers)),
            "body": response.body.as_deref().map(latin1),
            "trailers": unless_empty(flat(&response.trailers)),
            "redacted": unless_empty(json!(response.redacted)),
            "latency_us": response.latency_us,
        }))
    });
    let outcomes = ["complete", "cancelled", "failed", "cut"];
    let outcome = outcomes
        .iter()
        .position(|name| *name == record.outcome.as_str());
    without_nothing(json!({
        "id": hex,
        "mirror": record.mirror,
        "build": record.build,
        "arrived_ns": record.arrived_ns,
        "handler_start_us": record.handler_start_us,
        "first_byte_us": record.first_byte_us,
        "last_byte_us": record.last_byte_us,
        "outcome": outcome,
        "share": record.share,
        "session": record.session.map(|session| session.to_string()),
        "redaction": record.redaction_version,
        "rules": record.rules_version,
        "request": without_nothing(json!({
            "method": request.method,
            "target": latin1(&request.target),
            "headers": unless_empty(flat(&request.headers)),
            "body": request.body.as_deref().map(latin1),
            "trailers": unless_empty(flat(&request.trailers)),
            "redacted": unless_empty(json!(request.redacted)),
        })),
        "response": response,
    }))
}
