//! The app: the same handlers without a mirror, and with the attribute, once for each fault.

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, OriginalUri},
    http::{HeaderMap, Method, StatusCode},
    response::IntoResponse,
    routing::{any, post},
};
use http_body_util::BodyExt;
use serde_json::Value;
use testkit::Fault;

/// What extractors take of a body: the corpus has one that is larger.
const LIMIT: usize = 64;

/// Handlers that each use another part of a request, with attributes of their own.
macro_rules! handlers {
    ($(#[$attribute:meta])*) => {
        $(#[$attribute])*
        async fn echo(body: Bytes) -> Bytes {
            body
        }

        $(#[$attribute])*
        async fn stream(body: Body) -> Body {
            body
        }

        $(#[$attribute])*
        async fn head(method: Method, OriginalUri(uri): OriginalUri, headers: HeaderMap) -> String {
            format!("{method} {uri} {headers:?}")
        }

        $(#[$attribute])*
        async fn json(Json(value): Json<Value>) -> Json<Value> {
            Json(value)
        }

        $(#[$attribute])*
        async fn trailers(body: Body) -> String {
            match body.collect().await {
                Ok(body) => format!("{:?} {:?}", body.trailers().cloned(), body.to_bytes()),
                Err(error) => error.to_string(),
            }
        }

        $(#[$attribute])*
        async fn ignore() -> impl IntoResponse {
            (StatusCode::ACCEPTED, [("x-own", "1"), ("x-own", "2")])
        }

        $(#[$attribute])*
        async fn refuse() -> StatusCode {
            StatusCode::FORBIDDEN
        }

        $(#[$attribute])*
        async fn panic(body: Bytes) {
            let _ = body;
            std::panic::resume_unwind(Box::new("as a handler may"));
        }

        pub(in super::super) fn app() -> Router {
            Router::new()
                .route("/echo", any(echo))
                .route("/stream", post(stream))
                .route("/head/{*rest}", any(head))
                .route("/json", post(json))
                .route("/trailers", post(trailers))
                .route("/ignore", post(ignore))
                .route("/refuse", post(refuse))
                .route("/panic", post(panic))
                .layer(DefaultBodyLimit::max(LIMIT))
        }
    };
}

mod without {
    use super::*;

    handlers!();
}

/// The app without a mirror.
pub(super) fn plain() -> Router {
    without::app()
}

/// Where the shadow of the app below is.
pub(super) const COMPARED: &str = "http://127.77.0.116:20101";

mod compared {
    use super::*;

    handlers!(#[mirror_runtime::mirror(targets = [COMPARED], timeout = "1s", compare = "json")]);
}

/// The app whose handlers have the attribute and are compared with a shadow.
pub(super) fn comparing() -> Router {
    compared::app()
}

/// One app for each fault. Each has a shadow at an address of its own.
macro_rules! per_fault {
    ($($fault:ident $url:literal,)*) => {
        $(
            #[allow(non_snake_case, reason = "named as the fault")]
            mod $fault {
                use super::*;

                handlers!(#[mirror_runtime::mirror(targets = [$url], timeout = "100ms")]);
            }
        )*

        /// The apps whose handlers have the attribute: the fault of their shadow, its URL, and the
        /// app.
        pub(super) fn with_attributes() -> Vec<(Fault, &'static str, Router)> {
            vec![$((Fault::$fault, $url, $fault::app()),)*]
        }
    };
}

per_fault! {
    None "http://127.77.0.101:20101",
    Refused "http://127.77.0.102:20101",
    BlackHole "http://127.77.0.103:20101",
    Reset "http://127.77.0.104:20101",
    HalfAnswer "http://127.77.0.105:20101",
    ByteByByte "http://127.77.0.106:20101",
    Endless "http://127.77.0.107:20101",
    Huge "http://127.77.0.108:20101",
    Garbage "http://127.77.0.109:20101",
    HugeHeaders "http://127.77.0.110:20101",
    Informational "http://127.77.0.111:20101",
    EndlessInformational "http://127.77.0.112:20101",
    LengthTooLong "http://127.77.0.113:20101",
    LengthTooShort "http://127.77.0.114:20101",
    RedirectLoop "http://127.77.0.115:20101",
}
