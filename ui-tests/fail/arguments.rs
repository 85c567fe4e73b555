//! Arguments that have no bound, and too many of them.

#![allow(unused)]

use axum::{
    extract::{FromRequest, Path, State},
    http::Method,
};
use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"])]
async fn impl_trait(body: impl FromRequest<()>) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn impl_trait_inside(id: Path<impl Send>) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn configured(#[cfg(unix)] id: Path<u64>) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn configured_generic<#[cfg(unix)] T>(id: State<T>) {}

#[mirror(targets = ["https://staging.example.com"])]
#[rustfmt::skip]
async fn seventeen(
    _: Method, _: Method, _: Method, _: Method, _: Method, _: Method, _: Method, _: Method,
    _: Method, _: Method, _: Method, _: Method, _: Method, _: Method, _: Method, _: Method,
    seventeenth: Method,
) {
}

fn main() {}
