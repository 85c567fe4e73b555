//! No name of the user's is captured by the expansion, nor the other way round.

#![allow(dead_code, non_camel_case_types)]

use axum::{
    Router,
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
    routing::get,
};
use mirror_runtime::mirror;

const MIRROR: &::core::primitive::str = "https://staging.example.com";

struct S;
struct M;
struct MirrorState;
struct MirrorVia;
struct Response;
struct Incoming;
struct Mirror;
struct Options;
struct LazyLock;
struct Source;

impl<T: ::core::marker::Sync> FromRequestParts<T> for MirrorState {
    type Rejection = StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &T) -> Result<Self, StatusCode> {
        Ok(Self)
    }
}

mod core {}
mod std {}
mod axum_core {}

trait Send {}
trait Sync {}
trait Clone {}
trait FromRequest {}
trait IntoResponse {}

fn serve() -> (S, M, MirrorVia, Response, Incoming) {
    (S, M, MirrorVia, Response, Incoming)
}

fn incoming() -> (Mirror, Options, LazyLock, Source) {
    (Mirror, Options, LazyLock, Source)
}

enum Option {}
type String = u8;
type str = u8;

#[mirror(targets = [MIRROR], name = "names", percentage = 1)]
async fn handler(_: MirrorState, Path(_): Path<String>) -> &'static [str] {
    let _ = (serve(), incoming(), MIRROR);
    &[]
}

#[mirror(targets = [MIRROR])]
async fn generic<S: ::core::default::Default, M>(Path(id): Path<u64>) -> ::std::string::String {
    let _ = (S::default(), ::core::mem::size_of::<M>());
    format!("{id}")
}

#[mirror(targets = [MIRROR])]
async fn r#match() {}

/// Calls itself, not the function around it.
#[mirror(targets = [MIRROR])]
async fn recursive(Path(id): Path<u64>) -> &'static [str] {
    match id {
        0 => &[],
        _ => ::std::boxed::Box::pin(recursive(Path(id - 1))).await,
    }
}

fn main() {
    let _: Router = Router::new()
        .route("/handler/{id}", get(handler))
        .route("/generic/{id}", get(generic::<u8, u8, _, _>))
        .route("/match", get(r#match))
        .route("/recursive/{id}", get(recursive));
}
