//! Callbacks are told what became of each copy, and can do no harm.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, routing::get};
use http::{Response, StatusCode};
use mirror_runtime::{BufferedResponse, FailureKind, Mirror, MirrorError, Target, mirror};
use testkit::{Primary, Shadow, closed_port, mirror_named, settled, until};

/// Where callbacks leave word.
type Log<T> = Arc<Mutex<Vec<T>>>;

fn app(mirror: &Mirror) -> Router {
    Router::new()
        .route("/{*path}", get(|| async { "primary" }))
        .layer(mirror.layer())
}

fn note<T>(log: &Log<T>, entry: T) {
    log.lock().unwrap().push(entry);
}

async fn noted<T: Clone>(log: &Log<T>, entries: usize) -> Vec<T> {
    until("a callback", || log.lock().unwrap().len() >= entries).await;
    log.lock().unwrap().clone()
}

#[tokio::test]
async fn on_success_is_called_with_any_http_answer() {
    let shadow = Shadow::answering(|copy| {
        let status: u16 = copy.target[1..].parse().unwrap();
        let answer = Response::builder().status(status).header("x-version", "2");
        answer.body(Body::from(format!("status {status}"))).unwrap()
    })
    .await;
    let log = Log::default();
    let entries = Arc::clone(&log);
    let mirror = Mirror::builder()
        .target(Target::new(shadow.url()).unwrap().named("next"))
        .on_success(move |target: &Target, answer: &BufferedResponse| {
            assert!(answer.latency() > Duration::ZERO && !answer.is_truncated());
            let version = answer.headers()["x-version"].to_str().unwrap().to_owned();
            let body = String::from_utf8_lossy(answer.body()).into_owned();
            note(
                &entries,
                (target.name().to_owned(), answer.status(), version, body),
            );
        })
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for status in [202, 500] {
        assert_eq!(
            primary.get(&format!("/{status}")).await.status,
            StatusCode::OK
        );
        settled(&mirror, if status == 202 { 1 } else { 2 }).await;
    }
    let next = |status: u16, body: &str| {
        (
            "next".to_owned(),
            StatusCode::from_u16(status).unwrap(),
            "2".to_owned(),
            body.to_owned(),
        )
    };
    assert_eq!(
        noted(&log, 2).await,
        [next(202, "status 202"), next(500, "status 500")]
    );
}

#[tokio::test]
async fn on_success_gets_the_first_64_kib_of_a_long_answer() {
    let shadow = Shadow::answering(|_| Response::new(Body::from(vec![b'x'; 300_000]))).await;
    let log = Log::default();
    let entries = Arc::clone(&log);
    let mirror = Mirror::builder()
        .target(shadow.url())
        .on_success(move |_: &Target, answer: &BufferedResponse| {
            note(&entries, (answer.body().len(), answer.is_truncated()));
        })
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    primary.get("/x").await;
    assert_eq!(noted(&log, 1).await, [(64 * 1024, true)]);
}

fn erring(target: Target, log: &Log<(String, FailureKind, String)>) -> Mirror {
    let entries = Arc::clone(log);
    Mirror::builder()
        .target(target.named("next"))
        .on_error(move |target: &Target, error: &MirrorError| {
            note(
                &entries,
                (target.name().to_owned(), error.kind(), error.to_string()),
            );
        })
        .build()
        .unwrap()
}

#[tokio::test]
async fn on_error_is_called_when_the_connection_fails() {
    let log = Log::default();
    let mirror = erring(Target::new(closed_port().await).unwrap(), &log);
    let primary = Primary::start(app(&mirror)).await;
    assert_eq!(primary.get("/x?token=secret").await.text(), "primary");
    let (target, kind, message) = noted(&log, 1).await.remove(0);
    assert_eq!((&*target, kind), ("next", FailureKind::Connect));
    assert!(
        message.starts_with("cannot connect: ") && !message.contains("secret"),
        "{message}"
    );
}

#[tokio::test]
async fn on_error_is_called_when_the_answer_takes_too_long() {
    let shadow = Shadow::holding().await;
    let log = Log::default();
    let target = Target::new(shadow.url())
        .unwrap()
        .timeout(Duration::from_millis(50))
        .unwrap();
    let mirror = erring(target, &log);
    let primary = Primary::start(app(&mirror)).await;
    assert_eq!(primary.get("/x").await.text(), "primary");
    let (_, kind, message) = noted(&log, 1).await.remove(0);
    assert_eq!(
        (kind, &*message),
        (FailureKind::Timeout, "no complete response within 50ms")
    );
    assert_eq!(
        settled(&mirror, 1).await[0].failed_with(FailureKind::Timeout),
        1
    );
}

#[tokio::test]
async fn on_error_is_called_when_the_host_is_unknown() {
    let log = Log::default();
    let mirror = erring(Target::new("http://no-such-host.invalid").unwrap(), &log);
    let primary = Primary::start(app(&mirror)).await;
    assert_eq!(primary.get("/x").await.text(), "primary");
    assert_eq!(noted(&log, 1).await[0].1, FailureKind::Dns);
}

#[tokio::test]
async fn on_error_is_called_when_there_is_no_tls() {
    let shadow = Shadow::start().await;
    let log = Log::default();
    let mirror = erring(
        Target::new(shadow.url().replace("http:", "https:")).unwrap(),
        &log,
    );
    let primary = Primary::start(app(&mirror)).await;
    assert_eq!(primary.get("/x").await.text(), "primary");
    assert_eq!(noted(&log, 1).await[0].1, FailureKind::Tls);
}

const PANICKING: &str = "http://127.77.0.20:20101";

#[mirror(
    targets = [PANICKING, "http://127.77.0.21:20102"],
    on_success = |_, _| panic!("in on_success"),
    on_error = panics,
)]
async fn panicking() -> &'static str {
    "primary"
}

fn panics(_: &Target, _: &MirrorError) {
    panic!("in on_error");
}

#[tokio::test]
async fn a_panicking_callback_harms_nothing() {
    let shadow = Shadow::at(PANICKING).await;
    let primary = Primary::start(Router::new().route("/", get(panicking))).await;
    for requests in 1..=3 {
        assert_eq!(primary.get("/").await.text(), "primary");
        let stats = settled(&mirror_named("tests::callbacks::panicking"), requests).await;
        assert_eq!((stats[0].answered, stats[1].failed), (requests, requests));
    }
    assert_eq!(shadow.recorded().len(), 3);
}

#[tokio::test]
async fn a_request_about_which_when_panics_is_answered_and_not_copied() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .when(|_| panic!("in when"))
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    assert_eq!(primary.get("/x").await.text(), "primary");
    assert_eq!(settled(&mirror, 1).await[0].skipped, 1);
    assert_eq!(shadow.connections(), 0);
}
