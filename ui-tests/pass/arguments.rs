//! Handlers with any number of extractors, the body last.

use std::collections::HashMap;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        FromRef, Path, Query, Request, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderMap, Method, Uri, Version},
    routing::{any, get, post},
};
use mirror_runtime::mirror;
use serde::Deserialize;

#[derive(Clone)]
struct Db;

#[derive(Clone)]
struct Cache;

#[derive(Clone)]
struct App {
    db: Db,
    cache: Cache,
}

impl FromRef<App> for Db {
    fn from_ref(app: &App) -> Self {
        app.db.clone()
    }
}

impl FromRef<App> for Cache {
    fn from_ref(app: &App) -> Self {
        app.cache.clone()
    }
}

#[derive(Deserialize)]
struct NewOrder {
    amount: u64,
}

type Params = HashMap<String, String>;

#[mirror(targets = ["https://staging.example.com"])]
async fn none() {}

#[mirror(targets = ["https://staging.example.com"])]
async fn parts(Path(id): Path<u64>, Query(params): Query<Params>) -> String {
    format!("{id}: {}", params.len())
}

#[mirror(targets = ["https://staging.example.com"])]
async fn substates(State(_): State<Db>, State(_): State<Cache>, State(_): State<App>) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn body(State(_): State<Db>, headers: HeaderMap, Json(order): Json<NewOrder>) -> String {
    format!("{} {}", headers.len(), order.amount)
}

#[mirror(targets = ["https://staging.example.com"])]
async fn bytes(body: Bytes) -> Bytes {
    body
}

#[mirror(targets = ["https://staging.example.com"])]
async fn whole_request(request: Request) -> String {
    request.uri().to_string()
}

#[mirror(targets = ["https://staging.example.com"])]
async fn optional(id: Option<Path<u64>>, order: Option<Json<NewOrder>>) -> String {
    format!("{} {}", id.is_some(), order.is_some())
}

#[mirror(targets = ["https://staging.example.com"])]
async fn fallible(
    params: Result<Query<Params>, QueryRejection>,
    order: Result<Json<NewOrder>, JsonRejection>,
) -> String {
    format!("{} {}", params.is_ok(), order.is_ok())
}

#[mirror(targets = ["https://staging.example.com"])]
#[rustfmt::skip]
#[allow(clippy::too_many_arguments)]
async fn sixteen(
    _: Method, _: Uri, _: Version, _: HeaderMap,
    _: Method, _: Uri, _: Version, _: HeaderMap,
    _: Method, _: Uri, _: Version, _: HeaderMap,
    _: State<Db>, _: State<Cache>, _: Query<Params>, _: Json<NewOrder>,
) {
}

fn main() {
    let _: Router = Router::new()
        .route("/", get(none))
        .route("/orders/{id}", get(parts))
        .route("/substates", get(substates))
        .route("/orders", post(body))
        .route("/bytes", post(bytes))
        .route("/whole", any(whole_request))
        .route("/optional", any(optional))
        .route("/fallible", any(fallible))
        .route("/sixteen", any(sixteen))
        .with_state(App {
            db: Db,
            cache: Cache,
        });
}
