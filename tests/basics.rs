//! A request to the primary arrives at the shadow, and the client notices nothing.

use axum::{Json, Router, extract::State, routing::{get, post}};
use mirror_runtime::{Mirror, mirror};
use serde_json::{Value, json};

use crate::support::{Primary, Shadow, mirror_named, settled};

const SHADOW: &str = "http://127.77.0.1:20101";

#[mirror(targets = [SHADOW])]
async fn create_order(State(prefix): State<&'static str>, Json(order): Json<Value>) -> Json<Value> {
    Json(json!({ "id": prefix, "order": order }))
}

#[tokio::test]
async fn an_annotated_handler_sends_a_copy_to_its_target() {
    let shadow = Shadow::at(SHADOW).await;
    let primary = Primary::start(Router::new().route("/orders", post(create_order)).with_state("o-1")).await;
    let answer = primary
        .send(
            http::Request::post("/orders?dry=1")
                .header("content-type", "application/json")
                .body(r#"{"item":"tea"}"#.into())
                .unwrap(),
        )
        .await;
    assert_eq!(answer.text(), r#"{"id":"o-1","order":{"item":"tea"}}"#);
    let copy = shadow.receives_one().await;
    assert_eq!(copy.method, "POST");
    assert_eq!(copy.target, "/orders?dry=1");
    assert_eq!(copy.body, r#"{"item":"tea"}"#);
    assert_eq!(copy.all("x-mirrored-from"), [primary.host()]);
    let stats = settled(&mirror_named("tests::basics::create_order"), 1).await;
    assert_eq!(stats[0].answered, 1);
}

#[tokio::test]
async fn a_layered_router_sends_a_copy_to_its_target() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let app = Router::new().route("/", get(|| async { "primary" })).layer(mirror.layer());
    let primary = Primary::start(app).await;
    assert_eq!(primary.get("/").await.text(), "primary");
    shadow.receives_one().await;
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}
