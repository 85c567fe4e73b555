//! A `tracing` subscriber that panics. It is code of the user's like a callback, and is reached
//! from every place that has something to tell.

use std::sync::{
    Once,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{
    Router,
    body::Body,
    response::Response,
    routing::{any, get},
};
use mirror_runtime::{
    BufferedResponse, CompareMode, FailureKind, Mirror, MirrorError, NotComparedReason, SkipReason,
    Target, Verdict, mirror,
};
use testkit::{Primary, Shadow, closed_port, settled, until};
use tracing::{Event, Metadata, Subscriber, span, subscriber::Interest};

use crate::TURN;

/// When it panics: never, when it is asked whether it wants an event, or when it is told of one.
static PANICS: AtomicUsize = AtomicUsize::new(NEVER);
const NEVER: usize = 0;
const ASKED: usize = 1;
const TOLD: usize = 2;

/// How often it has.
static PANICKED: AtomicUsize = AtomicUsize::new(0);

struct Panicking;

impl Panicking {
    fn panic(at: usize, metadata: &Metadata<'_>) {
        if PANICS.load(SeqCst) == at && metadata.target().starts_with("mirror_runtime") {
            PANICKED.fetch_add(1, SeqCst);
            panic_quietly();
        }
    }
}

impl Subscriber for Panicking {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        Self::panic(ASKED, metadata);
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        Self::panic(TOLD, event.metadata());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Without a message on the terminal.
fn panic_quietly() {
    std::panic::resume_unwind(Box::new("on purpose"));
}

/// Has the process's subscriber panic, until this is dropped.
struct Panics;

impl Panics {
    fn when(at: usize) -> Self {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| tracing::subscriber::set_global_default(Panicking).unwrap());
        PANICS.store(at, SeqCst);
        Self
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        PANICS.store(NEVER, SeqCst);
    }
}

async fn primary_of(mirror: &Mirror) -> Primary {
    let app = Router::new().route("/", any(|| async { "primary" }));
    Primary::start(app.layer(mirror.layer())).await
}

fn panic_at_each(calls: &AtomicUsize) {
    calls.fetch_add(1, SeqCst);
    panic_quietly();
}

#[tokio::test]
async fn each_callback_runs_though_the_log_panics() {
    static CALLS: [AtomicUsize; 3] = [const { AtomicUsize::new(0) }; 3];
    let _turn = TURN.lock().await;
    for (round, at) in (1..).zip([ASKED, TOLD]) {
        let _panics = Panics::when(at);
        let shadow = Shadow::start().await;
        let mirror = Mirror::builder()
            .target(shadow.url())
            .on_success(|_: &Target, _: &BufferedResponse| panic_at_each(&CALLS[0]))
            .on_skip(|_: &Target, _: SkipReason| panic_at_each(&CALLS[1]))
            .when(|parts| {
                if parts.uri.query().is_some() {
                    panic_at_each(&CALLS[2]);
                }
                true
            })
            .build()
            .unwrap();
        let primary = primary_of(&mirror).await;
        for _ in 0..20 {
            assert_eq!(primary.get("/").await.text(), "primary");
            assert_eq!(primary.get("/?panics").await.text(), "primary");
        }
        let stats = settled(&mirror, 40).await.remove(0);
        assert_eq!(stats.answered, 20, "{stats}");
        until("each callback has run", || {
            CALLS.iter().all(|calls| calls.load(SeqCst) == 20 * round)
        })
        .await;
    }
    assert!(PANICKED.load(SeqCst) >= 120);
}

fn compare_badly(_: &BufferedResponse, _: &BufferedResponse) -> Verdict {
    panic_quietly();
    Verdict::Match
}

#[tokio::test]
async fn each_answer_is_compared_though_the_log_panics() {
    static MISMATCHES: AtomicUsize = AtomicUsize::new(0);
    let _turn = TURN.lock().await;
    let _panics = Panics::when(TOLD);
    let shadow = Shadow::answering(|_| Response::new(Body::from("other"))).await;
    let mirror = |mode| {
        let builder = Mirror::builder().target(shadow.url()).compare(mode);
        let builder = builder.on_mismatch(|_: &_| panic_at_each(&MISMATCHES));
        builder.build().unwrap()
    };
    let differing = mirror(CompareMode::Bytes);
    let primary = primary_of(&differing).await;
    for _ in 0..20 {
        primary.get("/").await;
    }
    until("each mismatch is told", || MISMATCHES.load(SeqCst) == 20).await;
    let panicking = mirror(CompareMode::Custom(compare_badly));
    let primary = primary_of(&panicking).await;
    for _ in 0..20 {
        primary.get("/").await;
    }
    let panicked = NotComparedReason::Panicked;
    until("each comparison has panicked", || {
        panicking.report().targets[0].not_compared_for(panicked) == 20
    })
    .await;
}

/// The log is told of failures, and that the circuit opens, where a copy ends.
#[tokio::test]
async fn each_failure_is_counted_and_reported_though_the_log_panics() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let _turn = TURN.lock().await;
    let _panics = Panics::when(TOLD);
    let before = PANICKED.load(SeqCst);
    let mirror = Mirror::builder()
        .target(closed_port().await)
        .on_error(|_: &Target, error: &MirrorError| {
            assert_eq!(error.kind(), FailureKind::Connect);
            CALLS.fetch_add(1, SeqCst);
        })
        .build()
        .unwrap();
    let primary = primary_of(&mirror).await;
    for sent in 1..=10 {
        assert_eq!(primary.get("/").await.text(), "primary");
        settled(&mirror, sent).await;
    }
    let stats = mirror.stats().targets.remove(0);
    assert_eq!(
        (stats.failed_with(FailureKind::Connect), stats.shed),
        (5, 5)
    );
    until("each callback has run", || CALLS.load(SeqCst) == 5).await;
    // The first failure, and the circuit.
    assert!(PANICKED.load(SeqCst) >= before + 2);
}

/// Nobody is there, and the log is told that credentials would be sent over plain HTTP.
#[mirror(targets = ["http://shadow.invalid"], percentage = 0)]
async fn announced() -> &'static str {
    "primary"
}

#[tokio::test]
async fn the_first_request_of_a_handler_is_answered_though_the_log_panics() {
    let _turn = TURN.lock().await;
    let _panics = Panics::when(TOLD);
    let before = PANICKED.load(SeqCst);
    let primary = Primary::start(Router::new().route("/", get(announced))).await;
    for _ in 0..2 {
        assert_eq!(primary.get("/").await.text(), "primary");
    }
    assert_eq!(PANICKED.load(SeqCst), before + 1);
}
