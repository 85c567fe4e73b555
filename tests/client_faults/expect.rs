//! Clients that ask before they send their body.

use axum::{Router, http::StatusCode, routing::any};
use mirror_runtime::SkipReason;
use testkit::{Shadow, settled};
use tokio::io::AsyncWriteExt;

use super::{HEAD, echo, pair, read_until, rest, to};

const ASKING: &str = "expect: 100-continue\r\ncontent-length: 5\r\n\r\n";

#[tokio::test]
async fn a_handler_that_reads_the_body_asks_for_it_and_its_copy_has_it() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let (plain, mirrored) = pair(echo(), &mirror).await;
    let mut answers = Vec::new();
    for primary in [&plain, &mirrored] {
        let mut client = primary.connect().await;
        client
            .write_all([HEAD, ASKING].concat().as_bytes())
            .await
            .unwrap();
        let asked = read_until(&mut client, "\r\n\r\n").await;
        client.write_all(b"hello").await.unwrap();
        answers.push((asked, rest(client).await));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[1].0, "HTTP/1.1 100 Continue\r\n\r\n");
    assert!(answers[1].1.ends_with("\r\n\r\nhello"));
    let copy = shadow.receives_one().await;
    assert_eq!(copy.body, "hello");
    assert!(!copy.headers.contains_key("expect"));
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

#[tokio::test]
async fn a_handler_that_refuses_does_not_ask_and_its_copy_is_skipped() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let app = Router::new().fallback(any(|| async { (StatusCode::FORBIDDEN, "no") }));
    let (plain, mirrored) = pair(app, &mirror).await;
    let mut answers = Vec::new();
    for primary in [&plain, &mirrored] {
        let mut client = primary.connect().await;
        client
            .write_all([HEAD, ASKING].concat().as_bytes())
            .await
            .unwrap();
        answers.push(rest(client).await);
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[1].starts_with("HTTP/1.1 403 "), "{answers:?}");
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::BodyNotRead), 1, "{stats}");
    assert_eq!(shadow.connections(), 0);
}

#[tokio::test]
async fn a_client_that_is_asked_and_goes_away_is_counted() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let (_, primary) = pair(echo(), &mirror).await;
    let mut client = primary.connect().await;
    client
        .write_all([HEAD, ASKING].concat().as_bytes())
        .await
        .unwrap();
    read_until(&mut client, "100 Continue\r\n\r\n").await;
    drop(client);
    let stats = settled(&mirror, 1).await.remove(0);
    let gone = stats.skipped_for(SkipReason::PrimaryGone);
    assert_eq!(
        gone + stats.skipped_for(SkipReason::BodyNotRead),
        1,
        "{stats}"
    );
    assert_eq!(shadow.connections(), 0);
}
