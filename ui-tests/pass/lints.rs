//! The expansion is silent where the function itself is, whatever is denied.

#![deny(warnings, missing_docs, unreachable_pub, unused_qualifications)]
#![deny(rust_2018_idioms, nonstandard_style, unused)]
#![deny(clippy::all, clippy::pedantic)]

use axum::{
    Json, Router,
    extract::{Path, State},
    response::IntoResponse,
    routing::{get, post},
};
use mirror_runtime::{MirrorError, Target, mirror};

const STAGING: &str = "https://staging.example.com";

/// An error of this API.
#[derive(Debug)]
pub enum ApiError {
    /// Nothing has this number.
    NotFound,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> axum::response::Response {
        axum::http::StatusCode::NOT_FOUND.into_response()
    }
}

fn log(target: &Target, error: &MirrorError) {
    tracing::warn!(%target, %error);
}

async fn find(id: u64) -> Result<u64, ApiError> {
    tokio::task::yield_now().await;
    if id == 0 {
        return Err(ApiError::NotFound);
    }
    Ok(id)
}

/// Finds one.
#[mirror(
    targets = [STAGING, target("https://canary.example.com", percentage = 5, timeout = "1s")],
    percentage = 12.5,
    timeout = "100s",
    max_body = "2MiB",
    on_success = |_, response| tracing::info!(status = %response.status()),
    on_error = log,
    on_skip = |_, reason| tracing::debug!(reason = reason.as_str()),
    max_in_flight = 64,
    rate_limit = "100/s",
    circuit_breaker = { failures = 3, cooldown = "30s" },
    connect_timeout = "500ms",
    body = "tee",
    when = |parts| parts.uri.query().is_none(),
    set_headers = { "x-env" = "shadow" },
)]
pub async fn get_one(State(()): State<()>, Path(id): Path<u64>) -> Result<Json<u64>, ApiError> {
    find(id).await.map(Json)
}

/// Says that it is there.
#[mirror(targets = [env("SHADOW_URL")])]
pub async fn health() -> &'static str {
    find(1).await.map_or("down", |_| "up")
}

#[mirror(targets = [STAGING])]
async fn generic<T: Default + Send + 'static>(
    State(()): State<()>,
    body: String,
) -> impl IntoResponse {
    let id = find(body.len() as u64).await;
    drop(T::default());
    id.map(Json)
}

/// Users.
#[derive(Debug)]
pub struct Users;

impl Users {
    const FIRST: u64 = 1;

    /// Finds the first.
    #[mirror(targets = [STAGING])]
    #[tracing::instrument(skip_all)]
    pub async fn first(State(()): State<()>) -> Result<Json<u64>, ApiError> {
        find(Self::FIRST).await.map(Json)
    }
}

/// All of them.
pub fn router() -> Router {
    Router::new()
        .route("/{id}", get(get_one))
        .route("/health", get(health))
        .route("/generic", post(generic::<u8, _, _>))
        .route("/first", get(Users::first))
}

/// Starts nothing.
pub fn main() {
    drop(router());
}
