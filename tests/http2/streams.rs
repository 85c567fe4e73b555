//! A shadow allows so many streams on a connection: there are as many connections as that asks for,
//! and no copy waits in a queue.

use mirror_runtime::{CircuitBreaker, Mirror};
use testkit::{
    Primary, RawH2,
    raw_h2::{
        Peer,
        frames::{MAX_CONCURRENT_STREAMS, REFUSED_STREAM, ok, settings},
    },
    settled, until,
};

use super::{LONG, mirrored, one_more, to, warm_up};

/// A shadow that allows so many streams on a connection, and does so with each request.
fn allowing(streams: u32, script: impl Fn(&Peer, u32) + Send + Sync + 'static) -> RawH2 {
    RawH2::options()
        .settings(&[(MAX_CONCURRENT_STREAMS, streams)])
        .start_for_each(script)
}

/// Responds to the very first request at once, and to the others when the shadow is released.
fn hold_all_but_the_first(peer: &Peer, stream: u32) {
    if is_first(peer) {
        return peer.respond(stream);
    }
    peer.hold(ok(stream));
}

fn is_first(peer: &Peer) -> bool {
    peer.connection == 0 && peer.requests() == 1
}

/// A mirror to a shadow with one connection, and so many copies more that are in flight.
async fn in_flight(shadow: &RawH2, copies: usize) -> (Mirror, Primary) {
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    warm_up(&mirror, &primary, shadow).await;
    send(&primary, copies).await;
    until("all are in flight", || shadow.requests() == copies + 1).await;
    (mirror, primary)
}

async fn send(primary: &Primary, requests: usize) {
    for _ in 0..requests {
        primary.post("/", "hello").await;
    }
}

#[tokio::test]
async fn there_are_as_many_connections_as_the_stream_limit_asks_for() {
    let shadow = allowing(10, hold_all_but_the_first);
    // All of them at once, while none is responded to.
    let (mirror, primary) = in_flight(&shadow, 100).await;
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

/// The first copies leave together, before the shadow has said what it allows. It refuses what is
/// beyond (RFC 9113 section 5.1.2).
#[tokio::test]
async fn copies_that_leave_before_the_limit_is_known_are_responded_to() {
    let shadow = allowing(10, |peer, stream| {
        if peer.under_way() > 10 {
            return peer.reset(stream, REFUSED_STREAM);
        }
        peer.respond(stream);
    });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    send(&primary, 100).await;
    let stats = settled(&mirror, 100).await.remove(0);
    assert_eq!(
        (stats.answered, stats.failed, stats.shed),
        (100, 0, 0),
        "{stats}"
    );
}

#[tokio::test]
async fn a_limit_that_is_lowered_later_holds() {
    let shadow = allowing(100, |peer, stream| {
        if is_first(peer) {
            peer.send(settings(&[(MAX_CONCURRENT_STREAMS, 2)]));
        }
        hold_all_but_the_first(peer, stream);
    });
    let (mirror, _primary) = in_flight(&shadow, 10).await;
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
    let shadow = RawH2::options().start_for_each(|peer, stream| {
        peer.respond(stream);
        if is_first(peer) {
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
    let shadow = allowing(128, hold_all_but_the_first);
    let (mirror, _primary) = in_flight(&shadow, 100).await;
    assert_eq!(shadow.connections(), 1);
    shadow.release();
    assert_eq!(settled(&mirror, 101).await[0].answered, 101);
}
