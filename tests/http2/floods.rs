//! Frames that cost nothing to send: what a connection takes of them has a total, which each copy raises a little, and no
//! more is taken while no copy is under way.

use axum::{body::Body, http::Response};

use super::{mirrored, one_more, post_more, to};
use crate::support::{
    RawH2, Shadow, prior_knowledge,
    raw_h2::frames::{
        ACK, DATA, END_HEADERS, MAX_CONCURRENT_STREAMS, NO_ERROR, PUSH_PROMISE, SETTINGS, UNKNOWN,
        data, early_hints, frame, go_away, ok, ok_and_more, ping, priority, reset, settings,
        window_update,
    },
    settled, until,
};

/// What a shadow can write before a client that reads little closes the connection: the most of it lies in buffers of the
/// system, which reads ahead where it is read from.
const FLOOD: usize = 4 * 1024 * 1024;

type Frames = fn(u32) -> Vec<u8>;

/// Frames that a shadow may send at any time, as far as it concerns one copy: the name, and the frames, which have the number
/// of its stream.
const FLOODS: [(&str, Frames); 10] = [
    ("PING", |_| ping()),
    ("SETTINGS", |_| settings(&[(MAX_CONCURRENT_STREAMS, 1000)])),
    ("empty SETTINGS", |_| settings(&[])),
    ("acknowledged SETTINGS", |_| frame(SETTINGS, ACK, 0, &[])),
    ("WINDOW_UPDATE", |_| window_update(0, 1)),
    ("WINDOW_UPDATE of the stream", |stream| {
        window_update(stream, 1)
    }),
    ("PRIORITY", priority),
    ("unknown", |_| frame(UNKNOWN, 0, 0, &[])),
    ("large unknown", |_| frame(UNKNOWN, 0, 0, &[0; 16_000])),
    ("GOAWAY", |_| go_away(0x7fff_ffff, NO_ERROR)),
];

/// Frames of the response to a copy.
const RESPONSES: [(&str, Frames); 5] = [
    ("informational", early_hints),
    ("empty DATA", |stream| data(stream, false, &[])),
    ("DATA with nothing but padding", |stream| {
        const PADDED: u8 = 8;
        let padding = [[200].as_slice(), &[0; 200]].concat();
        frame(DATA, PADDED, stream, &padding)
    }),
    ("RST_STREAM", |stream| reset(stream, NO_ERROR)),
    ("PUSH_PROMISE", |stream| {
        let promised = [&2_u32.to_be_bytes()[..], &[0x82, 0x86, 0x84]].concat();
        frame(PUSH_PROMISE, END_HEADERS, stream, &promised)
    }),
];

/// A flood while a copy is under way, which has all the time in the world.
async fn is_bounded(name: &str, first: Frames, flood: Frames) {
    let shadow = RawH2::options().start(move |peer, arrived| {
        if arrived.ends_stream() {
            peer.send(first(arrived.stream));
            peer.flood(&flood(arrived.stream));
        }
    });
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
}

#[tokio::test]
async fn a_flood_in_place_of_a_response_ends_the_connection() {
    for (name, flood) in FLOODS {
        is_bounded(name, |_| Vec::new(), flood).await;
    }
}

#[tokio::test]
async fn a_flood_in_a_response_ends_the_connection() {
    for (name, flood) in FLOODS {
        is_bounded(name, ok_and_more, flood).await;
    }
    for (name, flood) in RESPONSES {
        let first: Frames = if name == "empty DATA" || name.starts_with("DATA") {
            ok_and_more
        } else {
            |_| Vec::new()
        };
        is_bounded(name, first, flood).await;
    }
}

/// The copy has been responded to, and the shadow goes on.
#[tokio::test]
async fn a_flood_while_no_copy_is_under_way_ends_the_connection() {
    let after: [(&str, Frames); 3] = [
        ("DATA", |stream| data(stream, false, &[7; 1000])),
        ("RST_STREAM", |stream| reset(stream, NO_ERROR)),
        ("HEADERS", ok),
    ];
    for (name, flood) in FLOODS.into_iter().chain(after) {
        is_bounded(name, ok, flood).await;
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
    assert_eq!(one_more(&mirror, &primary).await.answered, 1);
    until("the connection is closed", || shadow.open() == 0).await;
    for sent in 2..=10 {
        assert_eq!(one_more(&mirror, &primary).await.answered, sent);
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
    assert_eq!(shadow.connections(), 1);
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
    assert_eq!(shadow.connections(), 1);
}

/// One that opens a window byte by byte makes a body take as many frames as it has bytes.
#[tokio::test]
async fn windows_of_a_byte_end_the_connection() {
    let shadow = RawH2::options()
        .settings(&[(4, 0)])
        .without_credit()
        .start(|peer, arrived| {
            if arrived.kind == DATA || peer.requests() == 1 && !arrived.ends_stream() {
                let stream = arrived.stream.max(1);
                peer.send([window_update(stream, 1), window_update(0, 1)].concat());
            }
        });
    let (mirror, primary) = mirrored(to(shadow.target()).circuit_breaker(None)).await;
    let stats = post_more(&mirror, &primary, 1_000_000).await;
    assert_eq!((stats.answered, stats.failed), (0, 1), "{stats}");
    assert!(
        shadow.data() < 200_000,
        "{} frames of one byte",
        shadow.data()
    );
}

/// A body in frames of one byte costs ten times what it says.
#[tokio::test]
async fn responses_in_pieces_of_one_byte_end_early() {
    let shadow = RawH2::options().start(|peer, arrived| {
        if arrived.ends_stream() {
            peer.send(ok_and_more(arrived.stream));
            peer.flood(&data(arrived.stream, false, b"x"));
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    let stats = one_more(&mirror, &primary).await;
    assert_eq!(stats.in_flight, 0, "{stats}");
    until("the connection is closed", || shadow.open() == 0).await;
    // A tenth of the 1 MiB that is read of bodies in usual pieces, with ten bytes each, and what lies in buffers.
    assert!(shadow.written() < FLOOD, "{}", shadow.written());
}
