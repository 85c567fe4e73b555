//! The promise: whatever is asked and whatever the shadow does, the response is the one that the
//! app gives without a mirror, byte for byte.
//!
//! A corpus of requests is sent to one app without a mirror, and, for each fault of a shadow, to
//! the same app with the attribute on each handler and with a layer around it.

mod app;
mod corpus;

use std::{convert::Infallible, time::Duration};

use axum::{Router, body::Body};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mirror_runtime::{BodyMode, CompareMode, Mirror, MirrorBuilder, Target};
use testkit::{
    Fault, Faulty, Primary, Shadow, connect_h2, eventually, mirror_named, prior_knowledge,
    raw_h2::faults, until, without_date,
};

use self::corpus::{HTTP_1, HTTP_2, Http2};

/// Requests under way at once.
const AT_ONCE: usize = 8;

/// What an app responds to the corpus, request by request.
async fn answers(app: Router) -> Vec<String> {
    let primary = Primary::start(app).await;
    let over_http_1 = stream::iter(HTTP_1)
        .map(|request| primary.exchange(request))
        .buffered(AT_ONCE)
        .map(|answer| unchunked(&without_date(&answer)));
    let mut answers: Vec<_> = over_http_1.collect().await;
    let over_http_2 = stream::iter(HTTP_2)
        .map(|request| over_http_2(&primary, request))
        .buffered(AT_ONCE);
    answers.extend(over_http_2.collect::<Vec<_>>().await);
    answers
}

/// What a response says, however its body is cut into chunks: that depends on what the network did
/// to the request's.
fn unchunked(answer: &str) -> String {
    let Some((head, mut body)) = answer.split_once("\r\n\r\n") else {
        return answer.to_owned();
    };
    if !head.contains("\r\ntransfer-encoding: chunked") {
        return answer.to_owned();
    }
    let mut whole = format!("{head}\r\n\r\n");
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap_or(0);
        if length == 0 {
            whole.push_str("\r\n");
            whole.push_str(rest);
            break;
        }
        whole.push_str(&rest[..length]);
        body = &rest[length + 2..];
    }
    whole
}

async fn over_http_2(primary: &Primary, request: &Http2) -> String {
    let (method, target, headers, frames, has_trailers) = request;
    let mut sending = Request::builder()
        .method(*method)
        .uri(format!("http://a{target}"));
    for (name, value) in *headers {
        sending = sending.header(*name, *value);
    }
    let trailers = has_trailers.then(|| {
        Frame::trailers(HeaderMap::from_iter([(
            "x-sum".parse().unwrap(),
            "5".parse().unwrap(),
        )]))
    });
    let data = frames.iter().map(|data| Frame::data(Bytes::from(*data)));
    let frames: Vec<_> = data.chain(trailers).map(Ok::<_, Infallible>).collect();
    let body = if frames.is_empty() {
        Body::empty()
    } else {
        Body::new(StreamBody::new(stream::iter(frames)))
    };
    let mut client = connect_h2(primary).await;
    eventually("an answer over HTTP/2", async {
        let answer = client.send_request(sending.body(body).unwrap()).await;
        let (mut head, body) = match answer {
            Ok(answer) => answer.into_parts(),
            // Not `Debug`, which may hold more than what was said.
            Err(error) => return error.to_string(),
        };
        head.headers.remove("date");
        let body = match body.collect().await {
            Ok(body) => (body.trailers().cloned(), body.to_bytes()),
            Err(error) => return format!("{} {error}", head.status),
        };
        format!("{} {:?} {body:?}", head.status, head.headers)
    })
    .await
}

/// Fails for the first request to which two apps respond differently.
fn compare(plain: &[String], mirrored: &[String], mirror: &str) {
    assert_eq!(plain.len(), HTTP_1.len() + HTTP_2.len());
    assert_eq!(plain.len(), mirrored.len());
    for (index, (plain, mirrored)) in plain.iter().zip(mirrored).enumerate() {
        let request = match HTTP_1.get(index) {
            Some(request) => request.escape_ascii().to_string(),
            None => format!("{:?}", HTTP_2[index - HTTP_1.len()]),
        };
        assert_eq!(mirrored, plain, "{mirror}: {request}");
    }
}

/// Waits until every copy of a mirror has an outcome. Returns how many left.
async fn sent(mirror: &Mirror) -> u64 {
    until("all copies end", || {
        mirror.stats().targets[0].in_flight == 0
    })
    .await;
    let stats = mirror.stats().targets.remove(0);
    assert_eq!(
        stats.received,
        stats.sent + stats.skipped + stats.shed,
        "{stats}"
    );
    assert_eq!(stats.sent, stats.answered + stats.failed, "{stats}");
    stats.sent
}

#[test]
fn the_corpus_is_large_enough() {
    assert!(HTTP_1.len() >= 45 && HTTP_1.len() + HTTP_2.len() >= 60);
}

