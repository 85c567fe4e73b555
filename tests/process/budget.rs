//! The bytes that are held for copies.

use std::convert::Infallible;

use axum::{
    Router,
    body::{Body, Bytes},
    http::Request,
    routing::any,
};
use futures_util::stream;
use mirror_runtime::{BodyMode, Limits, Mirror, MirrorBuilder, ShedReason, TargetStats};

use crate::{
    TURN,
    support::{Primary, Shadow, settled},
};

/// A byte budget, until it is dropped.
struct Budget;

impl Budget {
    fn of(bytes: usize) -> Self {
        Limits::new().byte_budget(bytes).apply();
        Self
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        Limits::new().apply();
    }
}

async fn primary_of(mirror: &Mirror) -> Primary {
    let echo = any(|body: Bytes| async { body });
    Primary::start(Router::new().fallback(echo).layer(mirror.layer())).await
}

/// A body whose length is not known beforehand.
fn in_pieces(pieces: usize, length: usize) -> Body {
    let piece = Bytes::from(vec![b'x'; length]);
    let pieces = vec![Ok::<_, Infallible>(piece); pieces];
    Body::from_stream(stream::iter(pieces))
}

fn shed(stats: &TargetStats) -> u64 {
    stats.shed_for(ShedReason::ByteBudget)
}

#[tokio::test]
async fn a_budget_of_0_sheds_bodies_and_nothing_else() {
    let _turn = TURN.lock().await;
    let _budget = Budget::of(0);
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let shadow = Shadow::start().await;
        let mirror = Mirror::builder().target(shadow.url()).body(body);
        let mirror = mirror.build().unwrap();
        let primary = primary_of(&mirror).await;
        assert_eq!(primary.post("/", "hello").await.text(), "hello");
        assert_eq!(primary.post("/", in_pieces(3, 1)).await.text(), "xxx");
        assert_eq!(primary.get("/").await.text(), "");
        assert_eq!(primary.post("/", "").await.text(), "");
        let stats = settled(&mirror, 4).await.remove(0);
        assert_eq!((shed(&stats), stats.answered), (2, 2), "{body:?}: {stats}");
    }
}

#[tokio::test]
async fn a_body_is_held_once_for_all_targets_and_until_the_last_copy_has_ended() {
    let _turn = TURN.lock().await;
    let _budget = Budget::of(100_000);
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let (first, second) = (Shadow::holding().await, Shadow::holding().await);
        let targets = [first.url(), second.url()];
        let builder = targets
            .into_iter()
            .fold(Mirror::builder(), MirrorBuilder::target);
        let mirror = builder.body(body).build().unwrap();
        let primary = primary_of(&mirror).await;
        let text = "x".repeat(60_000);
        // 60 of 100 kB for both; then there is room for 30 and a bit, but not for 60.
        for sent in [
            Body::from(text.clone()),
            text.clone().into(),
            in_pieces(6, 10_000),
            in_pieces(3, 10_000),
        ] {
            assert!(text.starts_with(primary.post("/", sent).await.text()));
        }
        for stats in mirror.stats().targets {
            assert_eq!((stats.in_flight, shed(&stats)), (2, 2), "{body:?}: {stats}");
            assert_eq!(stats.bytes, 90_000);
        }
        // One of two copies has ended: the bodies are still held.
        first.release();
        second.receives(2).await;
        while mirror.stats().targets[0].in_flight > 0 {
            tokio::task::yield_now().await;
        }
        primary.post("/", text).await;
        assert_eq!(shed(&mirror.stats().targets[0]), 3, "{body:?}");
        second.release();
        settled(&mirror, 5).await;
        // All of it is given back.
        assert_eq!(
            primary.post("/", "x".repeat(100_000)).await.body.len(),
            100_000
        );
        let stats = settled(&mirror, 6).await;
        assert!(stats.iter().all(|target| target.answered == 3), "{stats:?}");
    }
}

#[tokio::test]
async fn a_client_that_goes_away_gives_its_bytes_back() {
    use tokio::io::AsyncWriteExt;

    let _turn = TURN.lock().await;
    let _budget = Budget::of(100_000);
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = primary_of(&mirror).await;
    for gone in 1..=3 {
        let mut client = primary.connect().await;
        let begun = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nhello";
        client.write_all(begun).await.unwrap();
        drop(client);
        let stats = settled(&mirror, gone).await.remove(0);
        assert_eq!((stats.skipped, stats.shed), (gone, 0), "{stats}");
    }
    primary.post("/", "x".repeat(100)).await;
    assert_eq!(settled(&mirror, 4).await[0].answered, 1);
}

/// A request whose head is as large as this, in one of the places where a client can make it large.
fn of_size(place: &str, size: usize) -> Request<Body> {
    let large = "x".repeat(size);
    let request = match place {
        "value" => Request::get("/").header("x-large", large),
        "name" => Request::get("/").header(large, "1"),
        "path" => Request::get(format!("/{large}")),
        _ => Request::get(format!("/?{large}")),
    };
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn large_heads_are_held_for_each_target() {
    let _turn = TURN.lock().await;
    let _budget = Budget::of(15_000);
    for place in ["value", "name", "path", "query"] {
        let shadows = [Shadow::start().await, Shadow::start().await];
        let mirror = Mirror::new(shadows.each_ref().map(Shadow::url)).unwrap();
        let primary = primary_of(&mirror).await;
        for (requests, size) in (1..).zip([3_000, 10_000, 20_000]) {
            primary.send(of_size(place, size)).await;
            settled(&mirror, requests).await;
        }
        // There is room for both copies of the first, which need none, for one of the second and for none of the third.
        let stats = mirror.stats().targets;
        let outcomes: Vec<_> = stats
            .iter()
            .map(|target| (target.answered, shed(target)))
            .collect();
        assert_eq!(outcomes, [(2, 1), (1, 2)], "{place}");
    }
}
