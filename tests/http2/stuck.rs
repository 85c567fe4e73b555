//! Connections that are there, and lead nowhere; and how long a connection is used at all.

use std::time::Duration;

use axum::{body::Body, http::Response};
use mirror_runtime::{CircuitBreaker, FailureKind};
use testkit::{
    Fault, Faulty, RawH2, Shadow, pass, prior_knowledge, raw_h2::frames::ok, settled, until,
};

use super::{SHORT, mirrored, one_more, post_more, to, warm_up};

/// A shadow whose first connection is stuck, from so many requests on, though it responds to pings.
fn stuck_after(requests: usize) -> RawH2 {
    RawH2::options().start(move |peer, frame| {
        let is_well = peer.connection > 0 || peer.requests() <= requests;
        if frame.ends_stream() && is_well {
            peer.respond(frame.stream);
        }
    })
}

#[tokio::test]
async fn a_connection_on_which_copies_time_out_is_given_up() {
    for well in [0, 3] {
        let shadow = stuck_after(well);
        let builder = to(shadow.target()).timeout(SHORT).circuit_breaker(None);
        let (mirror, primary) = mirrored(builder).await;
        let well = well as u64;
        for sent in 1..=well {
            assert_eq!(one_more(&mirror, &primary).await.answered, sent);
        }
        let mut stats = one_more(&mirror, &primary).await;
        while stats.answered == well {
            assert!(stats.failed_with(FailureKind::Timeout) < 5, "{stats}");
            stats = one_more(&mirror, &primary).await;
        }
        assert_eq!(shadow.connections(), 2);
        let failed = stats.failed;
        for _ in 0..10 {
            assert_eq!(one_more(&mirror, &primary).await.failed, failed);
        }
        until("the stuck one is closed", || shadow.open() == 1).await;
    }
}

#[tokio::test]
async fn a_probe_after_an_open_circuit_dials_anew() {
    let shadow = stuck_after(1);
    // An open circuit asks at once.
    let breaker = CircuitBreaker::new(1, Duration::from_nanos(1));
    let builder = to(shadow.target()).timeout(SHORT).circuit_breaker(breaker);
    let (mirror, primary) = mirrored(builder).await;
    warm_up(&mirror, &primary, &shadow).await;
    let stats = one_more(&mirror, &primary).await;
    assert_eq!(stats.failed_with(FailureKind::Timeout), 1, "{stats}");
    let stats = one_more(&mirror, &primary).await;
    assert_eq!((stats.answered, stats.failed), (2, 1), "{stats}");
    assert_eq!(shadow.connections(), 2);
}

/// One request that takes long says nothing about the others on its connection.
#[tokio::test]
async fn a_copy_that_times_out_takes_no_other_with_it() {
    let shadow = RawH2::options().start(|peer, frame| {
        if !frame.ends_stream() {
            return;
        }
        match peer.requests() {
            // Never.
            2 if peer.connection == 0 => {}
            3..=12 if peer.connection == 0 => peer.hold(ok(frame.stream)),
            _ => peer.respond(frame.stream),
        }
    });
    let long = to(shadow.target()).build().unwrap();
    let long_primary = super::primary_of(&long).await;
    let (short, primary) = mirrored(to(shadow.target()).timeout(SHORT)).await;
    warm_up(&short, &primary, &shadow).await;
    primary.get("/").await;
    until("it is in flight", || shadow.requests() == 2).await;
    for _ in 0..10 {
        long_primary.get("/").await;
    }
    until("they are in flight", || shadow.requests() == 12).await;
    let stats = settled(&short, 2).await.remove(0);
    assert_eq!(stats.failed_with(FailureKind::Timeout), 1, "{stats}");
    shadow.release();
    let stats = settled(&long, 10).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (10, 0), "{stats}");
}

#[tokio::test]
async fn a_connection_that_never_says_anything_is_left() {
    let shadow = RawH2::options().silent(1).start_well();
    let builder = to(shadow.target()).timeout(SHORT).circuit_breaker(None);
    let (mirror, primary) = mirrored(builder).await;
    let mut stats = post_more(&mirror, &primary, 10).await;
    while stats.answered == 0 {
        assert!(stats.failed < 5, "{stats}");
        stats = post_more(&mirror, &primary, 10).await;
    }
    assert_eq!(shadow.connections(), 2);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_a_while() {
    let shadow = RawH2::options().start_well();
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    warm_up(&mirror, &primary, &shadow).await;
    assert_eq!(shadow.open(), 1);
    pass(20).await;
    one_more(&mirror, &primary).await;
    assert_eq!(shadow.connections(), 1);
    pass(35).await;
    until("the connection is closed", || shadow.open() == 0).await;
}

/// What is behind a name may move, and connections that are always in use would not follow.
#[tokio::test]
async fn connections_that_are_in_use_all_the_time_are_replaced_at_some_age() {
    let shadow = Shadow::answering(|_| Response::new(Body::empty())).await;
    for (sent_before, target) in [
        (1, prior_knowledge(shadow.url())),
        (2, shadow.url().try_into().unwrap()),
    ] {
        let (mirror, primary) = mirrored(to(target)).await;
        one_more(&mirror, &primary).await;
        let mut copies = 1;
        while shadow.connections() == sent_before {
            // Less than an idle connection is kept for.
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(15)).await;
            tokio::time::resume();
            let stats = one_more(&mirror, &primary).await;
            copies += 1;
            assert_eq!((stats.answered, stats.failed), (copies, 0), "{stats}");
            // An hour is more than names are remembered for.
            assert!(copies <= 240, "{copies} copies over one connection");
        }
        assert_eq!(shadow.connections(), sent_before + 1);
        drop(mirror);
    }
}

/// A server that has gone without a word takes what is sent, and says nothing.
#[tokio::test]
async fn a_black_hole_gets_no_more_connections_than_copies() {
    let faulty = Faulty::start(Fault::BlackHole);
    let builder = to(prior_knowledge(faulty.url()))
        .timeout(SHORT)
        .circuit_breaker(None);
    let (mirror, primary) = mirrored(builder).await;
    for failed in 1..=5 {
        let stats = post_more(&mirror, &primary, 10).await;
        assert_eq!(stats.failed, failed, "{stats}");
    }
    assert!(faulty.open() <= 5, "{}", faulty.open());
}