#[tokio::test]
async fn answers_are_those_of_the_app_without_the_attribute_whatever_the_shadow_does() {
    let plain = answers(app::plain()).await;
    for (fault, url, mirrored) in app::with_attributes() {
        let faulty = Faulty::at(url, fault);
        compare(&plain, &answers(mirrored).await, &format!("{fault:?}"));
        let name = format!("tests::differential::app::{fault:?}::echo");
        assert!(sent(&mirror_named(&name)).await >= 5, "{fault:?}");
        drop(faulty);
    }
}

/// Compares for each fault, with a mirror that never leaves a shadow alone.
async fn compare_with_layer(options: fn(MirrorBuilder) -> MirrorBuilder) {
    let plain = answers(app::plain()).await;
    for fault in Fault::HTTP_1 {
        let faulty = Faulty::start(fault);
        let builder = Mirror::builder()
            .target(faulty.url())
            .timeout(Duration::from_millis(100))
            .circuit_breaker(None);
        let mirror = options(builder).build().unwrap();
        let mirrored = answers(app::plain().layer(mirror.layer())).await;
        compare(&plain, &mirrored, &format!("{fault:?}"));
        assert!(sent(&mirror).await >= 30, "{fault:?}");
    }
}

/// The same for each fault over HTTP/2.
async fn compare_over_http2(options: fn(MirrorBuilder) -> MirrorBuilder) {
    let plain = answers(app::plain()).await;
    for (fault, shadow) in faults::all() {
        let builder = Mirror::builder()
            .target(shadow.target())
            .timeout(Duration::from_millis(100))
            .circuit_breaker(None);
        let mirror = options(builder).build().unwrap();
        let mirrored = answers(app::plain().layer(mirror.layer())).await;
        compare(&plain, &mirrored, fault);
        assert!(sent(&mirror).await >= 30, "{fault}");
    }
}

#[tokio::test]
async fn answers_are_those_of_the_app_without_a_layer_over_http2() {
    compare_over_http2(|builder| builder).await;
}

#[tokio::test]
async fn answers_are_those_of_the_app_without_a_layer_that_waits_for_the_shadow_over_http2() {
    compare_over_http2(|builder| builder.sync(true)).await;
}

#[tokio::test]
async fn answers_are_those_of_the_app_without_a_layer_that_notes_bodies_over_http2() {
    compare_over_http2(|builder| builder.body(BodyMode::Tee)).await;
}

#[tokio::test]
async fn answers_are_those_of_the_app_without_a_layer_that_compares_them_over_http2() {
    compare_over_http2(|builder| builder.compare(CompareMode::Json)).await;
}

#[tokio::test]
async fn answers_are_those_of_the_app_without_a_layer_that_waits_for_the_shadow() {
    compare_with_layer(|builder| builder.sync(true)).await;
}

#[tokio::test]
async fn answers_are_those_of_the_app_without_a_layer_that_notes_bodies_as_they_pass() {
    compare_with_layer(|builder| builder.body(BodyMode::Tee)).await;
}

#[tokio::test]
async fn answers_are_those_of_the_app_without_a_layer_that_compares_them() {
    compare_with_layer(|builder| builder.compare(CompareMode::Json)).await;
}

#[tokio::test]
async fn answers_are_those_of_the_app_without_an_attribute_that_compares_them() {
    let plain = answers(app::plain()).await;
    let _shadow = Faulty::at(app::COMPARED, Fault::None);
    compare(&plain, &answers(app::comparing()).await, "compared");
    let mirror = mirror_named("tests::differential::app::compared::echo");
    assert!(sent(&mirror).await >= 5);
    until("the answers are compared", || {
        mirror.report().targets[0].compared > 0
    })
    .await;
}

#[tokio::test]
async fn answers_are_compared_where_the_shadow_is_the_app_itself() {
    let shadow = Primary::start(app::plain()).await;
    let url = format!("http://{}", shadow.host());
    for target in [Target::new(&url).unwrap(), prior_knowledge(&url)] {
        let mirror = Mirror::builder()
            .target(target)
            .compare(CompareMode::Bytes)
            .build()
            .unwrap();
        let plain = answers(app::plain()).await;
        let mirrored = answers(app::plain().layer(mirror.layer())).await;
        compare(&plain, &mirrored, "compared");
        sent(&mirror).await;
        let report = mirror.report();
        assert!(report.targets[0].matched >= 20, "{report}");
    }
}

/// A comparison that finds no difference must be able to.
#[tokio::test]
#[should_panic(expected = "a header more: ")]
async fn a_difference_is_found() {
    let shadow = Shadow::start().await;
    let plain = answers(app::plain()).await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let different = app::plain()
        .layer(axum::middleware::map_response(
            |mut answer: axum::response::Response| async {
                let headers = answer.headers_mut();
                headers.insert("x-shadow", "seen".parse().unwrap());
                answer
            },
        ))
        .layer(mirror.layer());
    compare(&plain, &answers(different).await, "a header more");
}
