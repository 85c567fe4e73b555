//! Comparing with each way to make a mirror, and with its other options.

use axum::{Json, Router, body::Body, response::Response};
use futures_util::stream;
use mirror_runtime::{
    __private::{MirrorEntry, Options, TargetOptions},
    BodyMode, BufferedResponse, CompareMode, Comparison, Mirror, Verdict,
};
use serde_json::Value;
use testkit::{Primary, Shadow, until};

use super::{Pair, ok, reported};

#[tokio::test]
async fn a_mirror_that_waits_for_its_copies_compares() {
    let options =
        |builder: mirror_runtime::MirrorBuilder| builder.compare(CompareMode::Json).sync(true);
    let pair = Pair::answering(options, || ok("[1]"), || ok("[2]")).await;
    assert_eq!(pair.primary.get("/").await.text(), "[1]");
    assert_eq!(pair.report(1).await.mismatched, 1);
}

#[tokio::test]
async fn copies_that_leave_as_their_body_is_read_are_compared() {
    let shadow = Shadow::answering(|copy| ok(copy.body.clone())).await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .compare(CompareMode::Bytes)
        .body(BodyMode::Tee)
        .build()
        .unwrap();
    // The response begins before the request has been read: its copy leaves when the response has
    // ended.
    let echo = async |body: Body| body;
    let primary = Primary::start(Router::new().fallback(echo).layer(mirror.layer())).await;
    let pieces = ["one", "two", "three"].map(Ok::<_, std::convert::Infallible>);
    let body = Body::from_stream(stream::iter(pieces));
    assert_eq!(primary.post("/", body).await.text(), "onetwothree");
    assert_eq!(reported(&mirror, 1).await.matched, 1);
    // A body that the handler leaves alone is not copied.
    let left = Router::new()
        .fallback(async || "left")
        .layer(mirror.layer());
    Primary::start(left).await.post("/", "body").await;
    until("the request is skipped", || {
        mirror.stats().targets[0].skipped == 1
    })
    .await;
    assert_eq!(reported(&mirror, 1).await.matched, 1);
}

#[tokio::test]
async fn one_request_is_compared_with_each_target() {
    let same = Shadow::answering(|_| ok("[1]")).await;
    let other = Shadow::answering(|_| ok("[2]")).await;
    let mirror = Mirror::builder()
        .target(same.url())
        .target(other.url())
        .compare(CompareMode::Json)
        .ignore_headers(["content-type"])
        .build()
        .unwrap();
    let app = Router::new().fallback(async || "[1]").layer(mirror.layer());
    Primary::start(app).await.get("/").await;
    until("both are compared", || {
        let targets = mirror.report().targets;
        targets.iter().all(|target| target.compared == 1)
    })
    .await;
    let report = mirror.report();
    let mismatched: Vec<_> = report
        .targets
        .iter()
        .map(|target| target.mismatched)
        .collect();
    assert_eq!(mismatched, [0, 1]);
    assert_eq!(report.mirror, "mirror");
}

/// The options as generated code writes them down.
fn options(shadow: &Shadow) -> Options {
    static ENTRY: MirrorEntry = MirrorEntry::new(
        module_path!(),
        "generated",
        file!(),
        line!(),
        || "generated",
    );
    let url: &'static str = shadow.url().leak();
    Options::new(&ENTRY).target(TargetOptions::url(url))
}

#[tokio::test]
async fn generated_code_has_each_option() {
    let primary = r#"{"at":1,"tags":["a","b"],"total":1.0}"#;
    let shadow = || ok(r#"{"at":2,"tags":["b","a"],"total":1.5}"#);
    let shadow = Shadow::answering(move |_| shadow()).await;
    let (sender, told) = std::sync::mpsc::channel();
    for mode in [
        Options::compare_json,
        Options::compare_typed::<Json<Value>>,
        |options: Options| options.compare_with(|_: &BufferedResponse, _| Verdict::Mismatch),
    ] {
        let sender = sender.clone();
        let mirror = mode(options(&shadow))
            .ignore("/at")
            .unordered("/tags")
            .tolerance("/total", 0.1)
            .redact("/secret")
            .compare_header("content-type")
            .max_compare_body(1000)
            .on_mismatch(move |comparison: &Comparison| {
                sender
                    .send(comparison.differences[0].pointer.clone())
                    .unwrap();
            })
            .baseline(TargetOptions::env("MIRROR_TESTS_UNSET"))
            .build();
        let app = Router::new().fallback(async move || answer(primary));
        let app = app.layer(mirror.layer());
        Primary::start(app).await.get("/").await;
        let report = reported(&mirror, 1).await;
        assert_eq!(report.mismatched, 1, "{report}");
    }
    let told = tokio::task::spawn_blocking(move || told.into_iter().take(3).collect::<Vec<_>>());
    assert_eq!(told.await.unwrap(), ["/total"; 3]);
}

fn answer(body: &'static str) -> Response {
    ok(body)
}

#[tokio::test]
async fn generated_code_compares_statuses_and_bytes() {
    let shadow = Shadow::answering(|_| ok("[ 1 ]")).await;
    for (mode, mismatched) in [
        (Options::compare_status as fn(Options) -> Options, 0),
        (Options::compare_bytes, 1),
    ] {
        let mirror = mode(options(&shadow)).build();
        let app = Router::new().fallback(async || "[1]").layer(mirror.layer());
        Primary::start(app).await.get("/").await;
        assert_eq!(reported(&mirror, 1).await.mismatched, mismatched);
    }
}

#[tokio::test]
async fn generated_code_whose_baseline_is_a_target_goes_without() {
    let shadow = Shadow::answering(|_| ok("[2]")).await;
    let url: &'static str = shadow.url().leak();
    let mirror = options(&shadow)
        .compare_json()
        .baseline(TargetOptions::url(url))
        .build();
    let app = Router::new().fallback(async || "[1]").layer(mirror.layer());
    Primary::start(app).await.get("/").await;
    assert_eq!(reported(&mirror, 1).await.mismatched, 1);
    assert_eq!(mirror.stats().targets.len(), 1);
}
