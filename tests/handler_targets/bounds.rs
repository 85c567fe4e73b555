//! A candidate is bounded as a copy to a server is.

use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    routing::{MethodRouter, get},
};
use futures_util::{StreamExt, stream};
use mirror_runtime::{FailureKind, ShedReason, TargetStats, mirror};
use testkit::{Primary, mirror_named, settled, until};
use tokio::sync::Semaphore;

#[mirror(targets = [target(handler(endless), timeout = "50ms")], sync = true)]
async fn cut() -> &'static str {
    "primary"
}

async fn endless() {
    pending::<()>().await;
}

#[tokio::test]
async fn a_candidate_is_cut_at_its_timeout() {
    let stats = outcome(get(cut), "tests::handler_targets::bounds::cut").await;
    assert_eq!(stats.failed_with(FailureKind::Timeout), 1, "{stats}");
}

/// What becomes of the candidate of this route, whose primary responds.
async fn outcome(route: MethodRouter, name: &str) -> TargetStats {
    let primary = Primary::start(Router::new().route("/", route)).await;
    assert_eq!(primary.get("/").await.text(), "primary");
    // In `sync` mode the outcome is there with the response.
    mirror_named(name).stats().targets.remove(0)
}

#[mirror(targets = [handler(empty)], sync = true)]
async fn left_in_the_body() -> &'static str {
    "primary"
}

/// Its body is always there, and has no bytes.
async fn empty() -> Body {
    let nothing = || Ok::<_, Infallible>(Bytes::new());
    Body::from_stream(stream::repeat_with(nothing))
}

#[tokio::test]
async fn a_candidate_whose_body_never_ends_and_has_no_bytes_is_left() {
    let name = "tests::handler_targets::bounds::left_in_the_body";
    let stats = outcome(get(left_in_the_body), name).await;
    assert_eq!((stats.answered, stats.cut), (1, 0), "{stats}");
}

#[mirror(
    targets = [target(handler(stalls), timeout = "50ms")],
    circuit_breaker = { failures = 1, cooldown = "1h" },
    sync = true
)]
async fn cut_in_the_body() -> &'static str {
    "primary"
}

/// Its body begins, and goes on never.
async fn stalls() -> Body {
    let part = stream::iter([Ok::<_, Infallible>("a part")]);
    Body::from_stream(part.chain(stream::pending()))
}

#[tokio::test]
async fn a_candidate_whose_body_never_ends_is_answered_at_its_timeout() {
    let name = "tests::handler_targets::bounds::cut_in_the_body";
    for requests in 1..=2 {
        let stats = outcome(get(cut_in_the_body), name).await;
        assert_eq!((stats.answered, stats.cut), (requests, requests), "{stats}");
    }
}

type Calls = Arc<AtomicUsize>;

#[mirror(targets = [handler(counts)], sync = true)]
async fn counted(State(_): State<Calls>) {}

async fn counts(State(calls): State<Calls>) {
    tokio::task::yield_now().await;
    calls.fetch_add(1, Ordering::SeqCst);
}

#[tokio::test]
async fn in_sync_mode_the_answer_waits_for_the_candidate() {
    let calls = Calls::default();
    let app = Router::new().route("/", get(counted));
    let primary = Primary::start(app.with_state(Arc::clone(&calls))).await;
    for expected in 1..=10 {
        primary.get("/").await;
        assert_eq!(calls.load(Ordering::SeqCst), expected);
    }
}

#[mirror(targets = [target(handler(counts), percentage = 10)])]
async fn sampled(State(_): State<Calls>) {}

#[tokio::test]
async fn a_candidate_is_sampled() {
    let calls = Calls::default();
    let app = Router::new().route("/", get(sampled));
    let primary = Primary::start(app.with_state(Arc::clone(&calls))).await;
    for _ in 0..100 {
        primary.get("/").await;
    }
    let stats = settled(
        &mirror_named("tests::handler_targets::bounds::sampled"),
        100,
    )
    .await;
    let called = calls.load(Ordering::SeqCst);
    assert!((7..=13).contains(&called), "{called}");
    assert_eq!(stats[0].answered, called as u64);
}

type Gate = Arc<Semaphore>;

#[mirror(targets = [handler(held_v2)], max_in_flight = 1)]
async fn held(State(_): State<Gate>) {}

async fn held_v2(State(gate): State<Gate>) {
    gate.acquire().await.unwrap().forget();
}

#[tokio::test]
async fn candidates_in_flight_are_bounded_and_the_answer_does_not_wait() {
    let gate = Arc::new(Semaphore::new(0));
    let app = Router::new().route("/", get(held));
    let primary = Primary::start(app.with_state(Arc::clone(&gate))).await;
    let mirror = mirror_named_after(&primary).await;
    until("a candidate is in flight", || {
        mirror.stats().targets[0].in_flight == 1
    })
    .await;
    primary.get("/").await;
    let stats = &mirror.stats().targets[0];
    assert_eq!(stats.shed_for(ShedReason::InFlightLimit), 1, "{stats}");
    gate.add_permits(1);
    assert_eq!(settled(&mirror, 2).await[0].answered, 1);
}

/// The mirror is there from the first request on.
async fn mirror_named_after(primary: &Primary) -> mirror_runtime::Mirror {
    primary.get("/").await;
    mirror_named("tests::handler_targets::bounds::held")
}

#[mirror(targets = [handler(fails)], circuit_breaker = { failures = 2, cooldown = "1h" })]
async fn broken() {}

async fn fails() {
    panic!("a candidate that panics on purpose");
}

#[tokio::test]
async fn a_candidate_that_keeps_failing_is_left_alone() {
    let primary = Primary::start(Router::new().route("/", get(broken))).await;
    let mut requests = 0;
    let stats = loop {
        assert_eq!(primary.get("/").await.status, 200);
        requests += 1;
        let mirror = mirror_named("tests::handler_targets::bounds::broken");
        let stats = settled(&mirror, requests).await;
        if requests == 5 {
            break stats;
        }
    };
    assert_eq!(
        (
            stats[0].failed_with(FailureKind::Panicked),
            stats[0].shed_for(ShedReason::CircuitOpen)
        ),
        (2, 3)
    );
}
