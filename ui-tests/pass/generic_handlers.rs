//! Handlers with generics: the state and the way of the last argument come behind the user's own.

use std::{borrow::Cow, future::Future};

use axum::{
    Router,
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
    routing::{get, post},
};
use mirror_runtime::mirror;

trait Repository: Clone + Send + Sync + 'static {
    fn find(&self, id: u64) -> impl Future<Output = String> + Send;
}

#[derive(Clone)]
struct InMemory;

impl Repository for InMemory {
    async fn find(&self, id: u64) -> String {
        id.to_string()
    }
}

#[mirror(targets = ["https://staging.example.com"])]
async fn find<R: Repository>(State(repository): State<R>, Path(id): Path<u64>) -> String {
    repository.find(id).await
}

#[mirror(targets = ["https://staging.example.com"])]
async fn find_where<R, const N: u64>(State(repository): State<R>) -> String
where
    R: Repository,
{
    repository.find(N).await
}

#[mirror(targets = ["https://staging.example.com"])]
async fn constant<const N: usize>() -> String {
    N.to_string()
}

struct Tenant<'a>(Cow<'a, str>);

impl<'a, S: Sync> FromRequestParts<S> for Tenant<'a> {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(Cow::Borrowed("tenant")))
    }
}

#[mirror(targets = ["https://staging.example.com"])]
async fn lifetime_left_out(tenant: Tenant<'_>) -> String {
    tenant.0.into_owned()
}

#[mirror(targets = ["https://staging.example.com"])]
async fn lifetimes<'a, 'b, R>(_: Tenant<'b>, tenant: Tenant<'a>, _: State<R>) -> Cow<'static, str>
where
    R: Repository + 'a,
    'b: 'a,
{
    tenant.0.into_owned().into()
}

/// A lifetime in the type of an argument must not be forgotten on the way to `Send`.
#[mirror(targets = ["https://staging.example.com"])]
async fn static_lifetime(State(name): State<&'static str>, body: String) -> String {
    tokio::task::yield_now().await;
    format!("{name} {}", body.len())
}

fn main() {
    let _: Router = Router::new()
        .route("/static", post(static_lifetime))
        .with_state("users");
    let _: Router = Router::new()
        .route("/find/{id}", get(find::<InMemory, _, _>))
        .route("/where", get(find_where::<InMemory, 7, _, _>))
        .route("/constant", get(constant::<7, _>))
        .route("/left-out", get(lifetime_left_out))
        .route("/lifetimes", get(lifetimes::<InMemory, _, _>))
        .with_state(InMemory);
}
