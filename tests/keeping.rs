//! Connections that a shadow closes without having said so: a copy that must not be sent twice would
//! be lost, if it left as that happens. Nobody tells a mirror when that is; it finds out.

use std::time::Duration;

use http::Method;
use testkit::{pass, until};
use tokio::task::yield_now;

use crate::scripted::{Scripted, Step, mirrored, one_more};

/// Lets the clock go on, in steps after which all that is to be closed is.
async fn go_on(time: Duration) {
    const STEP: Duration = Duration::from_millis(200);
    let mut left = time;
    while !left.is_zero() {
        let step = left.min(STEP);
        tokio::time::pause();
        tokio::time::advance(step).await;
        tokio::time::resume();
        // A runtime asks the system after 61 tasks.
        for _ in 0..250 {
            yield_now().await;
        }
        left -= step;
    }
}

/// Times between copies, in milliseconds: the shadow closes after 10 s, and what comes in the half
/// of a second before is lost.
const PAUSES: [u64; 12] = [
    9_700, 1, 1_000, 9_600, 9_900, 14_000, 9_800, 5_000, 9_700, 20, 9_600, 9_900,
];

#[tokio::test]
async fn no_copy_is_lost_to_a_shadow_that_closes_idle_connections() {
    for method in [Method::POST, Method::GET] {
        let shadow = Scripted::start("", |_, _| Step::Respond).await;
        shadow.keeps_for(Duration::from_secs(10));
        let (mirror, primary) = mirrored(&shadow).await;
        for (sent, pause) in (1..).zip(PAUSES.repeat(3)) {
            let stats = one_more(&mirror, &primary, method.clone(), "hello").await;
            assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
            go_on(Duration::from_millis(pause)).await;
        }
        assert_eq!(shadow.requests() as u64, mirror.stats().targets[0].sent);
        // It is not that none is used again.
        assert!(shadow.connections() < 36, "{}", shadow.connections());
    }
}

/// The end of a connection has arrived before the next copy leaves, and nobody has been told of it.
#[tokio::test]
async fn no_copy_is_lost_to_a_shadow_that_closes_after_each_response() {
    let shadow = Scripted::start("", |_, _| Step::RespondAndClose).await;
    let (mirror, primary) = mirrored(&shadow).await;
    for sent in 1..=300 {
        let stats = one_more(&mirror, &primary, Method::POST, "hello").await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    assert_eq!(shadow.requests(), 300);
}

#[tokio::test]
async fn no_copy_is_lost_to_a_shadow_that_takes_few_requests_of_each_connection() {
    let shadow = Scripted::start("", |_, request| match request {
        4 => Step::RespondAndClose,
        _ => Step::Respond,
    })
    .await;
    let (mirror, primary) = mirrored(&shadow).await;
    for sent in 1..=300 {
        let stats = one_more(&mirror, &primary, Method::POST, "hello").await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    assert_eq!(shadow.requests(), 300);
}

/// When it has done so twice, it is expected to do so again.
#[tokio::test]
async fn a_connection_is_not_used_for_more_requests_than_the_shadow_takes() {
    let shadow = Scripted::start("", |connection, request| match (connection, request) {
        (0 | 1, 4) => Step::RespondAndClose,
        _ => Step::Respond,
    })
    .await;
    let (mirror, primary) = mirrored(&shadow).await;
    for sent in 1..=20 {
        one_more(&mirror, &primary, Method::GET, "").await;
        if sent == 5 || sent == 10 {
            until("it is closed", || shadow.open() == 0).await;
        }
        // That it was idle is not why.
        go_on(Duration::from_secs(5)).await;
    }
    assert_eq!(shadow.connections(), 4);
}

/// What a shadow does not do any more is not held against it.
#[tokio::test]
async fn a_shadow_that_keeps_connections_for_longer_than_before_is_believed() {
    let shadow = Scripted::start("", |_, _| Step::Respond).await;
    shadow.keeps_for(Duration::from_secs(10));
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    pass(11).await;
    until("it is closed", || shadow.open() == 0).await;
    shadow.keeps_for(Duration::from_hours(1));
    one_more(&mirror, &primary, Method::GET, "").await;
    pass(10).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!(shadow.connections(), 3);
    // The second has been idle for more than twice the time.
    pass(13).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!(shadow.connections(), 3);
}

/// To find out how long a shadow keeps connections takes few of them.
#[tokio::test]
async fn copies_that_must_not_be_sent_twice_use_connections_again() {
    let shadow = Scripted::start("", |_, _| Step::Respond).await;
    let (mirror, primary) = mirrored(&shadow).await;
    for _ in 0..100 {
        one_more(&mirror, &primary, Method::POST, "hello").await;
        go_on(Duration::from_millis(50)).await;
    }
    assert!(shadow.connections() <= 4, "{}", shadow.connections());
}

/// One that has said how long it keeps them needs not be tried.
#[tokio::test]
async fn a_shadow_that_says_how_long_it_keeps_connections_is_believed() {
    let shadow = Scripted::start("keep-alive: timeout=5\r\n", |_, _| Step::Respond).await;
    let (mirror, primary) = mirrored(&shadow).await;
    for _ in 0..20 {
        one_more(&mirror, &primary, Method::POST, "hello").await;
        go_on(Duration::from_millis(3_500)).await;
    }
    assert_eq!(shadow.connections(), 1);
}

/// A connection that the shadow has closed is not held until the next copy comes.
#[tokio::test]
async fn a_connection_that_the_shadow_has_closed_is_closed() {
    let shadow = Scripted::start("", |_, _| Step::Respond).await;
    shadow.keeps_for(Duration::from_secs(10));
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    tokio::time::pause();
    for _ in 0..2 {
        tokio::time::advance(Duration::from_secs(10)).await;
        // The clock stands still: nothing is closed because time has passed.
        for _ in 0..1000 {
            yield_now().await;
        }
    }
    assert_eq!(shadow.open(), 0);
}
