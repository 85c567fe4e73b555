//! What is redacted can be replayed.

use axum::{Json, extract::Query, response::IntoResponse, routing::post};
use mirror_runtime::__private::replay_others;
use serde::Deserialize;

use super::*;

/// Whether an app responds as the fixtures say.
async fn passes(
    recording: &Recording,
    app: impl Fn() -> Router + Clone + Send + Sync + 'static,
) -> bool {
    let path = recording.directory.path().to_str().unwrap().to_owned();
    let replay = tokio::spawn(async move { replay_others(&path, &[], || app.clone()).await });
    replay.await.is_ok()
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for their types alone")]
struct Asked {
    max_tokens: u32,
    pin: u16,
    has_session: bool,
    next_token: Option<String>,
    passwords: Vec<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read for their types alone")]
struct Sorted {
    max_tokens: u32,
    has_session: bool,
}

/// An app that reads its requests as values of types.
fn typed(total: u32) -> Router {
    let answer = async move |Query(_): Query<Sorted>, Json(asked): Json<Asked>| {
        Json(serde_json::json!({ "total": total, "has_session": asked.has_session }))
    };
    Router::new().route("/", post(answer))
}

#[tokio::test]
async fn a_request_that_an_app_reads_as_a_value_of_a_type() {
    let recording = Recording::new(
        "types",
        same,
        |_| Json(serde_json::json!({ "total": 1, "has_session": true })).into_response(),
        |_| Json(serde_json::json!({ "total": 2, "has_session": true })).into_response(),
    )
    .await;
    let body =
        r#"{"max_tokens":1000,"pin":1234,"has_session":true,"next_token":null,"passwords":["x"]}"#;
    let request = Request::post("/?max_tokens=1000&has_session=true")
        .header("content-type", "application/json")
        .body(Body::from(body));
    recording.primary.send(request.unwrap()).await;
    recording.told(1).await;
    let file = &recording.directory.fixtures()[0];
    assert!(!file.contains("1000") && !file.contains("1234"), "{file}");
    assert!(passes(&recording, || typed(1)).await);
    assert!(!passes(&recording, || typed(2)).await);
}

#[tokio::test]
async fn a_login_whose_answer_has_a_token() {
    let login =
        |token: &str, user: &str| ok(format!(r#"{{"access_token":"{token}","user":"{user}"}}"#));
    let recording = Recording::new(
        "login",
        same,
        move |_| login("eyJhbGciOiJI.canary-1", "Ann"),
        move |_| login("eyJhbGciOiJI.canary-2", "Bob"),
    )
    .await;
    recording.primary.post("/login", "{}").await;
    recording.told(1).await;
    let file = &recording.directory.fixtures()[0];
    assert!(!file.contains("canary") && !file.contains("eyJ"), "{file}");
    let app = move |user: &'static str| {
        move || Router::new().fallback(async move || login("eyJhbGciOiJI.another", user))
    };
    assert!(passes(&recording, app("Ann")).await);
    assert!(!passes(&recording, app("Bob")).await);
}

#[tokio::test]
async fn an_answer_that_is_longer_without_its_secrets() {
    let answer = |total: u32| {
        let pins = vec![r#"{"pin":"1"}"#; 20].join(",");
        ok(format!(r#"{{"pins":[{pins}],"total":{total}}}"#))
    };
    let few = |builder: MirrorBuilder| builder.max_compare_body(300);
    let recording = Recording::new("longer", few, move |_| answer(1), move |_| answer(2)).await;
    recording.primary.get("/").await;
    recording.told(1).await;
    let fixture = recording.directory.fixture();
    assert!(fixture["primary"]["body"].as_str().unwrap().len() > 300);
    let app = move |total: u32| move || Router::new().fallback(async move || answer(total));
    assert!(passes(&recording, app(1)).await);
    assert!(!passes(&recording, app(2)).await);
}
