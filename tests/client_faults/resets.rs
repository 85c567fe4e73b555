//! Clients that reset a request as soon as they have sent it (the attack known as rapid reset).

use axum::{Router, routing::any};
use mirror_runtime::SkipReason;
use testkit::{Primary, Shadow, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::to;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM_AND_HEADERS: u8 = 5;

/// A frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// `GET http://a/`, compressed.
const GET: &[u8] = &[0x82, 0x86, 0x84, 0x01, 1, b'a'];
const CANCEL: &[u8] = &8_u32.to_be_bytes();

/// So many at a time as a server takes without suspicion.
const AT_ONCE: u32 = 10;

#[tokio::test]
async fn a_request_that_is_reset_at_once_makes_no_copy() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    // As a handler that asks a database.
    let app = Router::new().fallback(any(std::future::pending::<()>));
    let primary = Primary::start(app.layer(mirror.layer())).await;
    let mut client = primary.connect().await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    client.write_all(preface).await.unwrap();
    client.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    let (mut reading, mut client) = client.into_split();
    let reading = tokio::spawn(async move {
        let mut all = Vec::new();
        reading.read_to_end(&mut all).await
    });
    for round in 0..20 {
        let requests = (0..AT_ONCE).flat_map(|n| {
            let stream = 2 * (round * AT_ONCE + n) + 1;
            let request = frame(HEADERS, END_STREAM_AND_HEADERS, stream, GET);
            [request, frame(RST_STREAM, 0, stream, CANCEL)].concat()
        });
        client
            .write_all(&requests.collect::<Vec<_>>())
            .await
            .unwrap();
        let so_far = u64::from((round + 1) * AT_ONCE);
        until("the resets", || {
            mirror.stats().targets[0].received == so_far
        })
        .await;
    }
    let stats = mirror.stats().targets.remove(0);
    let gone = stats.skipped_for(SkipReason::PrimaryGone);
    assert_eq!((gone, stats.sent), (200, 0), "{stats}");
    assert_eq!(shadow.connections(), 0);
    reading.abort();
}

/// A copy waits for its handler to begin, and no longer.
#[tokio::test]
async fn a_request_that_is_not_reset_is_copied_while_its_handler_runs() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let app = Router::new().fallback(any(std::future::pending::<()>));
    let primary = Primary::start(app.layer(mirror.layer())).await;
    let mut client = primary.connect().await;
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    shadow.receives_one().await;
}

/// What makes a handler panic is worth seeing in a shadow.
#[tokio::test]
async fn a_request_whose_handler_panics_is_copied() {
    async fn panics() {
        std::panic::resume_unwind(Box::new("as a handler may"));
    }
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let app = Router::new().fallback(any(panics));
    let primary = Primary::start(app.layer(mirror.layer())).await;
    let mut client = primary.connect().await;
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    shadow.receives_one().await;
    assert_eq!(testkit::settled(&mirror, 1).await[0].answered, 1);
}
