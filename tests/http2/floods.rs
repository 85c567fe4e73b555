//! Frames that cost nothing to send: what a connection takes of them has a total, which each copy
//! raises a little, and no more is taken while no copy is under way.

use axum::{body::Body, http::Response};
use testkit::{
    RawH2, Shadow, prior_knowledge,
    raw_h2::{
        faults::{FLOODS, Frames, RESPONSES, flooding},
        frames::{
            ACK, DATA, HEADERS, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, SETTINGS, data,
            early_hints, ok, ok_and_more, ping, priority, settings, window_update,
        },
    },
    settled, until,
};

use super::{mirrored, one_more, post_more, to, warm_up};

/// What a shadow can write before a client that reads little closes the connection: the most of it
/// lies in buffers of the system, which reads ahead where it is read from.
const FLOOD: usize = 4 * 1024 * 1024;

/// A flood for a copy that has all the time in the world. How often one was counted.
async fn is_bounded(name: &str, first: Frames, flood: Frames) -> u64 {
    let shadow = flooding(first, flood);
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    let stats = post_more(&mirror, &primary, 10).await;
    assert_eq!(
        (stats.sent, stats.answered + stats.failed),
        (1, 1),
        "{name}: {stats}"
    );
    until(&format!("{name}: the connection is closed"), || {
        shadow.open() == 0
    })
    .await;
    assert!(shadow.written() < FLOOD, "{name}: {}", shadow.written());
    mirror.stats().targets[0].floods
}

#[tokio::test]
async fn a_flood_in_place_of_a_response_ends_the_connection_and_is_counted() {
    for (name, flood) in FLOODS {
        assert_eq!(is_bounded(name, |_| Vec::new(), flood).await, 1, "{name}");
    }
}

#[tokio::test]
async fn a_flood_in_a_response_ends_the_connection_and_is_counted() {
    for (name, flood) in FLOODS {
        assert_eq!(is_bounded(name, ok_and_more, flood).await, 1, "{name}");
    }
}

/// The copy has been responded to, and the shadow goes on.
#[tokio::test]
async fn a_flood_while_no_copy_is_under_way_ends_the_connection_and_is_counted() {
    for (name, flood) in FLOODS {
        assert_eq!(is_bounded(name, ok, flood).await, 1, "{name}");
    }
}

/// Some of these are errors at once, and others a stream's affair.
#[tokio::test]
async fn a_response_that_is_a_flood_is_bounded() {
    for (name, first, flood) in RESPONSES {
        is_bounded(name, first, flood).await;
    }
}

/// Each copy gets its response at once, which must not make room for everything.
#[tokio::test]
async fn a_flood_beside_good_responses_is_bounded_by_their_number() {
    const COPIES: usize = 20;
    for (name, flood) in FLOODS {
        let shadow = RawH2::options().start(move |peer, arrived| {
            if arrived.ends_stream() {
                peer.respond(arrived.stream);
                peer.flood(&flood(arrived.stream));
            }
        });
        let (mirror, primary) = mirrored(to(shadow.target()).circuit_breaker(None)).await;
        for sent in 1..=COPIES {
            let stats = post_more(&mirror, &primary, 10).await;
            assert_eq!(stats.sent, sent as u64, "{name}: {stats}");
        }
        until("the connections are closed", || shadow.open() == 0).await;
        assert!(
            shadow.written() < COPIES * FLOOD,
            "{name}: {}",
            shadow.written()
        );
    }
}

