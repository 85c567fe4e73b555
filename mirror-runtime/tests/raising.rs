//! A mismatch fails a test that asks for it with a variable of the environment.

use std::{process::Command, time::Duration};

use axum::{Router, body::Body, http::Request, routing::get};
use mirror_runtime::{
    CompareMode, Mirror,
    testing::{Capture, raise_mismatches},
};
use tower::ServiceExt;

const VARIABLE: &str = "MIRROR_RAISE_ON_MISMATCH";

/// Runs twice: by itself, and with the variable set.
#[tokio::test]
async fn a_mismatch_is_raised_if_the_environment_says_so() {
    let capture = Capture::start().responding_with(async |_| "[2]");
    let mirror = Mirror::builder()
        .target("https://staging.example.com")
        .compare(CompareMode::Json)
        .build()
        .unwrap();
    let app = Router::new()
        .route("/", get(|| async { "[1]" }))
        .layer(mirror.layer());
    let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
    axum::body::to_bytes(response.into_body(), 3).await.unwrap();
    assert_eq!(capture.comparisons().await.len(), 1);
    assert_eq!(mirror.report().targets[0].mismatched, 1);
    mirror_runtime::drain(Duration::from_secs(1)).await;
    let raised = std::panic::catch_unwind(raise_mismatches);
    assert_eq!(raised.is_err(), std::env::var_os(VARIABLE).is_some());
    if let Err(message) = raised {
        let message = message.downcast_ref::<String>().unwrap();
        assert!(message.contains("/0: 1 -> 2"), "{message}");
    }
}

#[test]
fn the_variable_makes_it_a_panic() {
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_mismatch_is_raised_if_the_environment_says_so"])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}
