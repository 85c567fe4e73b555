//! Extractors of the body that are not the last argument.

#![allow(unused)]

use axum::{
    Form, Json,
    body::Bytes,
    extract::{Multipart, Path, RawForm, Request, State},
};
use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"])]
async fn json(order: Json<u64>, id: Path<u64>) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn in_the_middle(id: Path<u64>, body: axum::body::Bytes, db: State<u64>) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn several(a: String, b: Form<u64>, c: RawForm, d: Multipart, e: Request, f: Bytes) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn inside(order: Option<Json<u64>>, text: Result<String, ()>, id: Path<u64>) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn routed(order: Json<u64>, id: Path<u64>) {}

fn main() {
    let _: axum::Router = axum::Router::new().route("/", axum::routing::get(routed));
}
