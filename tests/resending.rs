//! A connection that was used before and closes as a copy leaves: over HTTP/1.1 nobody knows
//! whether the copy arrived. It is sent once more if that does no harm.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use http::Method;
use mirror_runtime::FailureKind;
use testkit::until;

use crate::scripted::{Scripted, Step, mirrored, one_more};

/// The first connection is used once, and closes when it is used again.
fn closes_when_used_again(connection: usize, request: usize) -> Step {
    if (connection, request) == (0, 1) {
        Step::Close
    } else {
        Step::Respond
    }
}

#[tokio::test]
async fn a_copy_whose_method_may_be_repeated_is_sent_once_more() {
    for (method, body) in [
        (Method::GET, ""),
        (Method::HEAD, ""),
        (Method::OPTIONS, ""),
        (Method::DELETE, ""),
        (Method::PUT, "hello"),
        (Method::DELETE, "hello"),
    ] {
        let shadow = Scripted::start("", closes_when_used_again).await;
        let (mirror, primary) = mirrored(&shadow).await;
        one_more(&mirror, &primary, Method::GET, "").await;
        if method == Method::HEAD {
            // A response to it has no body, and this shadow's has.
            continue;
        }
        let stats = one_more(&mirror, &primary, method.clone(), body).await;
        assert_eq!((stats.answered, stats.failed), (2, 0), "{method}: {stats}");
        assert_eq!((stats.sent, stats.resends), (2, 1), "{method}: {stats}");
        assert_eq!(
            (shadow.connections(), shadow.requests()),
            (2, 3),
            "{method}"
        );
        // With its body.
        assert_eq!(shadow.seen.bytes.load(SeqCst), 2 * body.len(), "{method}");
    }
}

#[tokio::test]
async fn a_copy_whose_method_may_not_be_repeated_is_not() {
    for method in [
        Method::POST,
        Method::PATCH,
        Method::from_bytes(b"BREW").unwrap(),
    ] {
        // It has said that it keeps the connection, and does not.
        let headers = "keep-alive: timeout=60\r\n";
        let shadow = Scripted::start(headers, closes_when_used_again).await;
        let (mirror, primary) = mirrored(&shadow).await;
        one_more(&mirror, &primary, Method::GET, "").await;
        let stats = one_more(&mirror, &primary, method.clone(), "hello").await;
        assert_eq!(
            stats.failed_with(FailureKind::Request),
            1,
            "{method}: {stats}"
        );
        assert_eq!((stats.resends, shadow.requests()), (0, 2), "{method}");
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_is_like_one_that_is_closed() {
    let shadow = Scripted::start("", |connection, request| {
        if (connection, request) == (0, 1) {
            Step::Reset
        } else {
            Step::Respond
        }
    })
    .await;
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    let stats = one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!((stats.answered, stats.resends), (2, 1), "{stats}");
}

#[tokio::test]
async fn a_copy_is_sent_once_more_and_never_twice() {
    let shadow = Scripted::start("", |connection, request| {
        if (connection, request) == (0, 0) {
            Step::Respond
        } else {
            Step::Close
        }
    })
    .await;
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    let stats = one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!(stats.failed_with(FailureKind::Request), 1, "{stats}");
    assert_eq!((stats.resends, shadow.requests()), (1, 3), "{stats}");
}

/// Then it was no accident.
#[tokio::test]
async fn a_copy_on_a_new_connection_is_not_sent_again() {
    let shadow = Scripted::start("", |_, _| Step::Close).await;
    let (mirror, primary) = mirrored(&shadow).await;
    let stats = one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!((stats.failed, stats.resends), (1, 0), "{stats}");
    assert_eq!(shadow.requests(), 1);
}

#[tokio::test]
async fn a_copy_whose_response_has_begun_is_not_sent_again() {
    let shadow = Scripted::start("", |_, request| match request {
        0 => Step::Respond,
        _ => Step::Begin,
    })
    .await;
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    let stats = one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!((stats.failed, stats.resends), (1, 0), "{stats}");
    assert_eq!(shadow.requests(), 2);
}

/// The next copy leaves at the moment at which the shadow closes.
#[tokio::test]
async fn no_copy_that_may_be_repeated_is_lost_to_a_shadow_that_closes_after_each_response() {
    let shadow = Scripted::start("", |_, _| Step::RespondAndClose).await;
    let (mirror, primary) = mirrored(&shadow).await;
    for sent in 1..=500 {
        let stats = one_more(&mirror, &primary, Method::GET, "").await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    assert_eq!(shadow.requests(), 500);
}

/// How long a connection is kept, of which the shadow has said something.
async fn is_closed_after(headers: &'static str, millis: u64) -> bool {
    let shadow = Scripted::start(headers, |_, _| Step::Respond).await;
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!(shadow.open(), 1, "{headers}");
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(millis)).await;
    tokio::time::resume();
    one_more(&mirror, &primary, Method::GET, "").await;
    shadow.connections() == 2
}

#[tokio::test]
async fn a_connection_is_not_used_for_longer_than_the_shadow_keeps_it() {
    for headers in [
        "keep-alive: timeout=5\r\n",
        "Keep-Alive: timeout=5, max=1000\r\nConnection: keep-alive\r\n",
        "keep-alive: max=1000, Timeout=\"5\"\r\n",
        "keep-alive: max=1000\r\nkeep-alive: timeout=5\r\n",
    ] {
        assert!(is_closed_after(headers, 5_000).await, "{headers}");
        assert!(!is_closed_after(headers, 2_000).await, "{headers}");
    }
}

/// Of a short time a half is left: less than what a copy may be on its way for.
#[tokio::test]
async fn a_connection_that_the_shadow_keeps_for_a_second_is_used_for_half_of_it() {
    let headers = "keep-alive: timeout=1\r\n";
    assert!(is_closed_after(headers, 600).await);
    assert!(!is_closed_after(headers, 100).await);
}

#[tokio::test]
async fn a_shadow_cannot_make_connections_be_kept_for_longer() {
    for headers in [
        "keep-alive: timeout=99999999999999999999\r\n",
        "keep-alive: timeout=3600\r\n",
        "keep-alive: timeout=-1\r\n",
        "keep-alive: timeout\r\n",
        "keep-alive: \r\n",
    ] {
        assert!(is_closed_after(headers, 31_000).await, "{headers}");
        assert!(!is_closed_after(headers, 20_000).await, "{headers}");
    }
}

#[tokio::test]
async fn a_connection_that_the_shadow_does_not_keep_is_closed() {
    let shadow = Scripted::start("keep-alive: timeout=0\r\n", |_, _| Step::Respond).await;
    let (mirror, primary) = mirrored(&shadow).await;
    one_more(&mirror, &primary, Method::GET, "").await;
    until("it is closed", || shadow.open() == 0).await;
    let stats = one_more(&mirror, &primary, Method::GET, "").await;
    assert_eq!((stats.answered, shadow.connections()), (2, 2), "{stats}");
}
