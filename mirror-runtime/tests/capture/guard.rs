//! How far a capture reaches, and what it says where a test would wait for ever.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, body::Body, http::Request};
use mirror_runtime::{
    CopyBody, Mirror, MirrorError, Sending, Transport, Unsendable, mirror, testing::Capture,
};

use crate::{ask, get, until};

#[mirror(targets = ["https://staging.example.com"])]
async fn shared() {}

#[test]
fn tests_that_run_at_once_get_their_own_copies() {
    let test = |name: &'static str| {
        move || {
            let runtime = tokio::runtime::Builder::new_multi_thread();
            let mut runtime = { runtime };
            let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let capture = Capture::start();
                for _ in 0..50 {
                    tokio::spawn(get(shared, name)).await.unwrap();
                }
                let copies = capture.copies().await;
                assert_eq!(copies.len(), 50);
                assert!(copies.iter().all(|copy| copy.uri().path() == name));
            });
        }
    };
    std::thread::scope(|scope| {
        let tests = ["/a", "/b", "/c"].map(|name| scope.spawn(test(name)));
        for test in tests {
            test.join().unwrap();
        }
    });
}

/// Counts what is sent, and fails.
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

#[tokio::test]
async fn copies_are_sent_again_when_the_guard_is_gone_but_for_those_of_requests_before() {
    let transport = Counting::default();
    let mirror = Mirror::builder()
        .target("https://staging.example.com")
        .transport(transport.clone())
        // The response has waited for the copy.
        .sync(true)
        .build()
        .unwrap();
    let app = Router::new().fallback(async || ()).layer(mirror.layer());
    let request = || Request::get("/").body(Body::empty()).unwrap();
    let capture = Capture::start();
    ask(app.clone(), request()).await;
    assert_eq!(transport.0.load(SeqCst), 0);
    drop(capture);
    ask(app.clone(), request()).await;
    assert_eq!(transport.0.load(SeqCst), 1);

    // The copy is on a task that has not run when the guard goes: there is one thread, and nothing
    // was awaited.
    let capture = Capture::start();
    let later = Router::new().fallback(async || ());
    let mirror = Mirror::builder()
        .target("https://staging.example.com")
        .transport(transport.clone())
        .build()
        .unwrap();
    ask(later.layer(mirror.layer()), request()).await;
    assert_eq!(mirror.stats().targets[0].received, 0);
    drop(capture);
    until("the copy has ended", || {
        let target = mirror.stats().targets.remove(0);
        target.answered + target.failed == 1
    })
    .await;
    assert_eq!(transport.0.load(SeqCst), 1);
}

#[tokio::test]
#[should_panic(expected = "this runtime has a capture already")]
async fn there_is_one_at_a_time() {
    let _first = Capture::start();
    let _second = Capture::start();
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "not_sampled 1")]
async fn a_test_that_waits_in_vain_is_told_the_counters() {
    #[mirror(targets = ["https://staging.example.com"], percentage = 0)]
    async fn never() {}

    let capture = Capture::start();
    get(never, "/").await;
    capture.next().await;
}
