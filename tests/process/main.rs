//! What all mirrors of a process share: the bounds on copies and bytes, threads, and draining. In a
//! program of its own, because no other test must run beside these.

mod budget;
mod callbacks;
mod comparing;
mod comparing_drained;
mod few_files;
mod http2;
mod key;
mod load;
mod look_ups;
mod observers;
mod silent_primary;
mod sinks;
mod subscriber;
mod switch;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::Poll,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    response::Response,
    routing::get,
};
use futures_util::stream;
use http::Request;
use mirror_runtime::{
    CopyBody, FailureKind, Limits, Mirror, Sending, ShedReason, Transport, Unsendable,
};
use testkit::{Primary, Shadow, eventually, settled, until};
use tokio::sync::Mutex;

/// One test at a time: they share the process's copies.
static TURN: Mutex<()> = Mutex::const_new(());

fn app(mirror: &Mirror) -> Router {
    Router::new()
        .route("/", get(|| async { "primary" }))
        .layer(mirror.layer())
}

#[tokio::test]
async fn draining_waits_for_copies_in_flight() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::holding().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    primary.get("/").await;
    shadow.receives(1).await;
    let drain = tokio::spawn(mirror_runtime::drain(Duration::from_hours(1)));
    // Once copies are shed, the drain has begun.
    let mut requests = 1;
    while mirror.stats().targets[0].shed_for(ShedReason::Draining) == 0 {
        assert_eq!(primary.get("/").await.text(), "primary");
        requests += 1;
    }
    assert!(!drain.is_finished());
    shadow.release();
    let drained = eventually("the drain", drain).await.unwrap();
    assert_eq!((drained.finished > 0, drained.cut), (true, 0));
    let stats = settled(&mirror, requests).await;
    assert_eq!(stats[0].answered + stats[0].shed, requests);
}

#[tokio::test]
async fn copies_are_cut_at_the_deadline_and_counted() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::holding().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for _ in 0..3 {
        primary.get("/").await;
    }
    shadow.receives(3).await;
    let drained = mirror_runtime::drain(Duration::from_millis(10)).await;
    assert_eq!((drained.finished, drained.cut), (0, 3));
    assert_eq!(
        settled(&mirror, 3).await[0].failed_with(FailureKind::Cancelled),
        3
    );
}

/// Responds at once, with a body that never ends, and notes that somebody reads it.
#[derive(Debug)]
struct Streams(Arc<AtomicBool>);

impl Transport for Streams {
    fn send(&self, _: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
        let is_read = Arc::clone(&self.0);
        let body = stream::poll_fn(move |_| {
            is_read.store(true, SeqCst);
            Poll::<Option<Result<Bytes, Infallible>>>::Pending
        });
        let response = Response::new(Body::from_stream(body));
        Ok(Box::pin(std::future::ready(Ok(response))))
    }
}

#[tokio::test]
async fn a_response_that_has_begun_is_answered_when_a_drain_cuts_it() {
    let _turn = TURN.lock().await;
    let is_read = Arc::new(AtomicBool::new(false));
    let mirror = Mirror::builder()
        .target("http://a")
        .transport(Streams(Arc::clone(&is_read)))
        .timeout(Duration::from_hours(1))
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    primary.get("/").await;
    until("its body is read", || is_read.load(SeqCst)).await;
    let drained = mirror_runtime::drain(Duration::from_millis(10)).await;
    assert_eq!((drained.finished, drained.cut), (0, 1));
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!((stats.answered, stats.cut), (1, 1), "{stats}");
}

#[tokio::test]
async fn copies_that_another_drain_cuts_have_not_finished() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::holding_after(1).await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    let gate = Shadow::holding().await;
    let finishing = Mirror::new([gate.url()]).unwrap();
    let finishing_primary = Primary::start(app(&finishing)).await;
    for _ in 0..4 {
        primary.get("/").await;
    }
    finishing_primary.get("/").await;
    shadow.receives(4).await;
    gate.receives(1).await;
    until("one is answered", || {
        mirror.stats().targets[0].answered == 1
    })
    .await;
    let patient = tokio::spawn(mirror_runtime::drain(Duration::from_hours(1)));
    while mirror.stats().targets[0].shed_for(ShedReason::Draining) == 0 {
        primary.get("/").await;
    }
    // One ends by itself while both wait, and three do not.
    gate.release();
    until("another is answered", || {
        finishing.stats().targets[0].in_flight == 0
    })
    .await;
    let hasty = mirror_runtime::drain(Duration::ZERO).await;
    let patient = eventually("the other drain", patient).await.unwrap();
    assert_eq!((patient.finished, patient.cut), (1, 3));
    // What had ended before it began is not its affair.
    assert_eq!(hasty.cut, 3);
    assert!(hasty.finished <= 1);
}

#[tokio::test]
async fn nothing_in_flight_is_drained_at_once() {
    let _turn = TURN.lock().await;
    let drained = mirror_runtime::drain(Duration::from_hours(1)).await;
    assert_eq!((drained.finished, drained.cut), (0, 0));
}

#[tokio::test]
async fn copies_leave_again_after_a_drain() {
    let _turn = TURN.lock().await;
    mirror_runtime::drain(Duration::ZERO).await;
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    primary.get("/").await;
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

/// Sends copies nowhere, and never ends.
#[derive(Debug)]
struct Silence;

impl Transport for Silence {
    fn send(&self, _: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
        Ok(Box::pin(std::future::pending()))
    }
}

#[tokio::test]
async fn copies_beyond_the_bound_are_shed_and_the_client_is_answered() {
    let _turn = TURN.lock().await;
    // However few files may be open here: this transport needs none.
    Limits::new().max_connections(usize::MAX).apply();
    let mirror = Mirror::builder()
        .target("http://a")
        .target("http://b")
        .transport(Silence)
        .max_in_flight(10_000)
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for _ in 0..520 {
        assert_eq!(primary.get("/").await.text(), "primary");
    }
    let targets = mirror.stats().targets;
    let in_flight: u64 = targets.iter().map(|target| target.in_flight).sum();
    let shed: u64 = targets
        .iter()
        .map(|target| target.shed_for(ShedReason::ProcessInFlightLimit))
        .sum();
    assert_eq!((in_flight, shed), (1024, 16));
    assert_eq!(mirror_runtime::drain(Duration::ZERO).await.cut, 1024);
    Limits::new().apply();
}
