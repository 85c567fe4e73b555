//! Connections that end, or take no more: a copy that was not processed is sent once more, and the
//! end of a connection is one event.

use std::{
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    time::Duration,
};

use mirror_runtime::{CircuitBreaker, FailureKind, ShedReason};
use testkit::{
    RawH2, pass,
    raw_h2::frames::{
        CANCEL, HEADERS, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM, go_away, ok, ok_and_more,
    },
    settled, until,
};

use super::{LONG, mirrored, one_more, post_more, to, warm_up};

/// nginx does so after `keepalive_requests`: it processes what came before, ignores what comes
/// after, and says which is which (RFC 9113 section 6.8).
#[tokio::test]
async fn copies_beyond_the_last_stream_that_is_processed_are_sent_once_more() {
    let shadow = RawH2::options().start(|peer, frame| {
        if !frame.ends_stream() {
            return;
        }
        // The first warms up; ten come together, of which five are processed.
        if peer.connection > 0 || peer.requests() == 1 {
            return peer.respond(frame.stream);
        }
        if peer.requests() == 11 {
            peer.send(go_away(11, NO_ERROR));
            for stream in [3, 5, 7, 9, 11] {
                peer.respond(stream);
            }
            peer.close();
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    warm_up(&mirror, &primary, &shadow).await;
    for _ in 0..10 {
        primary.post("/", "hello").await;
    }
    let stats = settled(&mirror, 11).await.remove(0);
    assert_eq!(
        (stats.answered, stats.failed, stats.shed),
        (11, 0, 0),
        "{stats}"
    );
    assert_eq!((stats.sent, stats.resends), (11, 5), "{stats}");
    assert_eq!(shadow.requests(), 16);
    assert_eq!(shadow.requests_by_connection()[0], 11);
}

/// The same while copies come all the time.
#[tokio::test]
async fn no_copy_is_lost_to_a_shadow_that_goes_away_after_every_hundred_requests() {
    const COPIES: u64 = 2000;
    /// The stream of the hundredth request of a connection.
    const LAST: u32 = 199;
    let shadow = RawH2::options().start(|peer, frame| {
        if frame.kind == HEADERS && frame.stream == LAST {
            peer.send(go_away(LAST, NO_ERROR));
        }
        if frame.ends_stream() && frame.stream <= LAST {
            peer.respond(frame.stream);
        }
        if peer.requests() >= 100 && peer.is_done_up_to(LAST) {
            peer.close();
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    for _ in 0..COPIES {
        primary.post("/", "hello").await;
    }
    let stats = settled(&mirror, COPIES).await.remove(0);
    assert_eq!(
        (stats.answered, stats.failed, stats.shed),
        (COPIES, 0, 0),
        "{stats}"
    );
    assert!(shadow.connections() >= 20, "{}", shadow.connections());
}

#[tokio::test]
async fn copies_that_are_refused_are_sent_once_more() {
    let shadow = RawH2::options().start(|peer, frame| {
        if !frame.ends_stream() {
            return;
        }
        if peer.connection == 0 && peer.requests() > 1 {
            peer.reset(frame.stream, REFUSED_STREAM);
        } else {
            peer.respond(frame.stream);
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    warm_up(&mirror, &primary, &shadow).await;
    for sent in 2..=6 {
        let stats = post_more(&mirror, &primary, 100_000).await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
        assert!((1..sent).contains(&stats.resends), "{stats}");
    }
    assert!(shadow.connections() > 1);
}

#[tokio::test]
async fn a_copy_is_sent_once_more_and_never_twice() {
    let shadow = RawH2::options().start(|peer, frame| {
        if frame.ends_stream() {
            peer.reset(frame.stream, REFUSED_STREAM);
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target()).circuit_breaker(None)).await;
    for sent in 1..=5 {
        let stats = post_more(&mirror, &primary, 10).await;
        assert_eq!(stats.failed_with(FailureKind::Request), sent, "{stats}");
        assert_eq!(stats.resends, sent, "{stats}");
    }
    assert_eq!(shadow.requests(), 10);
}

/// Only what is said to be unprocessed is.
#[tokio::test]
async fn a_copy_that_may_have_been_processed_is_not_sent_again() {
    for ends in [
        |stream| go_away(stream, NO_ERROR),
        |stream| go_away(stream, INTERNAL_ERROR),
        |_| go_away(0x7fff_ffff, NO_ERROR),
        |stream| [ok_and_more(stream), go_away(0, NO_ERROR)].concat(),
        |_| Vec::new(),
    ] {
        let shadow = RawH2::options().start(move |peer, frame| {
            if frame.ends_stream() {
                peer.send(ends(frame.stream));
                peer.close();
            }
        });
        let (mirror, primary) = mirrored(to(shadow.target())).await;
        let stats = post_more(&mirror, &primary, 10).await;
        assert_eq!((stats.failed, stats.resends), (1, 0), "{stats}");
        assert_eq!(shadow.requests(), 1);
    }
}

#[tokio::test]
async fn a_stream_that_is_cancelled_is_not_sent_again() {
    for error in [CANCEL, INTERNAL_ERROR, NO_ERROR] {
        let shadow = RawH2::options().start(move |peer, frame| {
            if frame.ends_stream() {
                peer.reset(frame.stream, error);
            }
        });
        let (mirror, primary) = mirrored(to(shadow.target())).await;
        let stats = post_more(&mirror, &primary, 10).await;
        assert_eq!(
            stats.failed_with(FailureKind::Request),
            1,
            "{error}: {stats}"
        );
        assert_eq!((shadow.requests(), stats.resends), (1, 0), "{error}");
    }
}

#[tokio::test]
async fn the_end_of_a_connection_is_one_event_for_the_circuit() {
    let shadow = RawH2::options().start(|peer, frame| {
        if frame.ends_stream() && (peer.connection > 0 || peer.requests() == 1) {
            peer.respond(frame.stream);
        }
    });
    let breaker = CircuitBreaker::new(5, LONG);
    let (mirror, primary) = mirrored(to(shadow.target()).circuit_breaker(breaker)).await;
    warm_up(&mirror, &primary, &shadow).await;
    for _ in 0..20 {
        primary.post("/", "hello").await;
    }
    until("they are in flight", || shadow.requests() == 21).await;
    shadow.hang_up();
    let stats = settled(&mirror, 21).await.remove(0);
    assert_eq!((stats.failed, stats.answered), (20, 1), "{stats}");
    let stats = post_more(&mirror, &primary, 10).await;
    assert_eq!((stats.answered, stats.shed), (2, 0), "{stats}");
}

#[tokio::test]
async fn connections_that_end_one_after_another_open_the_circuit() {
    let shadow = RawH2::options().start(|_, _| {});
    let breaker = CircuitBreaker::new(5, LONG);
    let (mirror, primary) = mirrored(to(shadow.target()).circuit_breaker(breaker)).await;
    for death in 1..=5 {
        for _ in 0..2 {
            primary.post("/", "hello").await;
        }
        until("both are in flight", || shadow.requests() == 2 * death).await;
        shadow.hang_up();
        let stats = settled(&mirror, 2 * death as u64).await.remove(0);
        assert_eq!((stats.failed, stats.shed), (2 * death as u64, 0), "{stats}");
    }
    let stats = one_more(&mirror, &primary).await;
    assert_eq!(stats.shed_for(ShedReason::CircuitOpen), 1, "{stats}");
}

/// The closest that a shadow can come to losing copies: it closes exactly when the next one leaves.
#[tokio::test]
async fn no_copy_is_lost_to_a_shadow_that_goes_away_after_each_response() {
    let shadow = RawH2::options().start(|peer, frame| {
        if frame.ends_stream() && peer.requests() == 1 {
            peer.send([ok(frame.stream), go_away(frame.stream, NO_ERROR)].concat());
            peer.close();
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target()).circuit_breaker(None)).await;
    for sent in 1..=300 {
        let stats = post_more(&mirror, &primary, 10).await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    assert_eq!(shadow.connections(), 300);
}

/// Once it is known that a connection carries ten, the others of a crowd do not wait for places on
/// one that is being opened.
#[tokio::test]
async fn copies_do_not_wait_for_connections_of_a_shadow_that_takes_few_requests_of_each() {
    /// The stream of the tenth request of a connection.
    const LAST: u32 = 19;
    let far = RawH2::options().far(Duration::from_millis(700));
    let shadow = far.start(|peer, frame| {
        if frame.kind == HEADERS && frame.stream == LAST {
            peer.send(go_away(LAST, NO_ERROR));
        }
        if frame.ends_stream() && frame.stream <= LAST {
            peer.respond(frame.stream);
        }
        if peer.requests() >= 10 && peer.is_done_up_to(LAST) {
            peer.close();
        }
    });
    let builder = to(shadow.target()).circuit_breaker(None);
    let (mirror, primary) = mirrored(builder.connect_timeout(Duration::from_secs(5))).await;
    for sent in 1..=30 {
        assert_eq!(post_more(&mirror, &primary, 10).await.answered, sent);
    }
    // Two at a time, their connections would take longer than each copy has for its own.
    for _ in 0..200 {
        primary.post("/", "hello").await;
    }
    let stats = settled(&mirror, 230).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (230, 0), "{stats}");
}

/// A crowd that comes before it is known how few requests the shadow takes of a connection.
#[tokio::test]
async fn a_crowd_is_not_lost_to_a_shadow_that_takes_one_request_of_each_connection() {
    let shadow = RawH2::options().start(|peer, frame| {
        if frame.ends_stream() && peer.requests() == 1 {
            peer.respond(frame.stream);
            peer.send(go_away(frame.stream, NO_ERROR));
            peer.close();
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target()).circuit_breaker(None)).await;
    for _ in 0..200 {
        primary.post("/", "hello").await;
    }
    let stats = settled(&mirror, 200).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (200, 0), "{stats}");
}

/// One that says nothing before it closes. A method that is idempotent may be sent again (RFC 9110
/// section 9.2.2).
#[tokio::test]
async fn no_copy_that_may_be_repeated_is_lost_to_a_shadow_that_closes_after_each_response() {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let shadow = RawH2::options().start(|peer, frame| {
        if frame.ends_stream() && peer.requests() == 1 {
            REQUESTS.fetch_add(1, SeqCst);
            peer.respond(frame.stream);
            peer.close();
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target()).circuit_breaker(None)).await;
    for sent in 1..=300 {
        let stats = one_more(&mirror, &primary).await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    assert_eq!(REQUESTS.load(SeqCst), 300);
}

/// A shadow that is on its way out takes no more copies, though its connection is still open.
#[tokio::test]
async fn a_connection_that_takes_no_more_copies_is_not_tried_again() {
    let shadow = RawH2::options().start(|peer, frame| {
        if !frame.ends_stream() {
            return;
        }
        if peer.connection == 0 && peer.requests() > 10 {
            // It has said so.
            return;
        }
        peer.respond(frame.stream);
        if peer.connection == 0 && peer.requests() == 10 {
            peer.send(go_away(frame.stream, NO_ERROR));
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    for sent in 1..=30 {
        let stats = post_more(&mirror, &primary, 10).await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    // One may have been on its way. What the shadow takes of one connection may be believed of
    // others.
    assert!(shadow.requests() <= 31, "{}", shadow.requests());
    assert!(shadow.connections() <= 3, "{}", shadow.connections());
}

/// The first word of a shadow that goes away says that it will process everything that has left by
/// then (RFC 9113 section 6.8).
#[tokio::test]
async fn copies_that_are_under_way_when_a_shadow_announces_that_it_goes_away_are_responded_to() {
    let shadow = RawH2::options().start(|peer, frame| {
        if !frame.ends_stream() {
            return;
        }
        if peer.connection > 0 || peer.requests() == 1 {
            return peer.respond(frame.stream);
        }
        peer.hold(ok(frame.stream));
        if peer.requests() == 11 {
            peer.send(go_away(0x7fff_ffff, NO_ERROR));
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    warm_up(&mirror, &primary, &shadow).await;
    for _ in 0..10 {
        primary.post("/", "hello").await;
    }
    until("they are in flight", || shadow.requests() == 11).await;
    // Others go elsewhere meanwhile.
    let mut sent = 11;
    while shadow.connections() == 1 {
        primary.post("/", "hello").await;
        sent += 1;
    }
    shadow.release();
    let stats = settled(&mirror, sent).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
}

/// It says nothing before. A `POST` that leaves as it closes would be lost: a connection is used
/// for less than the time after which the last one was closed.
#[tokio::test]
async fn a_connection_is_not_used_for_longer_than_the_shadow_has_kept_one() {
    let shadow = RawH2::options().start(|peer, frame| {
        if frame.ends_stream() {
            peer.respond(frame.stream);
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target()).circuit_breaker(None)).await;
    post_more(&mirror, &primary, 10).await;
    pass(10).await;
    shadow.hang_up();
    until("it is closed", || shadow.open() == 0).await;
    for connections in [2, 3] {
        post_more(&mirror, &primary, 10).await;
        post_more(&mirror, &primary, 10).await;
        assert_eq!(shadow.connections(), connections);
        pass(10).await;
    }
    // One that is there after twice the time shows that it is kept for longer now.
    pass(11).await;
    let stats = post_more(&mirror, &primary, 10).await;
    assert_eq!((stats.answered, stats.failed), (6, 0), "{stats}");
    assert_eq!(shadow.connections(), 3);
}
