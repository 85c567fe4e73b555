//! What is redacted is found nowhere.

use axum::{Router, body::Body};
use http::Request;
use mirror_runtime::{
    BufferedResponse, CompareMode, FailureKind, Mirror, NotComparedReason, Verdict,
};
use testkit::{Fault, Faulty, Log, Primary, Shadow, passes_with, settled, until};

use super::{Pair, ok, reported};

const CANARY: &str = "s3cret-canary";

#[tokio::test]
async fn a_secret_is_in_nothing_that_a_comparison_says() {
    let primary =
        format!(r#"{{"password":"{CANARY}-1","users":[{{"token":"{CANARY}-2"}}],"name":"Ann"}}"#);
    let shadow = format!(
        r#"{{"password":"{CANARY}-3","users":[{{"token":"{CANARY}-4"}},{{"token":"{CANARY}-5"}}],"name":"Bob"}}"#
    );
    let answer = |body: &str| {
        let mut answer = ok(body.to_owned());
        let cookie = format!("session={CANARY}-{}", body.len()).parse().unwrap();
        answer.headers_mut().insert("set-cookie", cookie);
        answer
    };
    let options = |builder: mirror_runtime::MirrorBuilder| {
        builder
            .compare(CompareMode::Json)
            .compare_headers(["set-cookie"])
            .redact(["/password", "/users/*/token"])
    };
    let pair = Pair::answering(options, move || answer(&primary), move || answer(&shadow)).await;
    let request = Request::post(format!("/login?token={CANARY}"))
        .header("authorization", format!("Bearer {CANARY}"))
        .body(format!(r#"{{"password":"{CANARY}"}}"#).into())
        .unwrap();
    assert!(pair.primary.send(request).await.text().contains(CANARY));
    let comparison = pair.mismatch().await;
    let report = pair.mirror.report();
    let said = [
        comparison.to_string(),
        format!("{comparison:?}"),
        serde_json::to_string(&comparison).unwrap(),
        report.to_string(),
        format!("{report:?}"),
        serde_json::to_string(&report).unwrap(),
        format!("{:?}", pair.mirror),
    ];
    for text in said {
        assert!(!text.contains(CANARY), "{text}");
    }
    // That they differ is said.
    let pointers: Vec<_> = comparison
        .differences
        .iter()
        .map(|difference| &*difference.pointer)
        .collect();
    for pointer in ["/password", "/name", "set-cookie"] {
        assert!(pointers.contains(&pointer), "{comparison}");
    }
}

/// Sends a request with a secret in each place to an app that responds with one, and returns what
/// it is answered.
async fn send_secrets(mirror: &Mirror) -> String {
    let answer = async || format!(r#"{{"password":"{CANARY}-1","name":"Ann"}}"#);
    let primary = Primary::start(Router::new().fallback(answer).layer(mirror.layer())).await;
    let request = Request::post(format!("/login?token={CANARY}"))
        .header("authorization", format!("Bearer {CANARY}"))
        .header("cookie", format!("session={CANARY}"))
        .body(Body::from(format!(r#"{{"password":"{CANARY}"}}"#)));
    primary.send(request.unwrap()).await.text().to_owned()
}

fn fails(_: &BufferedResponse, _: &BufferedResponse) -> Verdict {
    std::panic::resume_unwind(Box::new("as a function may"))
}

const LOGGED: &str = "MIRROR_TESTS_LOGGED";

#[tokio::test]
async fn a_secret_is_in_no_log() {
    // In a process of its own: a program has one log.
    let test = "comparison::redaction::whatever_happens_to_a_secret_is_logged_without_it";
    passes_with(test, vec![(LOGGED, "1".to_owned())]).await;
}

#[tokio::test]
async fn whatever_happens_to_a_secret_is_logged_without_it() {
    let log = Log::default();
    if std::env::var_os(LOGGED).is_some() {
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .init();
        tracing::info!("the log begins");
    }
    let shadow = Shadow::answering(|_| ok(format!(r#"{{"password":"{CANARY}-2"}}"#))).await;
    let garbage = Faulty::start(Fault::Garbage);
    let builder = || Mirror::builder().redact(["/password"]);

    // A mismatch, with a callback that fails.
    let told = |_: &mirror_runtime::Comparison| -> () {
        std::panic::resume_unwind(Box::new("as a callback may"))
    };
    let differs = builder()
        .target(shadow.url())
        .compare(CompareMode::Json)
        .on_mismatch(told)
        .build()
        .unwrap();
    assert!(send_secrets(&differs).await.contains(CANARY));
    assert_eq!(reported(&differs, 1).await.mismatched, 1);

    // A comparison that fails.
    let panics = builder()
        .target(shadow.url())
        .compare(CompareMode::Custom(fails))
        .build()
        .unwrap();
    send_secrets(&panics).await;
    let report = reported(&panics, 1).await;
    assert_eq!(report.not_compared_for(NotComparedReason::Panicked), 1);

    // A copy that fails.
    let broken = builder()
        .target(garbage.url())
        .compare(CompareMode::Json)
        .build()
        .unwrap();
    send_secrets(&broken).await;
    let failed = settled(&broken, 1).await.remove(0);
    assert_eq!(failed.failed_with(FailureKind::Request), 1);

    if std::env::var_os(LOGGED).is_some() {
        until("each of them is logged", || {
            let text = log.text();
            ["on_mismatch", "option=\"compare\"", "copies failed"]
                .iter()
                .all(|told| text.contains(told))
        })
        .await;
        assert!(!log.text().contains(CANARY), "{}", log.text());
    }
}
