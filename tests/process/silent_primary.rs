//! A primary whose response does not come, or does not end, while its client waits.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    response::Response,
    routing::{get, post},
};
use futures_util::{StreamExt, stream};
use mirror_runtime::{CompareMode, Limits, Mirror, NotComparedReason};
use testkit::{Primary, Shadow, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::TURN;

/// Of responses that take more than a half of the budget.
const LARGE: usize = 60_000;

fn mirror(shadow: &Shadow, timeout: Duration) -> Mirror {
    Mirror::builder()
        .target(shadow.url())
        .timeout(timeout)
        .compare(CompareMode::Bytes)
        .build()
        .unwrap()
}

/// Waits until so many responses were given up.
async fn given_up(mirror: &Mirror, answers: u64) {
    until("the primary is not waited for any longer", || {
        let report = mirror.report().targets.remove(0);
        report.not_compared_for(NotComparedReason::TimedOut) == answers
    })
    .await;
    // The copies were answered.
    assert_eq!(mirror.stats().targets[0].answered, answers);
}

/// Whether there is room for a large response that is to be compared.
async fn is_room_for_another() -> bool {
    let shadow = Shadow::answering(|_| Response::new(Body::from("short"))).await;
    let mirror = mirror(&shadow, Duration::from_secs(5));
    let app = Router::new()
        .route("/", get(async || "x".repeat(LARGE)))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    assert_eq!(primary.get("/").await.body.len(), LARGE);
    let report = || mirror.report().targets.remove(0);
    until("it is noted", || {
        report().compared + report().not_compared == 1
    })
    .await;
    report().compared == 1
}

/// A client that has read a large piece of a body, of which nothing else comes, while the budget is
/// small.
async fn waiting_for_more(mirror: &Mirror) -> (Primary, TcpStream) {
    let silent = async || {
        let first = stream::iter([Ok::<_, Infallible>(Bytes::from(vec![b'x'; LARGE]))]);
        Body::from_stream(first.chain(stream::pending()))
    };
    let app = Router::new().route("/", get(silent)).layer(mirror.layer());
    let (primary, mut client) = asking(app).await;
    client.read_exact(&mut vec![0; LARGE]).await.unwrap();
    (primary, client)
}

/// A client that has sent a request, while the budget is small.
async fn asking(app: Router) -> (Primary, TcpStream) {
    sending(app, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await
}

async fn sending(app: Router, request: &str) -> (Primary, TcpStream) {
    let primary = Primary::start(app).await;
    Limits::new().byte_budget(100_000).apply();
    let mut client = primary.connect().await;
    client.write_all(request.as_bytes()).await.unwrap();
    (primary, client)
}

#[tokio::test]
async fn a_body_that_goes_silent_gives_the_memory_back_that_is_held_for_it() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::answering(|_| Response::new(Body::from("short"))).await;
    let mirror = mirror(&shadow, Duration::from_millis(300));
    let (_primary, client) = waiting_for_more(&mirror).await;
    given_up(&mirror, 1).await;
    let is_room = is_room_for_another().await;
    Limits::new().apply();
    assert!(is_room);
    // The client has been there all the time.
    drop(client);
}

#[tokio::test]
async fn a_handler_that_takes_its_time_holds_no_answer_of_a_shadow() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::answering(|_| Response::new(Body::from("y".repeat(LARGE)))).await;
    let mirror = mirror(&shadow, Duration::from_millis(300));
    let handler = get(async || std::future::pending::<&str>().await);
    let app = Router::new().route("/", handler).layer(mirror.layer());
    let (_primary, client) = asking(app).await;
    given_up(&mirror, 1).await;
    let is_room = is_room_for_another().await;
    Limits::new().apply();
    assert!(is_room);
    drop(client);
}

/// A request is kept for what is secret of it, until its responses have been compared and not until
/// its client has read on.
#[tokio::test]
async fn a_request_is_let_go_when_its_responses_have_been_compared() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::answering(|_| Response::new(Body::from("short"))).await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .timeout(Duration::from_millis(300))
        .compare(CompareMode::Status)
        .build()
        .unwrap();
    let silent = async |_: Bytes| {
        let first = stream::iter([Ok::<_, Infallible>(Bytes::from("x"))]);
        Body::from_stream(first.chain(stream::pending()))
    };
    let app = Router::new().route("/", post(silent)).layer(mirror.layer());
    let body = "x".repeat(LARGE);
    let request = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {LARGE}\r\n\r\n{body}");
    let (_primary, client) = sending(app, &request).await;
    until("they are compared", || {
        mirror.report().targets[0].compared == 1
    })
    .await;
    // The comparison is counted while it is still being made.
    let mut is_room = false;
    for _ in 0..100 {
        is_room |= is_room_for_another().await;
        if is_room {
            break;
        }
    }
    Limits::new().apply();
    assert!(is_room);
    drop(client);
}

/// What nobody will compare is given back at once: not when a client reads on.
#[tokio::test]
async fn a_body_whose_copy_has_failed_holds_nothing() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::holding().await;
    let mirror = mirror(&shadow, Duration::from_millis(300));
    let (_primary, client) = waiting_for_more(&mirror).await;
    until("the copy fails", || {
        let report = mirror.report().targets.remove(0);
        report.not_compared_for(NotComparedReason::Failed) == 1
    })
    .await;
    let is_room = is_room_for_another().await;
    Limits::new().apply();
    assert!(is_room);
    drop(client);
}
