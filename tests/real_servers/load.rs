//! Copies to a server, and what became of them.

use std::{fs, time::Duration};

use axum::{Router, body::Body, body::Bytes, extract::DefaultBodyLimit, routing::any};
use http::{Request, StatusCode};
use mirror_runtime::{Limits, Mirror, TargetStats};
use testkit::{Shadow, settled, until};
use tower::ServiceExt;

use super::server::Server;

/// Divides the numbers below: 1 for all of them. By default a tenth is sent, which takes seconds in
/// a build for tests.
const SHARE: &str = "MIRROR_TESTS_SHARE";

/// Copies, in turn with bodies of these lengths, and one with a large one for each so many of them.
const COPIES: u64 = 20_000;
const BODIES: [usize; 3] = [0, 1024, 64 * 1024];
const LARGE: usize = 1024 * 1024;
const LARGE_EACH: u64 = 20;

/// Copies in flight at once: far fewer than are allowed, so that none is shed.
const AT_ONCE: u64 = 64;

/// Descriptors that a process may have come to need meanwhile, for no connection.
const SPARE: usize = 8;

/// Sends copies, of every third of which the path is `early`, and expects a response to each.
pub(crate) async fn responds_to_every_copy(server: Server, early: &str) {
    let well = Shadow::start().await;
    let other = Mirror::new([well.url()]).unwrap();
    let mirror = Mirror::builder().target(server.url());
    // How fast the server is beside all this is not what is asked.
    let mirror = mirror
        .timeout(Duration::from_mins(2))
        .connect_timeout(Duration::from_mins(1))
        .build()
        .unwrap();
    post(&other, "/", 0).await;
    settled(&other, 1).await;
    let before = descriptors();

    let share = std::env::var(SHARE).map_or(10, |share| share.parse().unwrap());
    let mut sent = 0;
    for (number, length) in (0..COPIES / share).zip(BODIES.into_iter().cycle()) {
        let path = if number % 3 == 1 { early } else { "/" };
        post(&mirror, path, length).await;
        sent += 1;
        if number % LARGE_EACH == 0 {
            let path = if number % 40 == 0 { early } else { "/" };
            post(&mirror, path, LARGE).await;
            sent += 1;
        }
        let in_flight = || mirror.stats().targets[0].in_flight;
        until("some have ended", || in_flight() < AT_ONCE).await;
    }
    until("all have ended", || {
        mirror.stats().targets[0].in_flight == 0
    })
    .await;
    let stats: TargetStats = mirror.stats().targets.remove(0);
    eprintln!(
        "{stats}; {} sent once more; {}",
        stats.resends, stats.latency
    );
    let answered = stats.answered_with(StatusCode::OK);
    let said = server.said();
    assert_eq!(
        (answered, stats.failed, stats.shed),
        (sent, 0, 0),
        "{stats}; {said}"
    );

    gives_back_all_bytes(&other).await;
    drop(mirror);
    drop(server);
    until("no descriptor is left", || descriptors() <= before + SPARE).await;
}

/// With a budget for one large body, one is copied: nobody else holds any.
async fn gives_back_all_bytes(other: &Mirror) {
    Limits::new().byte_budget(LARGE + 64 * 1024).apply();
    post(other, "/", LARGE).await;
    let stats = settled(other, 2).await.remove(0);
    Limits::new().apply();
    assert_eq!(stats.answered, 2, "{stats}");
}

async fn post(mirror: &Mirror, path: &str, length: usize) {
    let drain = any(|body: Bytes| async move { drop(body) });
    let app = Router::new()
        .fallback(drain)
        .layer(mirror.layer())
        .layer(DefaultBodyLimit::disable());
    let request = Request::post(path)
        .header("host", "shop.example")
        .header("content-length", length)
        .body(Body::from(vec![b'x'; length]));
    let response = app.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

/// Descriptors of this process.
fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
