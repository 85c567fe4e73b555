//! A panic of a candidate is a failure of its copy, wherever it happens, and reaches nobody else.

use std::{
    future::{Ready, pending, ready},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{FromRequestParts, State},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use http::request::Parts;
use mirror_runtime::{FailureKind, MirrorError, Target, mirror};
use testkit::{Primary, mirror_named};

/// Panics as its name says.
#[derive(Clone, Default)]
struct Panics;

impl<S: Sync> FromRequestParts<S> for Panics {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        assert!(
            !parts.headers.contains_key("x-mirrored-from"),
            "an extractor that panics on purpose"
        );
        Ok(Self)
    }
}

struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("a destructor that panics on purpose");
    }
}

struct PanicsAsAnswer;

impl IntoResponse for PanicsAsAnswer {
    fn into_response(self) -> Response {
        panic!("an answer that panics on purpose")
    }
}

#[mirror(
    targets = [
        handler(before_its_first_await),
        handler(in_an_extractor),
        handler(in_its_answer),
        handler(in_its_body),
        target(handler(when_it_is_cut), timeout = "50ms"),
        handler(in_no_way),
    ],
    state = Log,
    on_error = note,
    sync = true,
)]
async fn primary(State(_): State<Log>) -> &'static str {
    "primary"
}

type Log = Arc<Mutex<Vec<&'static str>>>;

fn before_its_first_await() -> Ready<()> {
    panic!("a function that panics on purpose")
}

async fn in_an_extractor(_: Panics) {}

async fn in_its_answer() -> PanicsAsAnswer {
    PanicsAsAnswer
}

async fn in_its_body() -> Body {
    let mut pieces = 0;
    Body::from_stream(stream::poll_fn(move |_| {
        pieces += 1;
        assert!(pieces < 3, "a body that panics on purpose");
        std::task::Poll::Ready(Some(Ok::<_, std::io::Error>(Bytes::from_static(b"piece"))))
    }))
}

async fn when_it_is_cut() {
    let _guard = PanicsOnDrop;
    pending::<()>().await;
}

async fn in_no_way(State(log): State<Log>) {
    log.lock().unwrap().push("in no way");
    ready(()).await;
}

static ERRORS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn note(target: &Target, error: &MirrorError) {
    ERRORS.lock().unwrap().push(format!("{target}: {error}"));
}

#[tokio::test]
async fn a_panic_is_a_failure_of_the_copy_and_reaches_nobody_else() {
    let log = Log::default();
    let app = Router::new().route("/", get(primary));
    let server = Primary::start(app.with_state(Arc::clone(&log))).await;
    assert_eq!(server.get("/").await.text(), "primary");
    let stats = mirror_named("tests::handler_targets::panics::primary").stats();
    let failed: Vec<_> = stats
        .targets
        .iter()
        .map(|target| {
            let mut kinds = FailureKind::ALL.iter().copied();
            let kind = kinds.find(|kind| target.failed_with(*kind) == 1);
            assert_eq!((target.received, target.in_flight), (1, 0), "{target}");
            (target.name.as_str(), kind)
        })
        .collect();
    assert_eq!(
        failed,
        [
            (
                "handler(before_its_first_await)",
                Some(FailureKind::Panicked)
            ),
            ("handler(in_an_extractor)", Some(FailureKind::Panicked)),
            ("handler(in_its_answer)", Some(FailureKind::Panicked)),
            ("handler(in_its_body)", Some(FailureKind::Body)),
            ("handler(when_it_is_cut)", Some(FailureKind::Timeout)),
            ("handler(in_no_way)", None),
        ]
    );
    assert_eq!(*log.lock().unwrap(), ["in no way"]);
    let mut errors = ERRORS.lock().unwrap().clone();
    errors.sort();
    assert_eq!(
        errors,
        [
            "handler(before_its_first_await): the handler panicked",
            "handler(in_an_extractor): the handler panicked",
            "handler(in_its_answer): the handler panicked",
            "handler(in_its_body): response body interrupted: the handler panicked",
            "handler(when_it_is_cut): no complete response within 50ms",
        ]
    );
}
