//! Anything that is `IntoResponse`, named or not.

use std::convert::Infallible;

use axum::{
    Json, Router,
    extract::Path,
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use mirror_runtime::mirror;

struct ApiError;

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

#[mirror(targets = ["https://staging.example.com"])]
async fn unit() -> () {}

#[mirror(targets = ["https://staging.example.com"])]
async fn text() -> &'static str {
    "text"
}

#[mirror(targets = ["https://staging.example.com"])]
async fn result(Path(id): Path<u64>) -> Result<Json<u64>, ApiError> {
    let id = if id == 0 { Err(ApiError)? } else { id };
    if id == 1 {
        return Err(ApiError);
    }
    Ok(Json(id))
}

#[mirror(targets = ["https://staging.example.com"])]
async fn opaque() -> impl IntoResponse {
    (StatusCode::ACCEPTED, HeaderMap::new(), Html("accepted"))
}

#[mirror(targets = ["https://staging.example.com"])]
async fn opaque_inside(_: Path<u64>) -> Result<impl IntoResponse, Infallible> {
    Ok("opaque")
}

fn main() {
    let _: Router = Router::new()
        .route("/unit", get(unit))
        .route("/text", get(text))
        .route("/result/{id}", get(result))
        .route("/opaque", get(opaque))
        .route("/inside/{id}", get(opaque_inside));
}
