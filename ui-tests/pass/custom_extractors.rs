//! Extractors of the user's own, also where they stand last.

use axum::{
    RequestPartsExt, Router,
    extract::{FromRequest, FromRequestParts, OptionalFromRequestParts, Query, Request},
    http::{StatusCode, request::Parts},
    response::IntoResponse,
    routing::{get, post},
};
use mirror_runtime::mirror;

struct User(String);

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let Query(name) = parts
            .extract::<Query<String>>()
            .await
            .map_err(|_| StatusCode::UNAUTHORIZED)?;
        Ok(Self(name))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for User {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(None)
    }
}

struct Checked(Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Checked {
    type Rejection = axum::response::Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let body = axum::body::Bytes::from_request(request, state).await;
        body.map(|body| Self(body.to_vec()))
            .map_err(IntoResponse::into_response)
    }
}

/// Only with this state.
struct OfApp;

#[derive(Clone)]
struct App;

impl FromRequestParts<App> for OfApp {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self)
    }
}

#[mirror(targets = ["https://staging.example.com"])]
async fn user(User(name): User) -> String {
    name
}

#[mirror(targets = ["https://staging.example.com"])]
async fn maybe_user(user: Option<User>, again: Result<User, StatusCode>) -> String {
    format!("{} {}", user.is_some(), again.is_ok())
}

#[mirror(targets = ["https://staging.example.com"])]
async fn checked(_: User, Checked(body): Checked) -> Vec<u8> {
    body
}

#[mirror(targets = ["https://staging.example.com"])]
async fn of_app(_: OfApp) {}

fn main() {
    let _: Router = Router::new()
        .route("/user", get(user))
        .route("/maybe", get(maybe_user))
        .route("/checked", post(checked))
        .route("/app", get(of_app))
        .with_state(App);
}
