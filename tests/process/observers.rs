//! Observers of all mirrors of the process.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use axum::response::Response;
use mirror_runtime::{CompareMode, Event, EventKind, Mirror, Observer, drain, observe};
use testkit::{Primary, Shadow, closed_port, settled};

use crate::{TURN, app};

/// Counts the copies of two mirrors, and takes its time.
struct Counts;

static ENDED: AtomicU64 = AtomicU64::new(0);

impl Observer for Counts {
    fn observe(&self, _: &Event<'_>) {
        thread::yield_now();
        ENDED.fetch_add(1, SeqCst);
    }

    fn is_of_interest(&self, event: &Event<'_>) -> bool {
        event.mirror.starts_with("observed-") && matches!(event.kind, EventKind::Ended { .. })
    }
}

#[tokio::test]
async fn an_observer_of_the_process_is_told_of_each_mirror_and_a_drain_waits_for_it() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::start().await;
    // One of them before the observer is there.
    let mirror = |name: &'static str| Mirror::builder().name(name).target(shadow.url()).build();
    let first = mirror("observed-1").unwrap();
    observe(Counts);
    let second = mirror("observed-2").unwrap();
    let other = mirror("another").unwrap();
    for mirror in [&first, &second, &other] {
        let primary = Primary::start(app(mirror)).await;
        for _ in 0..5 {
            primary.get("/").await;
        }
        settled(mirror, 5).await;
    }
    drain(Duration::from_secs(10)).await;
    assert_eq!(ENDED.load(SeqCst), 10);
}

/// What `on_mismatch` and `on_error` of one mirror are told, for all of them.
struct Mishaps;

static MISHAPS: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Observer for Mishaps {
    fn observe(&self, event: &Event<'_>) {
        let (mirror, target) = (event.mirror, event.target);
        let mishap = match event.kind {
            EventKind::Ended {
                outcome: Err(error),
                ..
            } => format!("{mirror} {target} {}", error.kind()),
            EventKind::Compared { comparison, .. } if comparison.differs() => {
                format!("{mirror} {target} {}", comparison.verdict)
            }
            _ => return,
        };
        MISHAPS.lock().unwrap().push(mishap);
    }

    fn is_of_interest(&self, event: &Event<'_>) -> bool {
        event.mirror.starts_with("mishaps-")
    }
}

#[tokio::test]
async fn an_observer_of_the_process_is_told_of_mismatches_and_errors_of_each_mirror() {
    let _turn = TURN.lock().await;
    observe(Mishaps);
    let shadow = Shadow::answering(|_| Response::new("[2]".into())).await;
    for (name, url) in [
        ("mishaps-1", shadow.url()),
        ("mishaps-2", closed_port().await),
    ] {
        let target = mirror_runtime::Target::new(url).unwrap().named("rewrite");
        let mirror = Mirror::builder().name(name).target(target);
        let mirror = mirror.compare(CompareMode::Bytes).build().unwrap();
        let primary = Primary::start(app(&mirror)).await;
        primary.get("/").await;
        settled(&mirror, 1).await;
    }
    drain(Duration::from_secs(10)).await;
    let mut told = std::mem::take(&mut *MISHAPS.lock().unwrap());
    told.sort();
    assert_eq!(
        told,
        ["mishaps-1 rewrite mismatch", "mishaps-2 rewrite connect"]
    );
}
