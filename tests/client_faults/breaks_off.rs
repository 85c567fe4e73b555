//! Clients that go away, are slow, or send less than they said.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Bytes, routing::post};
use mirror_runtime::{BodyMode, SkipReason};
use testkit::{Primary, Shadow, eventually, settled};
use tokio::{io::AsyncWriteExt, sync::Notify};

use super::{begun, echo, pair, rest, to};

/// Every way of reading the body counts a client that goes away alike.
#[tokio::test]
async fn it_breaks_off_before_or_in_the_middle_of_its_body() {
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let shadow = Shadow::start().await;
        let mirror = to(&shadow).body(body).build().unwrap();
        let (_, primary) = pair(echo(), &mirror).await;
        for (sent, request) in [
            "content-length: 10\r\n\r\n",
            "content-length: 10\r\n\r\nhello",
            "transfer-encoding: chunked\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n5\r\nhel",
            "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        ]
        .into_iter()
        .enumerate()
        {
            drop(begun(&primary, request).await);
            let stats = settled(&mirror, sent as u64 + 1).await.remove(0);
            // A handler that is dropped with its client has not read the body; one that sees it
            // break knows why.
            let gone = stats.skipped_for(SkipReason::PrimaryGone)
                + stats.skipped_for(SkipReason::BodyNotRead);
            assert_eq!(gone, sent as u64 + 1, "{body:?}, {request:?}: {stats}");
            if body == BodyMode::Buffer {
                assert_eq!(stats.skipped_for(SkipReason::BodyNotRead), 0, "{stats}");
            }
        }
        assert_eq!(shadow.connections(), 0);
    }
}

#[tokio::test]
async fn it_breaks_off_after_its_body() {
    struct Dropped(Arc<Notify>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let shadow = Shadow::holding().await;
    let mirror = to(&shadow).build().unwrap();
    let dropped = Arc::new(Notify::new());
    let notify = Arc::clone(&dropped);
    let app = Router::new().fallback(post(move |_: Bytes| async move {
        let _dropped = Dropped(notify);
        std::future::pending::<()>().await;
    }));
    let primary = Primary::start(app.layer(mirror.layer())).await;
    let client = begun(&primary, "content-length: 5\r\n\r\nhello").await;
    assert_eq!(shadow.receives_one().await.body, "hello");
    drop(client);
    eventually("the handler is dropped", dropped.notified()).await;
    shadow.release();
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

#[tokio::test]
async fn its_body_takes_longer_than_a_copy_may() {
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let shadow = Shadow::start().await;
        let timeout = Duration::from_millis(50);
        let mirror = to(&shadow).body(body).timeout(timeout).build().unwrap();
        let (_, primary) = pair(echo(), &mirror).await;
        let mut client = begun(&primary, "content-length: 10\r\n\r\nhello").await;
        // This is the fault itself: a client that is slow.
        tokio::time::sleep(timeout * 3).await;
        client.write_all(b"world").await.unwrap();
        assert!(rest(client).await.ends_with("\r\n\r\nhelloworld"));
        assert_eq!(shadow.receives_one().await.body, "helloworld");
        // Its time begins when it leaves.
        let stats = settled(&mirror, 1).await.remove(0);
        assert_eq!((stats.sent, stats.failed), (1, stats.sent - stats.answered));
    }
}

#[tokio::test]
async fn it_declares_a_length_and_sends_less() {
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let shadow = Shadow::start().await;
        let mirror = to(&shadow).body(body).build().unwrap();
        let (plain, mirrored) = pair(echo(), &mirror).await;
        let mut answers = Vec::new();
        for primary in [&plain, &mirrored] {
            let mut client = begun(primary, "content-length: 10\r\n\r\nhello").await;
            client.shutdown().await.unwrap();
            answers.push(rest(client).await);
        }
        assert_eq!(answers[0], answers[1]);
        let stats = settled(&mirror, 1).await.remove(0);
        assert_eq!(
            stats.skipped_for(SkipReason::PrimaryGone),
            1,
            "{body:?}: {stats}"
        );
        assert_eq!(shadow.connections(), 0);
    }
}
