//! Clients that take their time with a body.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::StatusCode,
    routing::{any, post},
};
use futures_util::StreamExt;
use mirror_runtime::{BodyMode, SkipReason};
use testkit::{Primary, Shadow, eventually, settled, without_date};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{begun, echo, pair, reading, rest, to};

/// Far less than a test takes, so that a body that drips is a slow one.
const SOON: Duration = Duration::from_millis(20);

/// The beginning of a body of unknown length.
const FIRST_CHUNK: &str = "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";

/// Sends a byte from time to time, each long before the last one is forgotten, until something has
/// happened.
async fn drip_until(client: &mut TcpStream, what: &str, mut happened: impl FnMut() -> bool) {
    eventually(what, async {
        while !happened() {
            client.write_all(b"x").await.unwrap();
            tokio::time::sleep(SOON / 10).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_drips_does_not_keep_the_handler_from_starting() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).read_ahead(SOON).build().unwrap();
    let started = Arc::new(AtomicBool::new(false));
    let starting = Arc::clone(&started);
    // As one that refuses who has not logged in: it looks at no body.
    let app = Router::new().fallback(any(move |_: Body| {
        starting.store(true, SeqCst);
        async { StatusCode::UNAUTHORIZED }
    }));
    let primary = Primary::start(app.layer(mirror.layer())).await;
    let mut client = begun(&primary, "content-length: 1000000\r\n\r\n").await;
    // The body is not complete for a long time: nothing but the time to read ahead lets the handler
    // start.
    drip_until(&mut client, "the handler starts", || started.load(SeqCst)).await;
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::BodyStalled), 1, "{stats}");
    assert_eq!(shadow.connections(), 0);
}

#[tokio::test]
async fn the_handler_reads_what_drips_as_it_comes_and_all_of_it_is_copied() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).read_ahead(SOON).build().unwrap();
    let (primary, mut is_read) = reading(&mirror).await;
    for (requests, framing) in (1..).zip(["content-length: 10", "transfer-encoding: chunked"]) {
        let (half, other, end) = if framing.ends_with("chunked") {
            ("5\r\nhello\r\n", "5\r\nworld\r\n", "0\r\n\r\n")
        } else {
            ("hello", "world", "")
        };
        let mut client = begun(&primary, &format!("{framing}\r\n\r\n{half}")).await;
        // The other half is sent only when the handler has read the first.
        assert_eq!(eventually("the first half", is_read.recv()).await, Some(5));
        assert_eq!(mirror.stats().targets[0].received, requests - 1);
        client.write_all(other.as_bytes()).await.unwrap();
        assert_eq!(eventually("the other", is_read.recv()).await, Some(10));
        client.write_all(end.as_bytes()).await.unwrap();
        assert!(rest(client).await.ends_with("helloworld"));
        assert_eq!(settled(&mirror, requests).await[0].answered, requests);
        let copies = shadow.recorded();
        assert_eq!(copies.last().unwrap().body, "helloworld");
    }
}

/// What the handler, and who wrote it, has decided about slow clients holds with a mirror, too.
#[tokio::test]
async fn the_time_that_a_handler_has_for_a_body_is_not_spent_before_it_starts() {
    async fn within_its_time(body: Body) -> StatusCode {
        let read = axum::body::to_bytes(body, usize::MAX);
        match tokio::time::timeout(SOON, read).await {
            Ok(_) => StatusCode::OK,
            Err(_) => StatusCode::REQUEST_TIMEOUT,
        }
    }
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).read_ahead(SOON).build().unwrap();
    let (plain, mirrored) = pair(Router::new().fallback(post(within_its_time)), &mirror).await;
    let mut answers = Vec::new();
    for primary in [&plain, &mirrored] {
        let client = begun(primary, "content-length: 10\r\n\r\nhello").await;
        answers.push(rest(client).await);
    }
    assert!(answers[0].starts_with("HTTP/1.1 408 "), "{answers:?}");
    assert_eq!(answers[0], answers[1]);
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::BodyStalled), 1, "{stats}");
}

#[tokio::test]
async fn a_slow_client_that_goes_away_or_sends_too_much_is_counted() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).read_ahead(SOON).max_body(20).build().unwrap();
    let (plain, mirrored) = pair(echo(), &mirror).await;
    // Too much, a part of it late.
    let late = "14\r\n01234567890123456789\r\n0\r\n\r\n";
    let mut answers = Vec::new();
    for primary in [&plain, &mirrored] {
        let mut client = begun(primary, FIRST_CHUNK).await;
        // This is the fault itself: a client that is slow.
        tokio::time::sleep(SOON * 3).await;
        client.write_all(late.as_bytes()).await.unwrap();
        answers.push(rest(client).await);
    }
    assert!(answers[0].ends_with("hello01234567890123456789"));
    assert_eq!(answers[0], answers[1]);
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::BodyTooLarge), 1, "{stats}");
    for ended in [true, false] {
        let mut client = begun(&mirrored, FIRST_CHUNK).await;
        tokio::time::sleep(SOON * 3).await;
        if ended {
            client.write_all(b"not a length\r\n").await.unwrap();
            rest(client).await;
        }
    }
    let stats = settled(&mirror, 3).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::PrimaryGone), 2, "{stats}");
    assert_eq!(shadow.connections(), 0);
}

/// Without a mirror, too, its connection is worth nothing afterwards. The response must not wait.
#[tokio::test]
async fn a_handler_that_answers_while_it_reads_is_not_held_up() {
    let shadow = Shadow::start().await;
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let mirror = to(&shadow).body(body);
        let mirror = match body {
            BodyMode::Buffer => mirror.read_ahead(SOON),
            _ => mirror,
        };
        let mirror = mirror.build().unwrap();
        let app = Router::new().fallback(post(|body: Body| async {
            body.into_data_stream().next().await.unwrap().unwrap()
        }));
        let (plain, mirrored) = pair(app, &mirror).await;
        let mut answers = Vec::new();
        for primary in [&plain, &mirrored] {
            let mut client = begun(primary, FIRST_CHUNK).await;
            let answer = super::read_until(&mut client, "\r\n\r\nhello").await;
            answers.push(without_date(answer.as_bytes()));
        }
        assert_eq!(answers[0], answers[1]);
        let stats = settled(&mirror, 1).await.remove(0);
        assert_eq!(stats.skipped, 1, "{body:?}: {stats}");
    }
}
