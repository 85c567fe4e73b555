//! A future that cannot move between threads, and arguments that cannot.

use std::rc::Rc;

use axum::{
    Router,
    extract::{FromRequestParts, Path},
    http::request::Parts,
    routing::get,
};
use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"])]
async fn across_await(id: Path<u64>) -> String {
    let rc = Rc::new(*id);
    tokio::task::yield_now().await;
    rc.to_string()
}

struct Local(Rc<u64>);

impl<S: Sync> FromRequestParts<S> for Local {
    type Rejection = ();

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, ()> {
        Ok(Self(Rc::new(1)))
    }
}

#[mirror(targets = ["https://staging.example.com"])]
async fn argument(local: Local) -> String {
    local.0.to_string()
}

fn main() {
    let _: Router = Router::new()
        .route("/", get(across_await))
        .route("/argument", get(argument));
}
