//! The app, with the attribute and without it.

use std::{sync::Mutex, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, OriginalUri, Request},
    middleware::map_request,
    routing::any,
};
use bytes::Bytes;
use http::{HeaderMap, Method};
use mirror_runtime::{BodyMode, Mirror, Target, drain, mirror, mirrors};
use testkit::strict::{AUTHORITY, Received};

use crate::{lock, watched};

/// Method and target of what arrived.
static ARRIVED: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());
/// Bodies that handlers read.
static READ: Mutex<Vec<Bytes>> = Mutex::new(Vec::new());

/// Small enough for inputs to be above it.
const LIMIT: usize = 8;

async fn echo(method: Method, uri: OriginalUri, headers: HeaderMap, body: Bytes) -> String {
    lock(&READ).push(body.clone());
    format!("{method} {} {headers:?} {body:?}", uri.0)
}

async fn ignore() -> &'static str {
    "ignored"
}

async fn stream(request: Request) -> Body {
    request.into_body()
}

pub(crate) fn plain() -> Router {
    Router::new()
        .route("/echo", any(echo))
        .route("/limited", any(echo).layer(DefaultBodyLimit::max(LIMIT)))
        .route("/sync", any(echo))
        .route("/tee", any(echo))
        .route("/ignore", any(ignore))
        .route("/stream", any(stream))
        .route("/nested/{*rest}", any(echo))
        .fallback(echo)
        .layer(map_request(async |request: Request| {
            request.map(watched::body)
        }))
}

pub(crate) fn mirrored() -> Router {
    Router::new()
        .route("/echo", any(attribute::echo))
        .route(
            "/limited",
            any(attribute::echo).layer(DefaultBodyLimit::max(LIMIT)),
        )
        .route("/sync", any(attribute::echo_after_copies))
        .route("/tee", any(echo).layer(tee().layer()))
        .route("/ignore", any(attribute::ignore))
        .route("/stream", any(attribute::stream))
        .route("/nested/{*rest}", any(attribute::echo))
        .fallback(attribute::echo)
        .layer(map_request(async |request: Request| {
            if let Some(target) = request.uri().path_and_query() {
                let arrived = (request.method().to_string(), target.to_string());
                lock(&ARRIVED).push(arrived);
            }
            request
        }))
}

mod attribute {
    use super::{Body, Bytes, HeaderMap, Method, OriginalUri, Request, mirror};

    #[mirror(targets = ["http://127.77.99.1:7799"])]
    pub(super) async fn echo(
        method: Method,
        uri: OriginalUri,
        headers: HeaderMap,
        body: Bytes,
    ) -> String {
        super::echo(method, uri, headers, body).await
    }

    #[mirror(targets = ["http://127.77.99.1:7799"], sync = true)]
    pub(super) async fn echo_after_copies(
        method: Method,
        uri: OriginalUri,
        headers: HeaderMap,
        body: Bytes,
    ) -> String {
        super::echo(method, uri, headers, body).await
    }

    #[mirror(targets = ["http://127.77.99.1:7799"])]
    pub(super) async fn ignore() -> &'static str {
        super::ignore().await
    }

    #[mirror(targets = ["http://127.77.99.1:7799"], max_body = "8B")]
    pub(super) async fn stream(request: Request) -> Body {
        super::stream(request).await
    }
}

fn tee() -> Mirror {
    let target = Target::new(format!("http://{AUTHORITY}")).expect("a target");
    let tee = Mirror::builder().target(target).body(BodyMode::Tee).build();
    tee.expect("a mirror")
}

/// Forgets what handlers saw.
pub(crate) fn forget() {
    lock(&ARRIVED).clear();
    lock(&READ).clear();
}

/// Waits until no copy is in flight or about to leave, and says how many were sent so far.
pub(crate) async fn settled_sent() -> u64 {
    let drained = drain(Duration::from_secs(10)).await;
    assert_eq!(drained.cut, 0, "the shadow answers");
    let targets = mirrors()
        .into_iter()
        .filter_map(|mirror| mirror.mirror())
        .flat_map(|mirror| mirror.stats().targets);
    let mut sent = 0;
    for target in targets {
        assert_eq!(target.received, target.sent + target.skipped + target.shed);
        assert_eq!(target.in_flight, 0, "{target}");
        assert_eq!(target.failed, 0, "the shadow answers: {target}");
        assert_eq!(target.shed, 0, "nothing is beyond the limits: {target}");
        sent += target.sent;
    }
    sent
}

/// Each copy is one of the requests that arrived, and has a body that its handler read.
pub(crate) fn check(received: &[Received]) {
    let mut arrived = lock(&ARRIVED);
    let read = lock(&READ);
    for copy in received {
        let original =
            |(method, target): &(String, String)| *method == copy.method && *target == copy.target;
        let index = arrived.iter().position(original);
        let index = index.unwrap_or_else(|| panic!("nobody sent {copy:?}"));
        arrived.swap_remove(index);
        let ends_in_echo = !["/ignore", "/stream", "/limited"]
            .iter()
            .any(|path| copy.target.starts_with(path));
        let whole = read.iter().any(|body| body[..] == copy.body);
        assert!(whole || !ends_in_echo, "nobody sent this body: {copy:?}");
    }
}
