//! Clients that reset a request as soon as they have sent it (the attack known as rapid reset).

use axum::{
    Router,
    routing::{MethodRouter, any},
};
use mirror_runtime::{Mirror, SkipReason};
use testkit::{
    Primary, Shadow,
    raw_h2::frames::{CANCEL, END_HEADERS, END_STREAM, HEADERS, frame, reset, settings},
    settled, until,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::to;

/// `GET http://a/`, compressed.
const GET: &[u8] = &[0x82, 0x86, 0x84, 0x01, 1, b'a'];

/// So many at a time as a server takes without suspicion.
const AT_ONCE: u32 = 10;

/// A shadow, a mirror to it, and a primary with that handler, mirrored. One that is pending is as
/// one that asks a database.
async fn mirrored(handler: MethodRouter) -> (Shadow, Mirror, Primary) {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let app = Router::new().fallback(handler).layer(mirror.layer());
    (shadow, mirror, Primary::start(app).await)
}

/// A client that has sent a request over HTTP/1.1.
async fn asking(primary: &Primary) -> TcpStream {
    let mut client = primary.connect().await;
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    client.write_all(request).await.unwrap();
    client
}

#[tokio::test]
async fn a_request_that_is_reset_at_once_makes_no_copy() {
    let (shadow, mirror, primary) = mirrored(any(std::future::pending::<()>)).await;
    let mut client = primary.connect().await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    client.write_all(preface).await.unwrap();
    client.write_all(&settings(&[])).await.unwrap();
    let (mut reading, mut client) = client.into_split();
    let reading = tokio::spawn(async move {
        let mut all = Vec::new();
        reading.read_to_end(&mut all).await
    });
    for round in 0..20 {
        let requests = (0..AT_ONCE).flat_map(|n| {
            let stream = 2 * (round * AT_ONCE + n) + 1;
            let request = frame(HEADERS, END_STREAM | END_HEADERS, stream, GET);
            [request, reset(stream, CANCEL)].concat()
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
    let (shadow, _mirror, primary) = mirrored(any(std::future::pending::<()>)).await;
    let _client = asking(&primary).await;
    shadow.receives_one().await;
}

/// What makes a handler panic is worth seeing in a shadow.
#[tokio::test]
async fn a_request_whose_handler_panics_is_copied() {
    async fn panics() {
        std::panic::resume_unwind(Box::new("as a handler may"));
    }
    let (shadow, mirror, primary) = mirrored(any(panics)).await;
    let _client = asking(&primary).await;
    shadow.receives_one().await;
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}
