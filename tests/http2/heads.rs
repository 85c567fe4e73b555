//! How large the head of a response may be: the same over both protocols.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response},
};
use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use http_body_util::StreamBody;
use mirror_runtime::{FailureKind, Target, TargetStats};
use testkit::{RawH2, Shadow, prior_knowledge, raw_h2::frames::early_hints};

use super::{mirrored, one_more, to};

/// So many headers of the same length.
fn headers(number: usize, length: usize) -> HeaderMap {
    let value = HeaderValue::from_str(&"h".repeat(length)).unwrap();
    let header = |n| {
        (
            HeaderName::try_from(format!("x-{n}")).unwrap(),
            value.clone(),
        )
    };
    (0..number).map(header).collect()
}

const PROTOCOLS: [&str; 2] = ["HTTP/2", "HTTP/1.1"];

/// A shadow whose responses have these headers, as a target of either protocol.
async fn with_headers(headers: HeaderMap) -> (Shadow, [Target; 2]) {
    let shadow = Shadow::answering(move |_| {
        let mut response = Response::new(Body::from("shadow"));
        response.headers_mut().extend(headers.clone());
        response
    })
    .await;
    let targets = [
        prior_knowledge(shadow.url()),
        Target::new(shadow.url()).unwrap(),
    ];
    (shadow, targets)
}

async fn one_copy(target: Target) -> TargetStats {
    let (mirror, primary) = mirrored(to(target)).await;
    one_more(&mirror, &primary).await
}

#[tokio::test]
async fn a_head_of_60_kb_is_read() {
    for (number, length) in [(4, 15_000), (60, 980), (1, 60_000)] {
        let (_shadow, targets) = with_headers(headers(number, length)).await;
        for (target, protocol) in targets.into_iter().zip(PROTOCOLS) {
            let stats = one_copy(target).await;
            assert_eq!(
                stats.answered, 1,
                "{protocol}: {number} of {length}: {stats}"
            );
        }
    }
}

#[tokio::test]
async fn a_head_of_70_kb_is_not() {
    for (number, length) in [(4, 17_500), (70, 1000), (1, 70_000)] {
        let (_shadow, targets) = with_headers(headers(number, length)).await;
        for (target, protocol) in targets.into_iter().zip(PROTOCOLS) {
            let stats = one_copy(target).await;
            let failed = stats.failed_with(FailureKind::Request);
            assert_eq!(failed, 1, "{protocol}: {number} of {length}: {stats}");
        }
    }
}

#[tokio::test]
async fn a_head_of_over_a_hundred_headers_is_not_read() {
    // Shadows add some of their own.
    for (number, is_read) in [(90, true), (110, false)] {
        let (_shadow, targets) = with_headers(headers(number, 1)).await;
        for (target, protocol) in targets.into_iter().zip(PROTOCOLS) {
            let stats = one_copy(target).await;
            assert_eq!(
                stats.answered == 1,
                is_read,
                "{protocol}: {number}: {stats}"
            );
        }
    }
}

/// The connection is none the worse for a head that is too large.
#[tokio::test]
async fn a_head_that_is_too_large_takes_no_other_copy_with_it() {
    let shadow = Shadow::answering(|request| {
        let mut response = Response::new(Body::from("shadow"));
        if request.target.ends_with("/large") {
            response.headers_mut().extend(headers(4, 20_000));
        }
        response
    })
    .await;
    let (mirror, primary) = mirrored(to(prior_knowledge(shadow.url()))).await;
    for round in 1..=3 {
        for path in ["/large", "/", "/"] {
            primary.get(path).await;
        }
        let stats = testkit::settled(&mirror, 3 * round).await.remove(0);
        assert_eq!(
            (stats.answered, stats.failed),
            (2 * round, round),
            "{stats}"
        );
    }
}

#[tokio::test]
async fn trailers_are_read_as_a_head_is() {
    let shadow = Shadow::answering(|_| {
        let frames = [
            Frame::data(Bytes::from_static(b"shadow")),
            Frame::trailers(headers(4, 15_000)),
        ];
        let frames = frames.map(Ok::<_, std::convert::Infallible>);
        Response::new(Body::new(StreamBody::new(futures_util::stream::iter(
            frames,
        ))))
    })
    .await;
    let (mirror, primary) = mirrored(to(prior_knowledge(shadow.url()))).await;
    for sent in 1..=3 {
        let stats = one_more(&mirror, &primary).await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    assert_eq!(shadow.connections(), 1);
}

/// A few are what servers say that prepare a page.
#[tokio::test]
async fn some_informational_responses_come_before_the_response() {
    let shadow = RawH2::options().start(|peer, arrived| {
        if arrived.ends_stream() {
            peer.send(early_hints(arrived.stream).repeat(5));
            peer.respond(arrived.stream);
        }
    });
    let (mirror, primary) = mirrored(to(shadow.target())).await;
    for sent in 1..=20 {
        assert_eq!(one_more(&mirror, &primary).await.answered, sent);
    }
    assert_eq!(shadow.connections(), 1);
}