/// The next copy gets another connection.
#[tokio::test]
async fn a_shadow_that_stops_its_flood_is_sent_copies_as_ever() {
    let shadow = RawH2::options().start(|peer, arrived| {
        if arrived.ends_stream() {
            peer.respond(arrived.stream);
            if peer.connection == 0 {
                peer.flood(&ping());
            }
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    // Whether its response is seen before the flood is a matter of luck.
    let first = one_more(&mirror, &primary).await;
    until("the connection is closed", || shadow.open() == 0).await;
    for sent in 1..10 {
        let stats = one_more(&mirror, &primary).await;
        assert_eq!(stats.answered, first.answered + sent, "{stats}");
    }
    assert_eq!(shadow.connections(), 2);
}

/// Bounds that a server meets which does nothing wrong would lose copies.
#[tokio::test]
async fn what_servers_do_is_no_flood() {
    let shadow = RawH2::options().start(|peer, arrived| {
        if peer.requests() == 1 && arrived.kind == SETTINGS && arrived.flags & ACK == 0 {
            peer.send(window_update(0, 1 << 20));
        }
        if !arrived.ends_stream() {
            return;
        }
        let stream = arrived.stream;
        peer.send([ping(), ping(), window_update(0, 10), priority(stream)].concat());
        peer.send(
            [
                settings(&[(MAX_CONCURRENT_STREAMS, 100)]),
                early_hints(stream),
            ]
            .concat(),
        );
        // As gRPC does: a small message each.
        peer.send(ok_and_more(stream));
        for _ in 0..100 {
            peer.send([data(stream, false, b"message"), window_update(0, 10)].concat());
        }
        peer.send(data(stream, true, b"the last"));
    });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    for sent in 1..=100 {
        let stats = post_more(&mirror, &primary, 100_000).await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    assert_eq!(
        (shadow.connections(), mirror.stats().targets[0].floods),
        (1, 0)
    );
}

/// Bodies that share the window of a connection, which the shadow opens again as they come, go out
/// in small pieces.
#[tokio::test]
async fn many_bodies_through_the_window_of_one_connection_are_no_flood() {
    let shadow = RawH2::options().start_well();
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    warm_up(&mirror, &primary, &shadow).await;
    for round in 1..=20 {
        let bodies = [64 * 1024, 1024, 1, 5000, 64 * 1024, 0, 64 * 1024, 1024];
        let requests = bodies.into_iter().cycle().take(48);
        let requests = requests.map(|length| primary.post("/", vec![b'x'; length]));
        futures_util::future::join_all(requests).await;
        let stats = settled(&mirror, 1 + 48 * round).await.remove(0);
        assert_eq!((stats.failed, stats.floods), (0, 0), "{stats}");
    }
}

/// As many responses as there can be, each as large as is read, in frames as large as there can be.
#[tokio::test]
async fn large_responses_are_no_flood() {
    let shadow = Shadow::answering(|_| Response::new(Body::from(vec![b'x'; 1_000_000]))).await;
    let (mirror, primary) = mirrored(to(prior_knowledge(shadow.url()))).await;
    for _ in 0..50 {
        primary.get("/").await;
    }
    let stats = settled(&mirror, 50).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (50, 0), "{stats}");
    assert_eq!(
        (shadow.connections(), mirror.stats().targets[0].floods),
        (1, 0)
    );
}

/// One that opens a window byte by byte makes a body take as many frames as it has bytes.
#[tokio::test]
async fn windows_of_a_byte_end_the_connection() {
    let shadow = RawH2::options()
        .settings(&[(INITIAL_WINDOW_SIZE, 0)])
        .without_credit()
        .start(|peer, arrived| {
            if arrived.ends_stream() {
                peer.respond(arrived.stream);
            } else if arrived.kind == DATA || arrived.kind == HEADERS {
                let stream = arrived.stream;
                peer.send([window_update(stream, 1), window_update(0, 1)].concat());
            }
        });
    let (mirror, primary) = mirrored(to(shadow.target()).circuit_breaker(None)).await;
    // From then on it is known that there is no window to begin with.
    warm_up(&mirror, &primary, &shadow).await;
    let stats = post_more(&mirror, &primary, 1_000_000).await;
    assert_eq!((stats.answered, stats.failed), (1, 1), "{stats}");
    assert!(
        shadow.data() < 200_000,
        "{} frames of one byte",
        shadow.data()
    );
}
