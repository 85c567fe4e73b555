//! The state and the way of the last argument are generics of their own: `find::<InMemory, _, _>`.

#![allow(unused)]

use axum::{Router, extract::Path, routing::get};
use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"])]
async fn constant<const N: usize>() {}

#[mirror(targets = ["https://staging.example.com"])]
async fn generic<T: Default>(id: Path<u64>) {}

fn main() {
    let _: Router = Router::new()
        .route("/constant", get(constant::<7>))
        .route("/generic", get(generic::<u8>));
}
