//! The bytes that are held for copies.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::Request,
    middleware::{self, Next},
    routing::any,
};
use futures_util::stream;
use mirror_runtime::{
    BodyMode, Limits, Mirror, MirrorBuilder, ShedReason, SkipReason, TargetStats,
};
use testkit::{Primary, Shadow, eventually, settled, until};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::mpsc};

use crate::TURN;

/// Far more than a test takes, and far less.
const LONG: Duration = Duration::from_mins(1);
const SOON: Duration = Duration::from_millis(20);

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
        // There is room for both copies of the first, which need none, for one of the second and
        // for none of the third.
        let stats = mirror.stats().targets;
        let outcomes: Vec<_> = stats
            .iter()
            .map(|target| (target.answered, shed(target)))
            .collect();
        assert_eq!(outcomes, [(2, 1), (1, 2)], "{place}");
    }
}

/// Heads that announce much and clients that send none of it.
async fn announce(primary: &Primary, heads: usize) -> Vec<TcpStream> {
    let mut clients = Vec::new();
    for _ in 0..heads {
        let mut client = primary.connect().await;
        let head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2000000\r\n\r\n";
        client.write_all(head).await.unwrap();
        clients.push(client);
    }
    clients
}

/// A body that is there at once is mirrored, whoever else is slow; it may have to wait for handlers
/// to read what was given up.
async fn mirrors_a_body_of(bytes: usize) {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = primary_of(&mirror).await;
    eventually("a copy", async {
        let mut requests = 0;
        while mirror.stats().targets[0].answered == 0 {
            primary.post("/", "x".repeat(bytes)).await;
            requests += 1;
            settled(&mirror, requests).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_only_announced_takes_nothing() {
    let _turn = TURN.lock().await;
    let _budget = Budget::of(3_000_000);
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let mirror = Mirror::builder().target("http://127.0.0.1:9").body(body);
        let mirror = match body {
            BodyMode::Buffer => mirror.read_ahead(LONG),
            _ => mirror,
        };
        let (reading, mut is_read) = mpsc::unbounded_channel();
        let mirror = mirror.build().unwrap();
        let app = any(move |body: Bytes| async move { body });
        let counting = middleware::from_fn(move |request: Request<Body>, next: Next| {
            reading.send(()).unwrap();
            next.run(request)
        });
        let app = Router::new().fallback(app).layer(mirror.layer());
        let primary = Primary::start(app.layer(counting)).await;
        let mut clients = announce(&primary, 32).await;
        for client in &mut clients {
            eventually("the request", is_read.recv()).await;
            // A little of it comes.
            client.write_all(b"xxx").await.unwrap();
        }
        mirrors_a_body_of(2_000_000).await;
        drop(clients);
        let stats = settled(&mirror, 32).await.remove(0);
        assert_eq!((stats.sent, stats.shed), (0, 0), "{stats}");
    }
}

#[tokio::test]
async fn slow_bodies_leave_half_of_the_budget_to_others() {
    let _turn = TURN.lock().await;
    let _budget = Budget::of(1_000_000);
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let mirror = Mirror::builder().target("http://127.0.0.1:9").body(body);
        let mirror = match body {
            BodyMode::Buffer => mirror.read_ahead(SOON),
            _ => mirror,
        };
        let mirror = mirror.build().unwrap();
        let primary = primary_of(&mirror).await;
        // Five times 190 kB: two at most fit into the half, and the others are given up when they
        // turn out to be slow.
        let mut clients = announce(&primary, 5).await;
        for client in &mut clients {
            client.write_all(&vec![b'x'; 190_000]).await.unwrap();
        }
        until("all but two are given up", || {
            shed(&mirror.stats().targets[0]) >= 3
        })
        .await;
        mirrors_a_body_of(350_000).await;
        // What is given up is held no more, although the clients still send and the handler still
        // reads.
        for client in &mut clients {
            client.write_all(b"more").await.unwrap();
        }
        mirrors_a_body_of(350_000).await;
        drop(clients);
        let stats = settled(&mirror, 5).await.remove(0);
        assert!(stats.sent == 0 && stats.shed >= 3, "{body:?}: {stats}");
        mirrors_a_body_of(800_000).await;
    }
}

#[tokio::test]
async fn a_copy_that_is_given_up_holds_nothing_while_the_handler_reads_on() {
    let _turn = TURN.lock().await;
    let _budget = Budget::of(100_000);
    let mirror = Mirror::builder().target("http://127.0.0.1:9");
    let mirror = mirror.body(BodyMode::Tee).max_body(60_000).build().unwrap();
    let primary = primary_of(&mirror).await;
    let mut client = primary.connect().await;
    let head = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    client.write_all(head).await.unwrap();
    for _ in 0..2 {
        let chunk = format!("{:x}\r\n{}\r\n", 50_000, "x".repeat(50_000));
        client.write_all(chunk.as_bytes()).await.unwrap();
    }
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::BodyTooLarge), 1, "{stats}");
    mirrors_a_body_of(75_000).await;
    drop(client);
}

#[tokio::test]
async fn large_trailers_have_a_place_as_large_headers_have() {
    let _turn = TURN.lock().await;
    let _budget = Budget::of(5_000);
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let shadow = Shadow::start().await;
        let mirror = Mirror::builder().target(shadow.url()).body(body);
        let mirror = mirror.build().unwrap();
        let primary = primary_of(&mirror).await;
        for size in [2_000, 8_000] {
            let request = format!(
                "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\
                 trailer: x-sum\r\n\r\n5\r\nhello\r\n0\r\nx-sum: {}\r\n\r\n",
                "x".repeat(size)
            );
            let response = primary.send_raw(request).await;
            assert!(response.ends_with("\r\n\r\nhello"), "{response}");
        }
        let stats = settled(&mirror, 2).await.remove(0);
        assert_eq!((stats.answered, shed(&stats)), (1, 1), "{body:?}: {stats}");
    }
}
