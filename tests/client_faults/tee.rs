//! Bodies that are noted as the handler reads them.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    routing::post,
};
use futures_util::StreamExt;
use mirror_runtime::{BodyMode, MirrorBuilder, SkipReason};
use testkit::{Primary, Shadow, eventually, settled, without_date};
use tokio::io::AsyncWriteExt;

use super::{HEAD, begun, echo, pair, read_until, reading, rest, to};

fn teeing(shadow: &Shadow) -> MirrorBuilder {
    to(shadow).body(BodyMode::Tee)
}

/// Responds with the body as it comes.
fn streaming_echo() -> Router {
    Router::new().fallback(post(|body: Body| async { body }))
}

#[tokio::test]
async fn the_handler_starts_before_the_body_is_complete() {
    let shadow = Shadow::start().await;
    let mirror = teeing(&shadow).build().unwrap();
    let (primary, mut is_read) = reading(&mirror).await;
    let mut client = begun(&primary, "content-length: 10\r\n\r\nhello").await;
    // The other half is sent only when the handler has read the first.
    let read = eventually("the handler reads", is_read.recv()).await;
    assert_eq!(read, Some(5));
    assert_eq!(
        mirror.stats().targets[0].received,
        0,
        "nothing is decided yet"
    );
    client.write_all(b"world").await.unwrap();
    assert!(rest(client).await.ends_with("\r\n\r\nhelloworld"));
    assert_eq!(shadow.receives_one().await.body, "helloworld");
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

#[tokio::test]
async fn a_copy_equals_what_the_handler_read() {
    let shadow = Shadow::start().await;
    let mirror = teeing(&shadow).build().unwrap();
    let (_, primary) = pair(echo(), &mirror).await;
    let binary: Bytes = (0..=255).cycle().take(300_000).collect();
    let pieces: Vec<_> = binary.chunks(7001).map(Bytes::copy_from_slice).collect();
    let pieces = futures_util::stream::iter(pieces.into_iter().map(Ok::<_, axum::Error>));
    for (sent, body) in [Body::from(binary.clone()), Body::from_stream(pieces)]
        .into_iter()
        .enumerate()
    {
        assert_eq!(primary.post("/a?b", body).await.body, binary);
        let copy = &shadow.receives(sent + 1).await[sent];
        assert!(copy.body == binary && copy.target == "/a?b");
        assert_eq!(copy.all("content-length"), ["300000"]);
    }
    let stats = settled(&mirror, 2).await.remove(0);
    assert_eq!((stats.answered, stats.bytes), (2, 600_000), "{stats}");
}

#[tokio::test]
async fn a_body_that_is_not_read_to_its_end_is_not_copied() {
    async fn first_piece(body: Body) -> Bytes {
        body.into_data_stream().next().await.unwrap().unwrap()
    }
    let shadow = Shadow::start().await;
    let mirror = teeing(&shadow).build().unwrap();
    let app = Router::new()
        .route("/ignored", post(|_: Body| async { "ignored" }))
        .route("/first", post(first_piece));
    let (_, primary) = pair(app, &mirror).await;
    assert_eq!(primary.post("/ignored", "hello").await.text(), "ignored");
    let mut client = primary.connect().await;
    let begun = b"POST /first HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello";
    client.write_all(begun).await.unwrap();
    read_until(&mut client, "\r\n\r\nhello").await;
    let stats = settled(&mirror, 2).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::BodyNotRead), 2, "{stats}");
    assert_eq!(shadow.connections(), 0);
}

#[tokio::test]
async fn a_body_over_the_limit_reaches_the_handler_whole() {
    let shadow = Shadow::start().await;
    let mirror = teeing(&shadow).max_body(5).build().unwrap();
    let (plain, mirrored) = pair(echo(), &mirror).await;
    for body in [
        "content-length: 6\r\n\r\nhello!",
        "transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n",
        "content-length: 5\r\n\r\nhello",
    ] {
        let request = [HEAD, body].concat();
        let answer = without_date(&mirrored.exchange(&request).await);
        assert_eq!(answer, without_date(&plain.exchange(&request).await));
    }
    let stats = settled(&mirror, 3).await.remove(0);
    let too_large = stats.skipped_for(SkipReason::BodyTooLarge);
    assert_eq!((too_large, stats.answered), (2, 1), "{stats}");
    assert_eq!(shadow.receives_one().await.body, "hello");
}

/// The response waits for the copies, the copies for the end of the body, and the client sends that
/// when it has got the beginning of the response.
#[tokio::test]
async fn sync_does_not_wait_for_copies_that_wait_for_the_client() {
    let shadow = Shadow::start().await;
    let mirror = teeing(&shadow).sync(true).build().unwrap();
    let primary = Primary::start(streaming_echo().layer(mirror.layer())).await;
    let mut client = begun(&primary, "transfer-encoding: chunked\r\n\r\n").await;
    for word in ["hello", "world"] {
        client
            .write_all(format!("5\r\n{word}\r\n").as_bytes())
            .await
            .unwrap();
        read_until(&mut client, word).await;
    }
    client.write_all(b"0\r\n\r\n").await.unwrap();
    assert!(rest(client).await.ends_with("0\r\n\r\n"));
    assert_eq!(shadow.receives_one().await.body, "helloworld");
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

#[tokio::test]
async fn sync_waits_for_copies_of_a_body_that_was_read() {
    let shadow = Shadow::holding().await;
    let mirror = teeing(&shadow).sync(true).build().unwrap();
    let (_, primary) = pair(echo(), &mirror).await;
    let primary = Arc::new(primary);
    let client = Arc::clone(&primary);
    let answer = tokio::spawn(async move { client.post("/", "hello").await });
    assert_eq!(shadow.receives_one().await.body, "hello");
    assert!(!answer.is_finished());
    shadow.release();
    assert_eq!(answer.await.unwrap().text(), "hello");
    assert_eq!(mirror.stats().targets[0].answered, 1);
}
