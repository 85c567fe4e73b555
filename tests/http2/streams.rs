//! A shadow allows so many streams on a connection: there are as many connections as that asks for, and no copy waits in a
//! queue.

use mirror_runtime::CircuitBreaker;
use testkit::{
    RawH2,
    raw_h2::frames::{MAX_CONCURRENT_STREAMS, REFUSED_STREAM, ok, settings},
    settled, until,
};

use super::{LONG, mirrored, one_more, to, warm_up};

#[tokio::test]
async fn there_are_as_many_connections_as_the_stream_limit_asks_for() {
    let shadow = RawH2::options()
        .settings(&[(MAX_CONCURRENT_STREAMS, 10)])
        .start(|peer, frame| {
            if !frame.ends_stream() {
                return;
            }
            if peer.connection == 0 && peer.requests() == 1 {
                return peer.respond(frame.stream);
            }
            peer.hold(ok(frame.stream));
        });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    warm_up(&mirror, &primary, &shadow).await;
    for _ in 0..100 {
        primary.post("/", "hello").await;
    }
    // All of them at once, while none is responded to.
    until("all are in flight", || shadow.requests() == 101).await;
    let by_connection = shadow.requests_by_connection();
    assert!(by_connection[0] <= 11, "{by_connection:?}");
    assert!(
        by_connection[1..].iter().all(|streams| *streams <= 10),
        "{by_connection:?}"
    );
    assert!(by_connection.len() <= 20, "{by_connection:?}");
    shadow.release();
    let stats = settled(&mirror, 101).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (101, 0), "{stats}");
    // They are used again, and nothing is opened that is not needed.
    let before = shadow.connections();
    for sent in 102..=130 {
        assert_eq!(one_more(&mirror, &primary).await.answered, sent);
    }
    assert_eq!(shadow.connections(), before);
}

/// The first copies leave together, before the shadow has said what it allows. It refuses what is beyond (RFC 9113 section
/// 5.1.2).
#[tokio::test]
async fn copies_that_leave_before_the_limit_is_known_are_responded_to() {
    let shadow = RawH2::options()
        .settings(&[(MAX_CONCURRENT_STREAMS, 10)])
        .start(|peer, frame| {
            if !frame.ends_stream() {
                return;
            }
            if peer.under_way() > 10 {
                return peer.reset(frame.stream, REFUSED_STREAM);
            }
            peer.respond(frame.stream);
        });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    for _ in 0..100 {
        primary.post("/", "hello").await;
    }
    let stats = settled(&mirror, 100).await.remove(0);
    assert_eq!(
        (stats.answered, stats.failed, stats.shed),
        (100, 0, 0),
        "{stats}"
    );
}

#[tokio::test]
async fn a_limit_that_is_lowered_later_holds() {
    let shadow = RawH2::options()
        .settings(&[(MAX_CONCURRENT_STREAMS, 100)])
        .start(|peer, frame| {
            if !frame.ends_stream() {
                return;
            }
            if peer.connection == 0 && peer.requests() == 1 {
                peer.send(settings(&[(MAX_CONCURRENT_STREAMS, 2)]));
                return peer.respond(frame.stream);
            }
            peer.hold(ok(frame.stream));
        });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    warm_up(&mirror, &primary, &shadow).await;
    for _ in 0..10 {
        primary.post("/", "hello").await;
    }
    until("all are in flight", || shadow.requests() == 11).await;
    assert!(
        shadow.requests_by_connection()[0] <= 3,
        "{:?}",
        shadow.requests_by_connection()
    );
    shadow.release();
    let stats = settled(&mirror, 11).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (11, 0), "{stats}");
}

/// As a server does that is to be updated.
#[tokio::test]
async fn a_connection_that_allows_no_more_streams_is_left() {
    let shadow = RawH2::options().start(|peer, frame| {
        if !frame.ends_stream() {
            return;
        }
        peer.respond(frame.stream);
        if peer.connection == 0 && peer.requests() == 1 {
            peer.send(settings(&[(MAX_CONCURRENT_STREAMS, 0)]));
        }
    });
    let breaker = CircuitBreaker::new(5, LONG);
    let (mirror, primary) = mirrored(to(shadow.target()).circuit_breaker(breaker)).await;
    for sent in 1..=20 {
        let stats = one_more(&mirror, &primary).await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    assert_eq!(shadow.connections(), 2);
}

/// A connection that is shared carries many at once where nothing forbids it.
#[tokio::test]
async fn a_hundred_copies_share_one_connection() {
    let shadow = RawH2::options()
        .settings(&[(MAX_CONCURRENT_STREAMS, 128)])
        .start(|peer, frame| {
            if !frame.ends_stream() {
                return;
            }
            if peer.requests() == 1 {
                return peer.respond(frame.stream);
            }
            peer.hold(ok(frame.stream));
        });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    warm_up(&mirror, &primary, &shadow).await;
    for _ in 0..100 {
        primary.post("/", "hello").await;
    }
    until("all are in flight", || shadow.requests() == 101).await;
    assert_eq!(shadow.connections(), 1);
    shadow.release();
    assert_eq!(settled(&mirror, 101).await[0].answered, 101);
}
