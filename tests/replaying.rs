//! Fixtures become tests.

use axum::{Json, Router, extract::Query, routing::get};
use bytes::Bytes;
use http::HeaderMap;
use mirror_runtime::{__private::replay_others, CompareMode, Mirror, replay};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::Directory;

/// These pass, and there is one for each file.
mod tests_of_a_directory {
    use super::*;

    replay!("tests/replaying/mirror-fixtures", app);
}

mod tests_of_an_app_that_is_made_later {
    use super::*;

    replay!("tests/replaying/mirror-fixtures", async || app());
}

mod tests_of_another_service {
    use super::*;

    replay!("tests/replaying/mirror-fixtures", || tower::service_fn(
        |request| async { tower::ServiceExt::oneshot(app(), request).await }
    ));
}

#[derive(Deserialize)]
struct Order {
    number: u64,
}

fn app() -> Router {
    let order = async |Query(order): Query<Order>, headers: HeaderMap| {
        assert_eq!(headers["x-mirrored-from"], "replay");
        Json(json!({ "number": order.number, "total": 12.5, "at": std::process::id() }))
    };
    let echo = async |body: Bytes| body;
    // A mirror that would send what is replayed to the shadow, if it were no copy.
    let mirror = Mirror::builder()
        .target("http://127.0.0.1:9")
        .compare(CompareMode::Json)
        .build();
    Router::new()
        .route("/order", get(order))
        .route("/echo", axum::routing::put(echo))
        .layer(mirror.unwrap().layer())
}

/// The message of a replay that fails.
async fn failure(directory: &str, app: fn() -> Router) -> String {
    let directory = directory.to_owned();
    let replay = tokio::spawn(async move { replay_others(&directory, &[], || app).await });
    let panic = replay.await.unwrap_err().into_panic();
    panic.downcast_ref::<String>().unwrap().clone()
}

const DIRECTORY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/replaying/mirror-fixtures"
);

#[tokio::test]
async fn another_answer_fails_with_the_differences_and_the_name_of_the_file() {
    let other = || {
        let order = async || Json(json!({ "number": 7, "total": "12.5", "at": 0 }));
        Router::new().route("/order", get(order))
    };
    let message = failure(DIRECTORY, other).await;
    for line in [
        "/mirror-fixtures/orders--staging--type_total--0a1b2c3d.json: the app responds differently than recorded\n",
        "\nGET /order: mismatch, 1 difference (orders -> replay)\n",
        "\n  ~ /total: 12.50 -> \"12.5\"\n",
        "\n  note: redacted in the request: header authorization",
        "/mirror-fixtures/echo--staging--value--4e5f6a7b.json: the app responds differently than recorded\n",
        "\n  ~ status: 200 -> 404",
    ] {
        assert!(message.contains(line), "{line}\n---\n{message}");
    }
}

#[tokio::test]
async fn what_cannot_be_replayed_fails() {
    for (name, file, expected) in [
        (
            "version",
            json!({ "format": "mirror-fixture", "version": 2 }),
            "unsupported version 2 (expected 1)",
        ),
        (
            "format",
            json!({ "version": 1 }),
            "its `format` is not `mirror-fixture`",
        ),
        (
            "fields",
            json!({ "format": "mirror-fixture", "version": 1 }),
            "missing field",
        ),
    ] {
        let directory = Directory::new(name);
        std::fs::create_dir(directory.path()).unwrap();
        std::fs::write(directory.path().join("a.json"), Value::to_string(&file)).unwrap();
        let message = failure(directory.path().to_str().unwrap(), app).await;
        assert!(message.contains(expected), "{message}");
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let message = failure(file, app).await;
    assert!(message.starts_with(&format!("{file}: ")), "{message}");
}

#[tokio::test]
async fn nothing_is_replayed_from_a_directory_that_is_not_there_yet() {
    replay_others("/nonexistent", &[], || app).await;
    // One that was there is missed.
    let known = async || replay_others("/nonexistent", &["orders.json"], || app).await;
    tokio::spawn(known()).await.unwrap_err();
}
