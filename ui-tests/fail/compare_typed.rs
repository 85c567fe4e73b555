//! Return types that cannot be read back, or not be compared.

use axum::{Json, response::IntoResponse};
use mirror_runtime::mirror;
use serde::{Deserialize, Serialize};

#[derive(Serialize, PartialEq)]
struct NotDeserialized;

#[derive(Serialize, Deserialize)]
struct NotCompared;

#[derive(Serialize)]
struct Neither;

struct Page(String);

impl IntoResponse for Page {
    fn into_response(self) -> axum::response::Response {
        self.0.into_response()
    }
}

#[mirror(targets = ["https://staging.example.com"], compare = typed)]
async fn not_deserialized() -> Json<NotDeserialized> {
    Json(NotDeserialized)
}

#[mirror(targets = ["https://staging.example.com"], compare = typed)]
async fn not_compared() -> Json<NotCompared> {
    Json(NotCompared)
}

#[mirror(targets = ["https://staging.example.com"], compare = typed)]
async fn within() -> Result<Json<Vec<Neither>>, String> {
    Ok(Json(Vec::new()))
}

#[mirror(targets = ["https://staging.example.com"], compare = typed)]
async fn of_the_users_own() -> Page {
    Page(String::new())
}

#[mirror(targets = ["https://staging.example.com"], compare = typed)]
async fn without_a_name() -> impl IntoResponse {
    "x"
}

#[mirror(targets = ["https://staging.example.com"], compare = typed)]
async fn generic<T: Serialize + Default + Send + 'static>() -> Json<T> {
    Json(T::default())
}

fn main() {}
