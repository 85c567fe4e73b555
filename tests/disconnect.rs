//! A client that goes away is counted, wherever it was.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::rejection::BytesRejection,
    response::{IntoResponse, Response},
    routing::post,
};
use mirror_runtime::{Mirror, SkipReason};
use testkit::{Primary, Shadow, settled, until};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_its_body_is_counted() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let app = Router::new()
        .route("/", post(|body: Bytes| async { body }))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    for _ in 0..5 {
        let mut client = primary.connect().await;
        let half = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello";
        client.write_all(half).await.unwrap();
    }
    assert_eq!(
        settled(&mirror, 5).await[0].skipped_for(SkipReason::PrimaryGone),
        5
    );
    assert_eq!(shadow.connections(), 0);
}

#[tokio::test]
async fn a_body_that_breaks_gives_the_handler_the_error_it_would_have_got() {
    async fn read(body: Result<Bytes, BytesRejection>) -> Response {
        body.map_or_else(IntoResponse::into_response, IntoResponse::into_response)
    }
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let plain = Router::new().route("/", post(read));
    let mirrored = Primary::start(plain.clone().layer(mirror.layer())).await;
    let plain = Primary::start(plain).await;
    let broken = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
                  5\r\nhello\r\nnot a length\r\n";
    let without_date = |answer: String| -> Vec<String> {
        answer
            .lines()
            .filter(|line| !line.starts_with("date:"))
            .map(str::to_owned)
            .collect()
    };
    let expected = without_date(plain.send_raw(broken).await);
    assert!(expected[0].starts_with("HTTP/1.1 4"), "{expected:?}");
    assert_eq!(without_date(mirrored.send_raw(broken).await), expected);
    assert_eq!(
        settled(&mirror, 1).await[0].skipped_for(SkipReason::PrimaryGone),
        1
    );
    assert_eq!(shadow.connections(), 0);
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_does_not_take_its_copy_along() {
    let shadow = Shadow::holding().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .sync(true)
        .build()
        .unwrap();
    let answered = Arc::new(AtomicBool::new(false));
    let handler = {
        let answered = Arc::clone(&answered);
        || async move {
            answered.store(true, Ordering::SeqCst);
        }
    };
    let app = Router::new()
        .route("/", post(handler))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    let mut client = primary.connect().await;
    client
        .write_all(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi")
        .await
        .unwrap();
    assert_eq!(shadow.receives_one().await.body, "hi");
    until("the handler", || answered.load(Ordering::SeqCst)).await;
    drop(client);
    shadow.release();
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}
