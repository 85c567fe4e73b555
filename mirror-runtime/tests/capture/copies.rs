//! What is captured is what would have been sent.

use axum::{Json, Router, body::Body, http::Request, routing::post};
use mirror_runtime::{
    BodyMode, Mirror, mirror, mirror_named,
    testing::{Capture, fixed_sampling},
};
use serde::Deserialize;

use crate::{ask, get, send};

#[derive(Deserialize)]
struct Order {
    item: String,
}

#[mirror(
    targets = ["https://staging.example.com/base", "http://audit.example.com:8080"],
    name = "orders",
    percentage = 10,
    credentials = "strip",
    set_headers = { "x-env" = "shadow" },
    methods = [POST]
)]
async fn order(Json(order): Json<Order>) -> String {
    format!("one {}", order.item)
}

fn order_request(uri: &str) -> Request<Body> {
    Request::post(uri)
        .header("host", "shop.example.com")
        .header("content-type", "application/json")
        .header("authorization", "secret")
        .body(Body::from(r#"{ "item": "tea" }"#))
        .unwrap()
}

#[tokio::test]
async fn a_copy_is_what_would_have_been_sent() {
    let capture = Capture::start().sampling_all();
    let app: Router = Router::new().nest("/shop", Router::new().route("/orders", post(order)));
    let answer = ask(app, order_request("/shop/orders?urgent=%2e")).await;
    assert_eq!(answer, "one tea");

    let copies = capture.copies().await;
    let uris = copies.iter().map(|copy| copy.uri().to_string());
    assert_eq!(
        uris.collect::<std::collections::BTreeSet<_>>(),
        [
            "http://audit.example.com:8080/shop/orders?urgent=%2e",
            "https://staging.example.com/base/shop/orders?urgent=%2e",
        ]
        .map(String::from)
        .into()
    );
    for copy in &copies {
        assert_eq!(copy.mirror(), "orders");
        assert!(copy.uri().to_string().starts_with(copy.target()));
        assert_eq!(copy.method(), "POST");
        assert_eq!(copy.body(), r#"{ "item": "tea" }"#);
        assert_eq!(copy.headers()["x-mirrored-from"], "shop.example.com");
        assert_eq!(copy.headers()["x-env"], "shadow");
        assert_eq!(copy.headers()["content-type"], "application/json");
        assert!(!copy.headers().contains_key("authorization"));
        assert!(!copy.headers().contains_key("host"));
    }
}

#[tokio::test]
async fn what_is_filtered_is_not_captured_and_nothing_is_waited_for() {
    let capture = Capture::start().sampling_all();
    get(order, "/orders").await;
    let mut marked = order_request("/orders");
    let headers = marked.headers_mut();
    headers.insert("x-mirrored-from", "elsewhere".parse().unwrap());
    send(order, marked).await;
    assert!(capture.copies().await.is_empty());
    // The base path would be left.
    send(order, order_request("/a/../..")).await;
    let copies = capture.copies().await;
    assert_eq!(copies.len(), 1);
    assert_eq!(copies[0].target(), "http://audit.example.com:8080");
}

#[tokio::test]
async fn percentages_hold_unless_each_request_is_to_be_sampled() {
    #[mirror(targets = ["https://staging.example.com"], percentage = 10)]
    async fn tenth() {}
    fixed_sampling();
    let capture = Capture::start();
    for _ in 0..10 {
        get(tenth, "/").await;
    }
    assert_eq!(capture.copies().await.len(), 1);
    let capture = capture.sampling_all();
    for _ in 0..10 {
        get(tenth, "/").await;
    }
    assert_eq!(capture.copies().await.len(), 11);
}

#[tokio::test]
async fn the_users_who_are_sampled_are_the_same_in_each_run() {
    #[mirror(
        targets = ["https://staging.example.com"],
        percentage = 50,
        sticky = header("x-user-id")
    )]
    async fn half_of_the_users() {}
    fixed_sampling();
    let capture = Capture::start();
    for user in 0..16 {
        let request = Request::get("/").header("x-user-id", user);
        send(half_of_the_users, request.body(Body::empty()).unwrap()).await;
    }
    let copies = capture.copies().await.into_iter();
    let users = copies.map(|copy| {
        copy.headers()["x-user-id"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap()
    });
    assert_eq!(
        users.collect::<std::collections::BTreeSet<u32>>(),
        [0, 3, 4, 5, 6, 9, 11, 13].into()
    );
}

#[tokio::test]
async fn copies_are_counted_and_callbacks_called_as_in_production() {
    static STATUSES: std::sync::Mutex<Vec<u16>> = std::sync::Mutex::new(Vec::new());
    fn answered(_: &mirror_runtime::Target, answer: &mirror_runtime::BufferedResponse) {
        STATUSES.lock().unwrap().push(answer.status().as_u16());
    }
    #[mirror(targets = ["https://staging.example.com"], name = "counted", on_success = answered)]
    async fn counted() {}

    let capture = Capture::start();
    for _ in 0..3 {
        get(counted, "/").await;
    }
    assert_eq!(capture.copies().await.len(), 3);
    let target = mirror_named("counted").unwrap().stats().targets.remove(0);
    assert_eq!((target.sent, target.answered, target.in_flight), (3, 3, 0));
    assert_eq!(*STATUSES.lock().unwrap(), [200, 200, 200]);
}

#[tokio::test]
async fn copies_come_one_after_the_other() {
    let mirror = Mirror::builder()
        .target("https://staging.example.com")
        .body(BodyMode::Tee)
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(async |body: String| body)
        .layer(mirror.layer());
    let capture = Capture::start();
    for body in ["one", "two"] {
        let request = Request::post("/").body(Body::from(body)).unwrap();
        assert_eq!(ask(app.clone(), request).await, body);
        assert_eq!(capture.next().await.body(), body);
    }
    assert_eq!(capture.copies().await.len(), 2);
}
