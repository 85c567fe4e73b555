//! Extractors of the user's own that have the names of axum's, and take the parts.

#![deny(warnings)]

use axum::{
    Router,
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
    routing::post,
};
use mirror_runtime::mirror;

/// The form that a page was made with: a header says which.
struct Form(String);

struct Request<T>(T);

struct Json<T>(T);

impl<S: Sync> FromRequestParts<S> for Form {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Ok(Self(parts.uri.path().to_owned()))
    }
}

impl<S: Sync, T: Default> FromRequestParts<S> for Request<T> {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        Ok(Self(T::default()))
    }
}

/// Of one state alone.
impl<T: Default> FromRequestParts<u8> for Json<T> {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &u8) -> Result<Self, StatusCode> {
        Ok(Self(T::default()))
    }
}

#[mirror(targets = ["https://staging.example.com"])]
async fn before(Form(form): Form, Request(n): Request<u8>, id: Path<u64>, body: String) -> String {
    format!("{form} {n} {} {body}", *id)
}

#[mirror(targets = ["https://staging.example.com"])]
async fn with_state(Json(n): Json<u8>, form: Result<Form, StatusCode>, body: String) -> String {
    format!("{n} {} {body}", form.is_ok())
}

#[mirror(targets = ["https://staging.example.com"])]
async fn generic<T: Default + ToString + Send + 'static>(Request(n): Request<T>, body: String) -> String {
    n.to_string() + &body
}

struct Users;

impl Users {
    #[mirror(targets = ["https://staging.example.com"])]
    async fn associated(Form(form): Form, body: String) -> String {
        form + &body
    }
}

fn main() {
    let _: Router = Router::new()
        .route("/before/{id}", post(before))
        .route("/state", post(with_state))
        .route("/generic", post(generic::<u8, _, _>))
        .route("/associated", post(Users::associated))
        .with_state(1);
}
