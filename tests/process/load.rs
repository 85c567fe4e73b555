//! Many requests at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes, routing::any};
use futures_util::{StreamExt, stream::FuturesUnordered};
use mirror_runtime::{Mirror, ShedReason, TargetStats};
use testkit::{Fault, Faulty, Primary, Shadow, eventually, settled, until};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::{TURN, app};

/// Connections take descriptors, one at each end and one for a copy: far below the 1,024 that a
/// process usually has.
const CONNECTIONS: usize = 200;
const REQUESTS_EACH: usize = 50;
const ALL: u64 = (CONNECTIONS * REQUESTS_EACH) as u64;

fn assert_adds_up(stats: &TargetStats) {
    assert_eq!(
        stats.received,
        stats.sent + stats.skipped + stats.shed,
        "{stats}"
    );
    assert_eq!(
        stats.sent,
        stats.answered + stats.failed + stats.in_flight,
        "{stats}"
    );
}

/// Sends 10,000 requests, with as many as there can be under way at once, and looks at the counters
/// all the while.
async fn flood(mirror: &Mirror) -> TargetStats {
    let echo = any(|body: Bytes| async { body });
    let primary = Primary::start(Router::new().fallback(echo).layer(mirror.layer())).await;
    let primary = Arc::new(primary);
    let clients = (0..CONNECTIONS).map(|client| {
        let primary = Arc::clone(&primary);
        tokio::spawn(async move {
            let mut requests = String::new();
            for request in 0..REQUESTS_EACH {
                let close = if request + 1 == REQUESTS_EACH {
                    "connection: close\r\n"
                } else {
                    ""
                };
                let head =
                    format!("POST / HTTP/1.1\r\nhost: a\r\n{close}content-length: 10\r\n\r\n");
                requests.extend([head, format!("{client:04}:{request:05}")]);
            }
            let answers = primary.send_raw(requests).await;
            for request in 0..REQUESTS_EACH {
                let answer = format!("\r\n\r\n{client:04}:{request:05}");
                assert!(answers.contains(&answer), "no answer to {answer}");
            }
            assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), REQUESTS_EACH);
        })
    });
    let mut clients: FuturesUnordered<_> = clients.collect();
    while let Some(client) = clients.next().await {
        client.unwrap();
        assert_adds_up(&mirror.stats().targets[0]);
    }
    settled(mirror, ALL).await.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_are_answered_and_counted() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::start().await;
    // How fast the shadow is beside all this is not what is asked.
    let mirror = Mirror::builder()
        .target(shadow.url())
        .timeout(Duration::from_hours(1))
        .connect_timeout(Duration::from_hours(1))
        .build()
        .unwrap();
    let stats = flood(&mirror).await;
    let shed = stats.shed_for(ShedReason::InFlightLimit);
    assert_eq!((stats.answered + shed, stats.failed), (ALL, 0), "{stats}");
    assert_eq!(shadow.recorded().len() as u64, stats.answered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_are_answered_and_counted_though_the_shadow_never_answers() {
    let _turn = TURN.lock().await;
    let faulty = Faulty::start(Fault::BlackHole);
    let mirror = Mirror::builder()
        .target(faulty.url())
        .timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let stats = flood(&mirror).await;
    let shed = stats.shed_for(ShedReason::InFlightLimit) + stats.shed_for(ShedReason::CircuitOpen);
    assert_eq!((stats.failed + shed, stats.answered), (ALL, 0), "{stats}");
}

/// One request on a connection of its own: whether there was a response, which must be right.
async fn ask(address: std::net::SocketAddr) -> bool {
    let Ok(mut client) = TcpStream::connect(address).await else {
        return false;
    };
    let request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let mut answer = Vec::new();
    // A server that has stopped resets what it had not taken yet.
    let sent = client.write_all(request).await;
    if sent.is_err() || client.read_to_end(&mut answer).await.is_err() || answer.is_empty() {
        return false;
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n") && answer.ends_with(b"\r\n\r\nprimary"));
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_shuts_down_under_load_drains_its_copies() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::holding().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (shutdown, answered) = (Arc::new(Notify::new()), Arc::new(AtomicU64::new(0)));
    let stop = Arc::clone(&shutdown);
    let serving = axum::serve(listener, app(&mirror))
        .with_graceful_shutdown(async move { stop.notified().await });
    let server = tokio::spawn(async { serving.await });
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let answered = Arc::clone(&answered);
            tokio::spawn(async move {
                while ask(address).await {
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    shadow.receives(100).await;
    shutdown.notify_one();
    eventually("the server stops", server)
        .await
        .unwrap()
        .unwrap();
    let answered = || answered.load(Ordering::SeqCst);
    let draining = tokio::spawn(mirror_runtime::drain(Duration::from_hours(1)));
    shadow.release();
    let drained = eventually("the drain", draining).await.unwrap();
    for client in clients {
        eventually("the clients notice", client).await.unwrap();
    }
    let stats = mirror.stats().targets.remove(0);
    assert_adds_up(&stats);
    assert_eq!(stats.received, answered(), "{stats}");
    assert_eq!(
        (stats.answered, stats.failed, stats.in_flight),
        (stats.sent, 0, 0),
        "{stats}"
    );
    assert_eq!(
        stats.shed,
        stats.shed_for(ShedReason::InFlightLimit),
        "{stats}"
    );
    assert_eq!(drained.cut, 0);
    assert!(
        drained.finished as u64 <= stats.answered && stats.answered >= 100,
        "{stats}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_during_a_drain_are_answered_and_their_copies_shed() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::holding().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Arc::new(Primary::start(app(&mirror)).await);
    for _ in 0..10 {
        primary.get("/").await;
    }
    shadow.receives(10).await;
    let drain = tokio::spawn(mirror_runtime::drain(Duration::from_hours(1)));
    let shed = || mirror.stats().targets[0].shed_for(ShedReason::Draining);
    let mut requests = 10;
    while shed() == 0 {
        primary.get("/").await;
        requests += 1;
    }
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let primary = Arc::clone(&primary);
            tokio::spawn(async move {
                for _ in 0..25 {
                    assert_eq!(primary.get("/").await.text(), "primary");
                }
            })
        })
        .collect();
    until("the load", || shed() > 100).await;
    assert!(!drain.is_finished());
    shadow.release();
    let drained = eventually("the drain", drain).await.unwrap();
    assert!(drained.finished >= 10 && drained.cut == 0, "{drained:?}");
    for client in clients {
        client.await.unwrap();
    }
    let stats = settled(&mirror, requests + 400).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (stats.sent, 0), "{stats}");
    assert_eq!(stats.shed, stats.shed_for(ShedReason::Draining), "{stats}");
}
