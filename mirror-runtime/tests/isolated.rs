//! Mirrors that a test switches off. In a program of its own: it is for the whole process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
    routing::{get, post},
};
use mirror_runtime::{
    BodyMode, CopyBody, Keeping, Mirror, MirrorError, RecordedExchange, Sending, Sink, SkipReason,
    Target, Transport, Unsendable, mirror,
    testing::{Capture, isolate},
};
use tower::ServiceExt;

/// Counts what is really sent.
#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicUsize>);

impl Transport for Counting {
    fn send(&self, _: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
        let sent = Arc::clone(&self.0);
        Ok(Box::pin(async move {
            sent.fetch_add(1, SeqCst);
            Err(MirrorError::Request("nobody is there".into()))
        }))
    }
}

impl Sink for Counting {
    fn keep(&self, _: Arc<RecordedExchange>, _: &Target) -> Keeping {
        let kept = Arc::clone(&self.0);
        Box::pin(async move {
            kept.fetch_add(1, SeqCst);
            Ok(())
        })
    }
}

fn mirror_over(counting: &Counting, body: BodyMode) -> Mirror {
    Mirror::builder()
        .target("https://staging.example.com")
        .target(Target::sink("kept", counting.clone()))
        .transport(counting.clone())
        .percentage(50.0)
        .body(body)
        .build()
        .unwrap()
}

fn app(mirror: &Mirror) -> Router {
    let echo = async |body: String| body;
    Router::new().route("/", post(echo)).layer(mirror.layer())
}

async fn ask(app: &Router) {
    let request = Request::post("/").body(Body::from("tea")).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), "tea");
}

#[tokio::test]
async fn nothing_is_sent_without_a_capture_and_each_request_is_counted() {
    let counting = Counting::default();
    // One that was made before is switched off as well.
    let before = mirror_over(&counting, BodyMode::Buffer);
    isolate();
    isolate();
    let after = mirror_over(&counting, BodyMode::Tee);
    for mirror in [&before, &after] {
        for _ in 0..10 {
            ask(&app(mirror)).await;
        }
        for target in mirror.stats().targets {
            let off = target.skipped_for(SkipReason::SwitchedOff);
            assert_eq!((target.received, off), (10, 10), "{target}");
        }
    }
    mirror_runtime::drain(Duration::from_secs(10)).await;
    assert_eq!(counting.0.load(SeqCst), 0);
}

#[mirror(targets = ["https://staging.example.com", handler(candidate)], percentage = 10)]
async fn order() -> &'static str {
    "primary"
}

static CALLED: AtomicUsize = AtomicUsize::new(0);

async fn candidate() -> &'static str {
    CALLED.fetch_add(1, SeqCst);
    "candidate"
}

async fn order_tea() {
    let request = Request::get("/orders").body(Body::empty()).unwrap();
    let app: Router = Router::new().route("/orders", get(order));
    assert_eq!(app.oneshot(request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_capture_captures_as_if_mirrors_were_on() {
    isolate();
    order_tea().await;
    let capture = Capture::start().sampling_all();
    order_tea().await;
    let copies = capture.copies().await;
    let uris: Vec<_> = copies.iter().map(|copy| copy.uri().to_string()).collect();
    assert_eq!(uris, ["https://staging.example.com/orders"]);
    // A handler of this program is called, as it is with any capture.
    assert_eq!(CALLED.load(SeqCst), 1);
    drop(capture);
    order_tea().await;
    assert_eq!(CALLED.load(SeqCst), 1);
}

/// The copy of a request that was sampled for a capture leaves when the capture is gone.
#[tokio::test]
async fn what_was_sampled_for_a_capture_is_not_sent_after_it() {
    isolate();
    let counting = Counting::default();
    let mirror = Mirror::builder()
        .target("https://staging.example.com")
        .transport(counting.clone())
        .body(BodyMode::Tee)
        .build()
        .unwrap();
    let capture = Capture::start();
    // The handler reads the body later: its copy leaves then.
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let wait = Arc::new(std::sync::Mutex::new(Some(wait)));
    let handler = move |body: Body| async move {
        let wait = wait.lock().unwrap().take();
        if let Some(wait) = wait {
            wait.await.unwrap();
        }
        to_bytes(body, 100).await.unwrap()
    };
    let app: Router = Router::new()
        .route("/", post(handler))
        .layer(mirror.layer());
    let request = Request::post("/").body(Body::from("tea")).unwrap();
    let response = tokio::spawn(app.oneshot(request));
    tokio::task::yield_now().await;
    drop(capture);
    go.send(()).unwrap();
    assert_eq!(response.await.unwrap().unwrap().status(), 200);
    mirror_runtime::drain(Duration::from_secs(10)).await;
    assert_eq!(counting.0.load(SeqCst), 0);
    let target = mirror.stats().targets.remove(0);
    assert_eq!((target.received, target.in_flight), (1, 0), "{target}");
}
