//! A target that is another handler of the program: it gets the same request, and can do no harm.

mod bounds;
mod comparing;
mod panics;
mod request;

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{FromRef, Path, Query, State},
    routing::{any, get, post},
};
use http::StatusCode;
use mirror_runtime::{BufferedResponse, SkipReason, Target, mirror};
use serde::Deserialize;
use testkit::{Answer, Primary, Shadow, mirror_named, settled, until};

/// What a handler was called with, by the primary or by the mirror.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    /// All lines, in alphabetical order: primary and candidate run at the same time.
    fn lines(&self) -> Vec<String> {
        let mut lines = self.0.lock().unwrap().clone();
        lines.sort();
        lines
    }
}

#[derive(Clone)]
struct AppState {
    log: Log,
    tenant: &'static str,
}

impl FromRef<AppState> for Log {
    fn from_ref(state: &AppState) -> Self {
        state.log.clone()
    }
}

#[derive(Deserialize)]
struct Page {
    number: u32,
}

#[mirror(targets = [handler(other_v2)], state = AppState)]
async fn other(State(log): State<Log>, Path(id): Path<u64>) -> String {
    log.note(format!("primary {id}"));
    "primary".to_owned()
}

/// Other arguments, in another order, and the body.
async fn other_v2(Path(id): Path<u64>, State(state): State<AppState>, body: String) {
    state.log.note(format!("v2 {id} {} {body}", state.tenant));
}

#[tokio::test]
async fn a_candidate_may_have_other_arguments_where_the_state_is_named() {
    let log = Log::default();
    let app = Router::new().route("/{id}", post(other));
    let app = app.with_state(AppState {
        log: log.clone(),
        tenant: "a",
    });
    let primary = Primary::start(app).await;
    assert_eq!(primary.post("/7", "body").await.text(), "primary");
    settled(&mirror_named("tests::handler_targets::other"), 1).await;
    assert_eq!(log.lines(), ["primary 7", "v2 7 a body"]);
}

#[mirror(targets = [handler(rejecting_v2)], state = ())]
async fn rejecting() {}

async fn rejecting_v2(Query(_): Query<Page>) {}

#[tokio::test]
async fn a_request_that_a_candidate_rejects_is_answered() {
    let primary = Primary::start(Router::new().route("/", get(rejecting))).await;
    assert_eq!(primary.get("/").await.status, 200);
    let stats = settled(&mirror_named("tests::handler_targets::rejecting"), 1).await;
    assert_eq!(
        stats[0].answered_with(StatusCode::BAD_REQUEST),
        1,
        "{}",
        stats[0]
    );
}

const MIXED: &str = "http://127.77.0.150:20101";

#[mirror(
    targets = [
        handler(first),
        MIXED,
        target(handler(second), percentage = 50, name = "second"),
    ],
    on_success = seen,
)]
async fn mixed(State(_): State<Log>) -> &'static str {
    "primary"
}

async fn first(State(log): State<Log>) -> (StatusCode, &'static str) {
    log.note("first");
    (StatusCode::CREATED, "the first")
}

async fn second(State(log): State<Log>) -> (StatusCode, &'static str) {
    log.note("second");
    (StatusCode::ACCEPTED, "the second")
}

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn seen(target: &Target, response: &BufferedResponse) {
    let body = String::from_utf8_lossy(response.body()).into_owned();
    let line = format!("{target} {} {body}", response.status().as_u16());
    SEEN.lock().unwrap().push(line);
}

#[tokio::test]
async fn servers_and_handlers_are_targets_side_by_side() {
    let shadow = Shadow::at(MIXED).await;
    let log = Log::default();
    let app = Router::new().route("/", get(mixed)).with_state(log.clone());
    let primary = Primary::start(app).await;
    for _ in 0..10 {
        assert_eq!(primary.get("/").await.text(), "primary");
    }
    let stats = settled(&mirror_named("tests::handler_targets::mixed"), 10).await;
    let answered: Vec<_> = stats
        .iter()
        .map(|target| (target.name.as_str(), target.answered))
        .collect();
    let half = stats[2].answered;
    assert!((4..=6).contains(&half), "{half}");
    assert_eq!(
        answered,
        [("handler(first)", 10), (MIXED, 10), ("second", half)]
    );
    assert_eq!(stats[2].skipped_for(SkipReason::NotSampled), 10 - half);
    shadow.receives(10).await;
    let half = usize::try_from(half).unwrap();
    let mut expected = vec!["first"; 10];
    expected.extend(vec!["second"; half]);
    assert_eq!(log.lines(), expected);
    // A copy is counted before its callback is called.
    let all = 20 + half;
    until("every answer was seen", || {
        SEEN.lock().unwrap().len() == all
    })
    .await;
    let seen = SEEN.lock().unwrap();
    let count = |line: &str| seen.iter().filter(|seen| *seen == line).count();
    assert_eq!(count("handler(first) 201 the first"), 10);
    assert_eq!(count("second 202 the second"), half);
}

#[mirror(targets = [handler(mirrored_itself)], state = Log)]
async fn outer(State(log): State<Log>) {
    log.note("outer");
}

#[mirror(targets = [handler(outer)], state = Log)]
async fn mirrored_itself(State(log): State<Log>) {
    log.note("inner");
}

#[tokio::test]
async fn a_candidate_that_is_mirrored_itself_makes_no_loop() {
    let log = Log::default();
    let app = Router::new().route("/", any(outer)).with_state(log.clone());
    let primary = Primary::start(app).await;
    primary.get("/").await;
    let stats = settled(&mirror_named("tests::handler_targets::outer"), 1).await;
    assert_eq!(stats[0].answered, 1);
    let inner = settled(&mirror_named("tests::handler_targets::mirrored_itself"), 1).await;
    assert_eq!(inner[0].skipped_for(SkipReason::Loop), 1);
    assert_eq!(log.lines(), ["inner", "outer"]);
}

struct Methods;

impl Methods {
    #[mirror(targets = [handler(Self::list_v2), handler(list)])]
    #[allow(clippy::unused_async, reason = "as handlers are")]
    async fn list(State(log): State<Log>) -> &'static str {
        log.note(Self::NAME);
        Self::NAME
    }

    const NAME: &'static str = "primary";

    #[expect(clippy::unused_async, reason = "it is a handler")]
    async fn list_v2(State(log): State<Log>) {
        log.note("method");
    }
}

async fn list(State(log): State<Log>) {
    log.note("function");
}

#[tokio::test]
async fn associated_functions_are_handlers_too() {
    let log = Log::default();
    let app = Router::new().route("/", get(Methods::list));
    let primary = Primary::start(app.with_state(log.clone())).await;
    let Answer { body, .. } = primary.get("/").await;
    assert_eq!(body, "primary");
    let stats = settled(&mirror_named("tests::handler_targets::Methods::list"), 1).await;
    assert_eq!(stats[0].name, "handler(Self::list_v2)");
    assert_eq!(log.lines(), ["function", "method", "primary"]);
}
