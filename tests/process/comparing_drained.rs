//! What is compared, and told of, when the program ends.

use std::{
    convert::Infallible,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
    routing::get,
};
use http::Request;
use http_body_util::BodyExt;
use mirror_runtime::{BufferedResponse, CompareMode, Mirror, ShedReason, Verdict};
use testkit::{Primary, Shadow, eventually, until};
use tower::{Layer, ServiceExt};

use crate::TURN;

/// Something that blocks a thread until it is opened. Dropped, it is open, so that a test that
/// fails blocks no other.
#[derive(Default)]
struct Door(Arc<Lock>);

type Lock = (Mutex<bool>, Condvar);

impl Door {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn wait(door: &Lock) {
        let is_open = door.0.lock().unwrap();
        drop(door.1.wait_while(is_open, |is_open| !*is_open).unwrap());
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.open();
    }
}

/// On one thread, where the task that hands the responses over cannot run before the drain has
/// looked.
#[tokio::test(flavor = "current_thread")]
async fn a_drain_waits_for_answers_that_are_being_handed_over() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::answering(|_| Response::new(Body::from("same"))).await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .compare(CompareMode::Bytes)
        .build()
        .unwrap();
    let stats = mirror.clone();
    let handler = tower::service_fn(move |_: Request<Body>| {
        let stats = stats.clone();
        async move {
            until("the shadow is first", || {
                stats.stats().targets[0].answered == 1
            })
            .await;
            Ok::<_, Infallible>(Response::new(Body::from("same")))
        }
    });
    let request = Request::get("http://a/").body(Body::empty()).unwrap();
    let service = mirror.layer().layer(handler);
    let answer: Response = service.oneshot(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "same");
    assert_eq!(mirror.report().targets[0].compared, 0);
    mirror_runtime::drain(Duration::from_hours(1)).await;
    assert_eq!(mirror.report().targets[0].compared, 1);
}

#[tokio::test]
async fn a_drain_waits_for_who_is_told_of_a_mismatch() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::answering(|_| Response::new(Body::from("other"))).await;
    let door = Door::default();
    let (waits, told) = (Arc::clone(&door.0), Arc::new(Mutex::new(0)));
    let tells = Arc::clone(&told);
    let mirror = Mirror::builder()
        .target(shadow.url())
        .compare(CompareMode::Bytes)
        .on_mismatch(move |_| {
            Door::wait(&waits);
            *tells.lock().unwrap() += 1;
        })
        .build()
        .unwrap();
    let primary = Primary::start(crate::app(&mirror)).await;
    for _ in 0..3 {
        primary.get("/").await;
    }
    until("all are compared", || {
        mirror.report().targets[0].mismatched == 3
    })
    .await;
    let drain = tokio::spawn(mirror_runtime::drain(Duration::from_hours(1)));
    // Once copies are shed, the drain has begun.
    while mirror.stats().targets[0].shed_for(ShedReason::Draining) == 0 && !drain.is_finished() {
        primary.get("/").await;
    }
    assert!(!drain.is_finished());
    door.open();
    let drained = eventually("the drain", drain).await.unwrap();
    assert_eq!(drained.cut, 0);
    assert_eq!(*told.lock().unwrap(), mirror.report().targets[0].mismatched);
}

static BLOCKED: Mutex<Option<Arc<Lock>>> = Mutex::new(None);

fn block(_: &BufferedResponse, _: &BufferedResponse) -> Verdict {
    let door = BLOCKED.lock().unwrap().clone();
    Door::wait(&door.unwrap());
    Verdict::Match
}

#[tokio::test]
async fn a_comparison_that_blocks_leaves_the_others() {
    let _turn = TURN.lock().await;
    let door = Door::default();
    *BLOCKED.lock().unwrap() = Some(Arc::clone(&door.0));
    let shadow = Shadow::answering(|_| "primary".into_response()).await;
    let mirror = |mode| {
        let builder = Mirror::builder().target(shadow.url());
        builder.compare(mode).build().unwrap()
    };
    let (blocks, goes_on) = (
        mirror(CompareMode::Custom(block)),
        mirror(CompareMode::Bytes),
    );
    let app = Router::new()
        .route("/", get(async || "primary").layer(goes_on.layer()))
        .route("/blocks", get(async || "primary").layer(blocks.layer()));
    let primary = Primary::start(app).await;
    primary.get("/blocks").await;
    for _ in 0..10 {
        primary.get("/").await;
    }
    until("the others are compared", || {
        goes_on.report().targets[0].matched == 10
    })
    .await;
    assert_eq!(blocks.report().targets[0].compared, 0);
    door.open();
    until("it is compared, too", || {
        blocks.report().targets[0].matched == 1
    })
    .await;
}
