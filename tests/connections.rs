//! Connections to shadows are kept for the next copy, and closed when none comes.

use std::time::Duration;

use axum::{Router, body::Body, http::Response, routing::any};
use mirror_runtime::Mirror;
use testkit::{Fault, Faulty, Primary, Shadow, settled, until};

fn app(mirror: &Mirror) -> Router {
    Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer())
}

#[tokio::test]
async fn connections_to_a_shadow_are_used_again() {
    let shadow = Shadow::answering(|_| Response::new(Body::from(vec![b'x'; 100_000]))).await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for sent in 1..=20 {
        primary.get("/").await;
        settled(&mirror, sent).await;
    }
    assert_eq!(shadow.connections(), 1);
}

/// Two mirrors of one shadow do not hold twice as many connections.
#[tokio::test]
async fn mirrors_share_connections() {
    let shadow = Shadow::start().await;
    let mirrors = [(); 2].map(|()| Mirror::new([shadow.url()]).unwrap());
    for mirror in &mirrors {
        Primary::start(app(mirror)).await.get("/").await;
        settled(mirror, 1).await;
    }
    assert_eq!(shadow.connections(), 1);
}

#[tokio::test]
async fn there_are_as_many_as_copies_in_flight_at_once() {
    let shadow = Shadow::holding().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .max_in_flight(3)
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for _ in 0..5 {
        primary.get("/").await;
    }
    shadow.receives(3).await;
    shadow.release();
    settled(&mirror, 5).await;
    for sent in 6..=10 {
        primary.get("/").await;
        settled(&mirror, sent).await;
    }
    assert_eq!(shadow.connections(), 3);
}

/// Many servers close connections that are idle. The next copy does not fail for it.
#[tokio::test]
async fn a_connection_that_the_shadow_has_closed_is_not_used() {
    let shadow = Faulty::start(Fault::RedirectLoop);
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for sent in 1..=3 {
        primary.get("/").await;
        assert_eq!(settled(&mirror, sent).await[0].answered, sent);
        shadow.hang_up();
        until("the connection is closed", || shadow.open() == 0).await;
    }
    assert_eq!(shadow.requests(), 3);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_a_while() {
    let shadow = Faulty::start(Fault::RedirectLoop);
    let mirror = Mirror::new([shadow.url()]).unwrap();
    Primary::start(app(&mirror)).await.get("/").await;
    settled(&mirror, 1).await;
    assert_eq!(shadow.open(), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    until("the connection is closed", || shadow.open() == 0).await;
}

/// A shadow that has moved is followed under constant load, too: a connection has an age, and the
/// next one looks the name up again.
#[tokio::test]
async fn a_connection_that_is_always_in_use_is_replaced_after_a_while() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    let each = Duration::from_secs(20);
    for sent in 1..=15 {
        primary.get("/").await;
        settled(&mirror, sent).await;
        assert_eq!(shadow.connections(), 1, "{sent} copies");
        tokio::time::pause();
        tokio::time::advance(each).await;
        tokio::time::resume();
    }
    primary.get("/").await;
    settled(&mirror, 16).await;
    assert_eq!(shadow.connections(), 2);
}

#[tokio::test]
async fn the_connections_of_a_runtime_end_with_it() {
    let shadow = Faulty::start(Fault::RedirectLoop);
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let of = mirror.clone();
    let other = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            Primary::start(app(&of)).await.get("/").await;
            settled(&of, 1).await;
        });
    });
    let ended = tokio::task::spawn_blocking(move || other.join()).await;
    ended.unwrap().unwrap();
    let stats = mirror.stats();
    assert_eq!(stats.targets[0].answered, 1, "{stats}");
    until("the connection is closed", || shadow.open() == 0).await;
}
