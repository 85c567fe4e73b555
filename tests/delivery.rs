//! A request to the primary arrives at its shadows, and the client notices nothing.

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    routing::{get, post},
};
use http::{Request, Response};
use mirror_runtime::{FailureKind, Mirror, mirror};
use serde_json::{Value, json};
use testkit::{Primary, Shadow, closed_port, mirror_named, settled};

const SHADOW: &str = "http://127.77.0.1:20101";

#[mirror(targets = [SHADOW])]
async fn create_order(State(id): State<&'static str>, Json(order): Json<Value>) -> Json<Value> {
    Json(json!({ "id": id, "order": order }))
}

#[tokio::test]
async fn an_annotated_handler_sends_a_copy_to_its_target() {
    let shadow = Shadow::at(SHADOW).await;
    let app = Router::new()
        .route("/orders", post(create_order))
        .with_state("o-1");
    let primary = Primary::start(app).await;
    let order = Request::post("/orders?dry=1").header("content-type", "application/json");
    let answer = primary
        .send(order.body(r#"{"item":"tea"}"#.into()).unwrap())
        .await;
    assert_eq!(answer.text(), r#"{"id":"o-1","order":{"item":"tea"}}"#);
    let copy = shadow.receives_one().await;
    assert_eq!(copy.method, "POST");
    assert_eq!(copy.target, "/orders?dry=1");
    assert_eq!(copy.body, r#"{"item":"tea"}"#);
    assert_eq!(copy.all("x-mirrored-from"), [primary.host()]);
    let stats = settled(&mirror_named("tests::delivery::create_order"), 1).await;
    assert_eq!((stats[0].sent, stats[0].answered), (1, 1));
}

const FIRST: &str = "http://127.77.0.2:20101";
const SECOND: &str = "http://127.77.0.3:20101";

#[mirror(targets = [FIRST, target(SECOND, name = "second")])]
async fn fan_out() -> &'static str {
    "primary"
}

#[tokio::test]
async fn every_target_receives_a_copy() {
    let (first, second) = (Shadow::at(FIRST).await, Shadow::at(SECOND).await);
    let primary = Primary::start(Router::new().route("/", get(fan_out))).await;
    assert_eq!(primary.get("/").await.text(), "primary");
    first.receives_one().await;
    second.receives_one().await;
    let stats = settled(&mirror_named("tests::delivery::fan_out"), 1).await;
    assert_eq!([&*stats[0].name, &*stats[1].name], [FIRST, "second"]);
    assert_eq!([stats[0].answered, stats[1].answered], [1, 1]);
}

#[tokio::test]
async fn the_client_is_answered_while_the_shadow_still_holds_its_answer() {
    let shadow = Shadow::holding().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    assert_eq!(primary.get("/").await.text(), "primary");
    shadow.receives_one().await;
    assert_eq!(mirror.stats().targets[0].in_flight, 1);
    shadow.release();
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

#[tokio::test]
async fn a_dead_shadow_changes_nothing_for_the_client() {
    let mirror = Mirror::new([closed_port().await]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    assert_eq!(primary.get("/").await.text(), "primary");
    assert_eq!(
        settled(&mirror, 1).await[0].failed_with(FailureKind::Connect),
        1
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Shadow::start().await;
    let location = elsewhere.url();
    let shadow = Shadow::answering(move |_| {
        Response::builder()
            .status(307)
            .header("location", &location)
            .body(Body::empty())
            .unwrap()
    })
    .await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    primary.post("/", "secret").await;
    let stats = settled(&mirror, 1).await;
    assert_eq!(
        stats[0].answered_with(http::StatusCode::TEMPORARY_REDIRECT),
        1
    );
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn two_mirrors_on_one_route_each_send_their_copy() {
    let (inner, outer) = (Shadow::start().await, Shadow::start().await);
    let first = Mirror::new([inner.url()]).unwrap();
    let second = Mirror::new([outer.url()]).unwrap();
    let primary = Primary::start(app(&first).layer(second.layer())).await;
    assert_eq!(primary.post("/", "body").await.text(), "body");
    assert_eq!(inner.receives_one().await.body, "body");
    assert_eq!(outer.receives_one().await.body, "body");
}

fn app(mirror: &Mirror) -> Router {
    let echo = |body: String| async move { body };
    Router::new()
        .route("/", get(|| async { "primary" }).post(echo))
        .layer(mirror.layer())
}
