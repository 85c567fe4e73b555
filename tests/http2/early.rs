//! Responses that come before the shadow has read the body of the copy, or has let any of it come.

use axum::{Router, body::Body, http::StatusCode, routing::any};
use testkit::{
    Primary, RawH2, pass, prior_knowledge,
    raw_h2::frames::{HEADERS, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, ok_and_more},
    until,
};

use super::{LONG, SHORT, mirrored, one_more, post_more, tasks, to};

/// The window of a stream (RFC 9113 section 6.9.2), beyond which nothing can come that nobody
/// reads.
const WINDOW: usize = 65_535;

#[tokio::test]
async fn a_copy_that_is_responded_to_before_its_body_was_read_ends_its_stream() {
    let shadow = RawH2::options()
        .without_credit()
        .connection_window(1 << 30)
        .start(|peer, frame| {
            if frame.kind == HEADERS {
                peer.respond(frame.stream);
            }
        });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    for sent in 1..=20 {
        let stats = post_more(&mirror, &primary, 200_000).await;
        assert_eq!((stats.answered, stats.shed), (sent, 0), "{stats}");
    }
    until("both halves of each stream are ended", || {
        shadow.resets().len() == 20
    })
    .await;
    assert!(shadow.most_data() <= WINDOW, "{}", shadow.most_data());
    assert_eq!(shadow.connections(), 1);
}

#[tokio::test]
async fn a_copy_without_a_window_for_its_body_leaves_no_task_behind() {
    let shadow = RawH2::options()
        .settings(&[(INITIAL_WINDOW_SIZE, 0)])
        .start(|peer, frame| {
            if frame.kind == HEADERS {
                peer.respond(frame.stream);
            }
        });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    // The first may leave before the shadow has said that there is no window.
    post_more(&mirror, &primary, 1000).await;
    let before = tasks();
    for sent in 2..=200 {
        let stats = post_more(&mirror, &primary, 1000).await;
        assert_eq!(stats.answered, sent, "{stats}");
    }
    until("what carried the copies has ended", || {
        tasks() <= before + 5
    })
    .await;
    until("the streams are ended", || shadow.resets().len() >= 199).await;
    assert_eq!(shadow.connections(), 1);
}

/// The head of a response has come, and neither its body nor a window for the copy's ever does.
#[tokio::test]
async fn a_copy_whose_response_has_no_end_leaves_no_task_behind() {
    let shadow = RawH2::options()
        .settings(&[(INITIAL_WINDOW_SIZE, 0)])
        .start(|peer, frame| {
            if frame.kind == HEADERS {
                peer.send(ok_and_more(frame.stream));
            }
        });
    let builder = to(shadow.target()).timeout(SHORT).circuit_breaker(None);
    let (mirror, primary) = mirrored(builder).await;
    post_more(&mirror, &primary, 1000).await;
    let before = tasks();
    for _ in 0..100 {
        primary.post("/", vec![b'x'; 1000]).await;
    }
    testkit::settled(&mirror, 101).await;
    until("what carried the copies has ended", || {
        tasks() <= before + 5
    })
    .await;
}

#[tokio::test]
async fn a_shadow_that_allows_no_streams_is_left_no_task() {
    let shadow = RawH2::options()
        .settings(&[(MAX_CONCURRENT_STREAMS, 0)])
        .start(|_, _| {});
    let builder = to(shadow.target()).timeout(SHORT).circuit_breaker(None);
    let (mirror, primary) = mirrored(builder).await;
    post_more(&mirror, &primary, 1000).await;
    let before = tasks();
    for _ in 0..50 {
        primary.post("/", vec![b'x'; 1000]).await;
    }
    let stats = testkit::settled(&mirror, 51).await.remove(0);
    assert_eq!(stats.answered, 0, "{stats}");
    until("what carried the copies has ended", || {
        tasks() <= before + 5
    })
    .await;
    // Those that were opened last are idle.
    pass(35).await;
    until("the connections are closed", || shadow.open() == 0).await;
}

/// A server that does not want the rest of a body says so with a reset that is no error (RFC 9113
/// section 8.1).
#[tokio::test]
async fn a_body_that_is_refused_at_once_is_responded_to() {
    let refuse = any(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "too large") });
    let shadow = Primary::start(Router::new().fallback(refuse)).await;
    let target = prior_knowledge(format!("http://{}", shadow.host()));
    let (mirror, primary) = mirrored(to(target).timeout(LONG)).await;
    for sent in 1..=5 {
        let stats = post_more(&mirror, &primary, 1_500_000).await;
        let refused = stats.answered_with(StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(refused, sent, "{stats}");
    }
}

#[tokio::test]
async fn a_body_that_nobody_waits_for_any_more_makes_no_room_on_the_connection() {
    // No window is given back: what was sent of the bodies before would be missing for those that
    // come.
    let shadow = RawH2::options()
        .connection_window(1 << 20)
        .start(|peer, frame| {
            let wants = peer.requests() > 20;
            if frame.kind == HEADERS && !wants || frame.ends_stream() {
                peer.respond(frame.stream);
            }
        });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    for sent in 1..=40 {
        let stats = post_more(&mirror, &primary, 100_000).await;
        assert_eq!(stats.answered, sent, "{stats}");
    }
    // Those that it wanted came whole.
    assert!(shadow.data() >= 20 * 100_000, "{}", shadow.data());
    assert_eq!(shadow.connections(), 1);
    let stats = one_more(&mirror, &primary).await;
    assert_eq!(stats.answered, 41, "{stats}");
}

#[tokio::test]
async fn a_large_body_arrives_whole_through_small_windows() {
    let shadow = RawH2::options()
        .settings(&[(INITIAL_WINDOW_SIZE, 1000)])
        .start_well();
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    for sent in 1..=3 {
        primary.post("/", Body::from(vec![b'x'; 300_000])).await;
        let stats = testkit::settled(&mirror, sent).await.remove(0);
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    assert_eq!(shadow.data(), 900_000);
}
