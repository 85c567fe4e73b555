use mirror_record::{Outcome, Record, RecordId, Request, Response};

use super::*;

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

/// What two formats have in common with a record.
fn told(record: &Record) -> impl PartialEq + std::fmt::Debug {
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
    for record in records() {
        assert!(write_gor(&mut file, &record).unwrap());
    }
    let mut read = Vec::new();
    let tell = |record| {
        read.push(record);
        Ok(())
    };
    let converted = read_gor(&file[..], "orders", tell).unwrap();
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
    let mut read = Vec::new();
    let tell = |record| {
        read.push(record);
        Ok(())
    };
    let converted = read_gor(file.as_bytes(), "orders", tell).unwrap();
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
    let mut read = Vec::new();
    let tell = |record| {
        read.push(record);
        Ok(())
    };
    read_har(&file[..], "orders", tell).unwrap();
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
    let mut read = Vec::new();
    let tell = |record| {
        read.push(record);
        Ok(())
    };
    let converted = read_har(&file[..], "orders", tell).unwrap();
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
