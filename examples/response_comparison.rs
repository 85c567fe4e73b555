//! `cargo run --example response_comparison`
//!
//! Does the rewrite respond as the primary does? Each request carries an id, which the shadow
//! repeats in its response. A middleware notes what the primary answered, `on_success` what the
//! shadow answered, and whoever comes second compares the two.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, Request},
    http::{HeaderMap, StatusCode},
    middleware::{Next, from_fn},
    response::Response,
    routing::get,
};
use mirror_runtime::{BufferedResponse, Target, mirror};
use serde_json::{Value, json};
use testkit::demo::{Client, Server, print_counters, say, settle};

const REWRITE: &str = "http://127.0.0.1:20237";
const ID: &str = "x-request-id";

/// Responses wait for their counterpart here. A copy that is never answered must not make it grow
/// for ever.
const MAX_WAITING: usize = 1_000;

#[mirror(targets = [target(REWRITE, name = "rewrite")], on_success = compare_shadow)]
async fn price(Path(id): Path<u32>) -> Json<Value> {
    Json(json!({ "id": id, "cents": id * 100, "currency": "EUR", "by": "primary" }))
}

/// The rewrite: wrong for one price, and without one.
async fn rewritten_price(
    Path(id): Path<u32>,
    headers: HeaderMap,
) -> (StatusCode, HeaderMap, Json<Value>) {
    let id_only = headers
        .into_iter()
        .filter_map(|(name, value)| Some((name?, value)));
    let id_only = id_only.filter(|(name, _)| name == ID).collect();
    let cents = if id == 2 { 199 } else { id * 100 };
    let price = json!({ "id": id, "cents": cents, "currency": "EUR", "by": "rewrite" });
    match id {
        3 => (StatusCode::NOT_FOUND, id_only, Json(json!({}))),
        _ => (StatusCode::OK, id_only, Json(price)),
    }
}

#[derive(Debug)]
struct Answered {
    who: &'static str,
    status: StatusCode,
    body: Value,
}

static WAITING: LazyLock<Mutex<HashMap<String, Answered>>> = LazyLock::new(Mutex::default);

fn compare_shadow(_: &Target, answer: &BufferedResponse) {
    let Some(id) = answer.headers().get(ID).and_then(|id| id.to_str().ok()) else {
        return;
    };
    let body = serde_json::from_slice(answer.body()).unwrap_or_default();
    meet(
        id,
        Answered {
            who: "rewrite",
            status: answer.status(),
            body,
        },
    );
}

async fn compare_primary(request: Request, next: Next) -> Response {
    let id = request.headers().get(ID).and_then(|id| id.to_str().ok());
    let id = id.unwrap_or_default().to_owned();
    let (head, body) = next.run(request).await.into_parts();
    let bytes = to_bytes(body, 64 * 1024).await.unwrap_or_default();
    let answered = Answered {
        who: "primary",
        status: head.status,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    };
    meet(&id, answered);
    Response::from_parts(head, Body::from(bytes))
}

/// Leaves a response for its counterpart, or compares it where the counterpart is there already.
fn meet(id: &str, answered: Answered) {
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(other) = waiting.remove(id) else {
        if waiting.len() < MAX_WAITING {
            waiting.insert(id.to_owned(), answered);
        }
        return;
    };
    drop(waiting);
    let (primary, rewrite) = if answered.who == "primary" {
        (answered, other)
    } else {
        (other, answered)
    };
    let differences = differences(&primary, &rewrite);
    if differences.is_empty() {
        say(id, "same response");
    }
    for difference in differences {
        say(id, &difference);
    }
}

fn differences(primary: &Answered, rewrite: &Answered) -> Vec<String> {
    if primary.status != rewrite.status {
        let (primary, rewrite) = (primary.status, rewrite.status);
        return vec![format!("status: primary {primary}, rewrite {rewrite}")];
    }
    let fields = primary.body.as_object().into_iter().flatten();
    fields
        // Who answered differs on purpose.
        .filter(|(field, value)| *field != "by" && **value != rewrite.body[*field])
        .map(|(field, value)| format!("{field}: primary {value}, rewrite {}", rewrite.body[field]))
        .collect()
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let _rewrite = Server::start(
        REWRITE,
        Router::new().route("/prices/{id}", get(rewritten_price)),
    )?;
    let app = Router::new()
        .route("/prices/{id}", get(price))
        .layer(from_fn(compare_primary));
    let primary = Server::anywhere(app)?;

    let mut client = Client::connect(primary.address()).await?;
    for id in 1..=4 {
        let request = Request::get(format!("/prices/{id}")).header(ID, format!("req-{id}"));
        let answer = client.send_request(request.body(Body::empty())?).await?;
        say("client", &format!("GET /prices/{id}  ->  {}", answer.body));
        settle().await;
    }
    print_counters();
    Ok(())
}
