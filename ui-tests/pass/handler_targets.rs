//! Handlers of the same program as targets.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{FromRef, Path, Request, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::any,
};
use mirror_runtime::mirror;

#[derive(Clone)]
struct AppState {
    name: Arc<str>,
}

impl FromRef<AppState> for Arc<str> {
    fn from_ref(state: &AppState) -> Self {
        Arc::clone(&state.name)
    }
}

async fn nothing_v2() -> impl IntoResponse {}

#[mirror(targets = [handler(nothing_v2)])]
async fn nothing() {}

mod v2 {
    use super::{Arc, Body, Path, Request, Response, State};

    pub async fn parts(name: State<Arc<str>>, id: Path<u64>) -> String {
        format!("{name:?} {id:?}")
    }

    pub async fn request(_: State<Arc<str>>, request: Request) -> Response<Body> {
        Response::new(request.into_body())
    }

    pub async fn generic<T: Default + Send + ToString>(_: State<Arc<str>>, _: Path<u64>) -> String {
        T::default().to_string()
    }
}

#[mirror(
    targets = [
        handler(v2::parts),
        "https://staging.example.com",
        target(handler(v2::generic::<u8>), percentage = 5, timeout = "1s", name = "generic"),
        handler(v2::generic::<u16>),
    ],
    compare = "json",
)]
async fn parts(name: State<Arc<str>>, id: Path<u64>) -> String {
    format!("{name:?} {id:?}")
}

#[mirror(targets = [handler(v2::request)], sync = true)]
async fn request(name: State<Arc<str>>, request: Request) -> Json<u64> {
    drop((name, request));
    Json(1)
}

async fn other_v2(_: HeaderMap, Extension(_): Extension<u8>, State(_): State<AppState>, _: String) {}

#[mirror(targets = [handler(other_v2), handler(nothing_v2), handler(parts)], state = AppState)]
async fn other(_: Json<u64>) {}

#[mirror(targets = [handler(nothing_v2)], state = AppState)]
async fn no_argument() {}

async fn borrowed_v2(_: State<&'static str>, _: Path<u64>) {}

#[mirror(targets = [handler(borrowed_v2)])]
async fn borrowed(_: State<&'static str>, _: Path<u64>) {}

#[mirror(targets = [handler(generic_v2::<T>)])]
async fn generic<T: Default + Send + Sync + 'static>(_: State<Arc<str>>) -> String
where
    T: ToString,
{
    T::default().to_string()
}

async fn generic_v2<T: Default + Send + Sync + 'static>(_: State<Arc<str>>) {
    drop(T::default());
}

struct Orders;

impl Orders {
    #[mirror(targets = [handler(Self::list_v2)])]
    async fn list(_: Path<u64>) {
        Self::log();
    }

    async fn list_v2(_: Path<u64>) {
        Self::log();
    }

    fn log() {}
}

fn main() {
    let _: Router = Router::new()
        .route("/nothing", any(nothing))
        .route("/parts/{id}", any(parts))
        .route("/request", any(request))
        .route("/other", any(other))
        .route("/no_argument", any(no_argument))
        .route("/generic", any(generic::<u8, _, _>))
        .route("/orders/{id}", any(Orders::list))
        .with_state(AppState { name: "app".into() });
    let _: Router = Router::new().route("/{id}", any(borrowed)).with_state("state");
}
