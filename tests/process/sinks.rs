//! Records, the byte budget, and draining.

use std::sync::{Arc, Mutex as StdMutex};

use axum::routing::any;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use mirror_runtime::{Keeping, RecordedExchange, Sink, Target};
use testkit::connect_h2;
use tokio::sync::{Notify, mpsc};

use super::*;

/// Keeps what it is given, some time after it is told to.
#[derive(Clone, Debug)]
struct Log {
    kept: Arc<StdMutex<Vec<Arc<RecordedExchange>>>>,
    go_on: Arc<Notify>,
}

impl Log {
    fn new() -> Self {
        Self {
            kept: Arc::default(),
            go_on: Arc::default(),
        }
    }

    fn mirror(&self) -> Mirror {
        let target = Target::sink("log", self.clone());
        Mirror::builder().target(target).build().unwrap()
    }
}

impl Sink for Log {
    fn keep(&self, exchange: Arc<RecordedExchange>, _: &Target) -> Keeping {
        let log = self.clone();
        Box::pin(async move {
            log.go_on.notified().await;
            log.kept.lock().unwrap().push(exchange);
            Ok(())
        })
    }
}

/// A route whose response ends when the sender of its pieces is dropped.
fn streaming() -> (mpsc::UnboundedSender<&'static str>, Router) {
    let (sender, pieces) = mpsc::unbounded_channel::<&'static str>();
    let pieces = Arc::new(StdMutex::new(Some(pieces)));
    let route = any(move || {
        let pieces = pieces.lock().unwrap().take();
        async move {
            Body::from_stream(stream::unfold(pieces, |pieces| async {
                let mut pieces = pieces?;
                let piece = pieces.recv().await?;
                Some((Ok::<_, Infallible>(piece), Some(pieces)))
            }))
        }
    });
    (sender, Router::new().fallback(route))
}

#[tokio::test]
async fn a_budget_that_is_exhausted_sheds_records() {
    let _turn = TURN.lock().await;
    let log = Log::new();
    let mirror = log.mirror();
    let echo = any(|body: Bytes| async { body });
    let primary = Primary::start(Router::new().fallback(echo).layer(mirror.layer())).await;
    let body = "x".repeat(10_000);
    // Of the request, of the response, and of neither.
    for (budget, shed) in [(5_000, 1), (15_000, 2), (40_000, 2)] {
        Limits::new().byte_budget(budget).apply();
        log.go_on.notify_one();
        assert_eq!(primary.post("/", body.clone()).await.text(), body);
        let requests = if budget == 40_000 { 3 } else { shed };
        let stats = settled(&mirror, requests).await.remove(0);
        assert_eq!(
            stats.shed_for(ShedReason::ByteBudget),
            shed,
            "{budget}: {stats}"
        );
    }
    // Who keeps a record keeps its place.
    assert_eq!(log.kept.lock().unwrap().len(), 1);
    Limits::new().byte_budget(25_000).apply();
    primary.post("/", body.clone()).await;
    let stats = settled(&mirror, 4).await.remove(0);
    assert_eq!(stats.shed_for(ShedReason::ByteBudget), 3, "{stats}");
    log.kept.lock().unwrap().clear();
    log.go_on.notify_one();
    primary.post("/", body).await;
    let stats = settled(&mirror, 5).await.remove(0);
    assert_eq!((stats.answered, stats.shed), (2, 3), "{stats}");
    Limits::new().apply();
}

/// An app whose response to a client has begun, and ends when the sender of its pieces is dropped.
async fn half_a_response(
    mirror: &Mirror,
) -> (Primary, mpsc::UnboundedSender<&'static str>, Incoming) {
    let (pieces, app) = streaming();
    let primary = Primary::start(app.layer(mirror.layer())).await;
    let mut client = connect_h2(&primary).await;
    let request = Request::get("/").body(Body::empty()).unwrap();
    let mut response = client.send_request(request).await.unwrap().into_body();
    pieces.send("one").unwrap();
    assert!(response.frame().await.unwrap().unwrap().is_data());
    (primary, pieces, response)
}

#[tokio::test]
async fn draining_waits_for_responses_and_for_what_keeps_them() {
    let _turn = TURN.lock().await;
    let log = Log::new();
    let mirror = log.mirror();
    let (_primary, pieces, response) = half_a_response(&mirror).await;
    let drain = tokio::spawn(mirror_runtime::drain(Duration::from_hours(1)));
    tokio::task::yield_now().await;
    assert!(!drain.is_finished());
    drop(pieces);
    assert!(response.collect().await.unwrap().to_bytes().is_empty());
    until("it is handed over", || {
        mirror.stats().targets[0].in_flight == 1
    })
    .await;
    assert!(!drain.is_finished());
    log.go_on.notify_one();
    let drained = eventually("the drain", drain).await.unwrap();
    assert_eq!((drained.finished, drained.cut), (1, 0));
    assert_eq!(mirror.stats().targets[0].answered, 1);
    assert_eq!(log.kept.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn draining_gives_up_what_does_not_end() {
    let _turn = TURN.lock().await;
    let log = Log::new();
    let mirror = log.mirror();
    let (primary, pieces, mut response) = half_a_response(&mirror).await;
    // One that waits for its response, and one that is being kept.
    let mut client = connect_h2(&primary).await;
    let request = Request::get("/").body(Body::empty()).unwrap();
    let other = client.send_request(request).await.unwrap();
    other.into_body().collect().await.unwrap();
    until("it is handed over", || {
        mirror.stats().targets[0].in_flight == 1
    })
    .await;
    let drained = mirror_runtime::drain(Duration::from_millis(10)).await;
    assert_eq!((drained.finished, drained.cut), (0, 2));
    let stats = settled(&mirror, 2).await.remove(0);
    assert_eq!(stats.failed_with(FailureKind::Cancelled), 1);
    assert_eq!(stats.shed_for(ShedReason::Draining), 1);
    // The response goes on.
    pieces.send("two").unwrap();
    assert!(response.frame().await.unwrap().unwrap().is_data());
}
