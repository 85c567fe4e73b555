//! Observers of all mirrors of the process.

use std::{
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    thread,
    time::Duration,
};

use mirror_runtime::{Event, EventKind, Mirror, Observer, drain, observe};
use testkit::{Primary, Shadow, settled};

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
