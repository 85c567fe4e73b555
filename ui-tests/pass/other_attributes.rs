//! Attributes of others: below the mirror they see the original function, and some work above it.

use axum::{
    Router, debug_handler,
    extract::{Path, State},
    routing::get,
};
use mirror_runtime::mirror;
use tracing::instrument;

#[mirror(targets = ["https://staging.example.com"])]
#[debug_handler]
async fn debug(State(_): State<u8>, Path(id): Path<u64>) -> String {
    id.to_string()
}

#[mirror(targets = ["https://staging.example.com"])]
#[debug_handler(state = u8)]
#[instrument(skip_all, fields(id = id))]
async fn both(Path(id): Path<u64>) -> Result<String, String> {
    tokio::task::yield_now().await;
    Ok(id.to_string())
}

#[mirror(targets = ["https://staging.example.com"])]
#[instrument]
async fn below(Path(id): Path<u64>) -> String {
    id.to_string()
}

#[instrument(skip_all)]
#[mirror(targets = ["https://staging.example.com"])]
async fn above(Path(id): Path<u64>) -> Result<String, String> {
    tokio::task::yield_now().await;
    Ok(id.to_string())
}

struct Users;

impl Users {
    const NAME: &'static str = "users";

    #[mirror(targets = ["https://staging.example.com"])]
    #[instrument(fields(name = Self::NAME))]
    async fn associated(Path(id): Path<u64>) -> String {
        id.to_string()
    }
}

fn main() {
    let _: Router = Router::new()
        .route("/debug/{id}", get(debug))
        .route("/both/{id}", get(both))
        .route("/below/{id}", get(below))
        .route("/above/{id}", get(above))
        .route("/associated/{id}", get(Users::associated))
        .with_state(0_u8);
}
