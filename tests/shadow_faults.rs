//! Whatever a shadow does, the client gets the primary's response, and the copy is counted as what
//! became of it.

mod endless;
#[cfg(target_os = "linux")]
mod full_queue;
mod protection;
mod tls;

use std::time::Duration;

use axum::{Router, routing::post};
use bytes::Bytes;
use http::StatusCode;
use mirror_runtime::{FailureKind, Mirror, MirrorBuilder, SkipReason, TargetStats};
use testkit::{Fault, Faulty, Primary, settled, until, without_date};

/// Short, because some faults are known by nothing else; long enough that no other fault takes
/// longer.
const SHORT: Duration = Duration::from_millis(200);
/// Longer than a condition is waited for: a test in which a copy timed out would fail.
const LONG: Duration = Duration::from_hours(1);

const REQUEST: &str =
    "POST /a?b HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello";

fn plain() -> Router {
    Router::new().fallback(post(|body: Bytes| async { (StatusCode::CREATED, body) }))
}

fn to(target: impl Into<String>) -> MirrorBuilder {
    Mirror::builder().target(target.into()).timeout(LONG)
}

/// Sends a request, which must be answered as it is without a mirror, and waits for what becomes of
/// its copies.
async fn one_more(mirror: &Mirror, primary: &Primary) -> TargetStats {
    let before = mirror.stats().targets[0].received;
    let expected = Primary::start(plain()).await.exchange(REQUEST).await;
    let answer = primary.exchange(REQUEST).await;
    assert_eq!(without_date(&answer), without_date(&expected));
    assert!(answer.starts_with(b"HTTP/1.1 201 Created\r\n") && answer.ends_with(b"\r\n\r\nhello"));
    settled(mirror, before + 1).await.remove(0)
}

async fn primary_of(mirror: &Mirror) -> Primary {
    Primary::start(plain().layer(mirror.layer())).await
}

/// What becomes of the copies for a shadow with a fault: answered with a status, or failed.
type Expected = Result<StatusCode, FailureKind>;

/// Sends three requests to a primary whose shadow has a fault, once as it is and once with `sync`.
async fn expect(fault: Fault, timeout: Duration, expected: Expected) {
    for sync in [false, true] {
        let faulty = Faulty::start(fault);
        let mirror = to(faulty.url()).timeout(timeout).sync(sync).build();
        let mirror = mirror.unwrap();
        let primary = primary_of(&mirror).await;
        for sent in 1..=3 {
            let stats = one_more(&mirror, &primary).await;
            assert_eq!(stats.sent, sent, "{fault:?}: {stats}");
            match expected {
                Ok(class) => assert_eq!(stats.answered_with(class), sent, "{fault:?}: {stats}"),
                Err(kind) => assert_eq!(stats.failed_with(kind), sent, "{fault:?}: {stats}"),
            }
        }
        let requests = if fault == Fault::Refused { 0 } else { 3 };
        assert_eq!(
            faulty.requests(),
            requests,
            "{fault:?}: a copy is sent once"
        );
    }
}

#[tokio::test]
async fn a_shadow_that_is_well_is_answered() {
    expect(Fault::None, LONG, Ok(StatusCode::OK)).await;
}

#[tokio::test]
async fn nobody_listens() {
    expect(Fault::Refused, LONG, Err(FailureKind::Connect)).await;
}

#[tokio::test]
async fn it_never_answers() {
    expect(Fault::BlackHole, SHORT, Err(FailureKind::Timeout)).await;
}

#[tokio::test]
async fn it_resets_the_connection() {
    expect(Fault::Reset, LONG, Err(FailureKind::Request)).await;
}

#[tokio::test]
async fn it_closes_in_the_middle_of_its_answer() {
    expect(Fault::HalfAnswer, LONG, Err(FailureKind::Body)).await;
}

#[tokio::test]
async fn its_answer_arrives_one_byte_at_a_time() {
    expect(Fault::ByteByByte, SHORT, Err(FailureKind::Timeout)).await;
}

#[tokio::test]
async fn it_speaks_no_http() {
    expect(Fault::Garbage, LONG, Err(FailureKind::Request)).await;
}

#[tokio::test]
async fn its_headers_are_huge() {
    expect(Fault::HugeHeaders, LONG, Err(FailureKind::Request)).await;
}

#[tokio::test]
async fn informational_answers_come_before_its_answer() {
    expect(Fault::Informational, LONG, Ok(StatusCode::OK)).await;
}

#[tokio::test]
async fn it_announces_more_than_it_sends() {
    expect(Fault::LengthTooLong, SHORT, Err(FailureKind::Timeout)).await;
}

#[tokio::test]
async fn it_sends_more_than_it_announces() {
    expect(Fault::LengthTooShort, LONG, Ok(StatusCode::OK)).await;
}

#[tokio::test]
async fn it_redirects_for_ever() {
    // That each copy is one request says that no redirect is followed.
    let faulty = Faulty::start(Fault::RedirectLoop);
    let mirror = to(faulty.url()).build().unwrap();
    let primary = primary_of(&mirror).await;
    let stats = one_more(&mirror, &primary).await;
    assert_eq!(stats.answered_with(StatusCode::FOUND), 1, "{stats}");
    assert_eq!(faulty.requests(), 1);
}

/// Responses without an end are read up to a bound, and then their connection is closed.
#[tokio::test]
async fn its_answer_is_huge_or_endless() {
    for fault in [Fault::Endless, Fault::Huge] {
        let faulty = Faulty::start(fault);
        let mirror = to(faulty.url()).build().unwrap();
        let primary = primary_of(&mirror).await;
        for sent in 1..=3 {
            let stats = one_more(&mirror, &primary).await;
            assert_eq!(stats.answered_with(StatusCode::OK), sent, "{stats}");
        }
        until("its connections are closed", || faulty.open() == 0).await;
        // What was not read lies in buffers of the system, which hold a few megabytes each.
        assert!(faulty.written() < 100_000_000, "{fault:?}");
    }
}

/// What a shadow may send for one copy is bounded, whatever it is, so that nobody reads for ever.
#[tokio::test]
async fn informational_answers_never_end() {
    let faulty = Faulty::start(Fault::EndlessInformational);
    let mirror = to(faulty.url()).timeout(LONG).build().unwrap();
    let primary = primary_of(&mirror).await;
    for sent in 1..=3 {
        let stats = one_more(&mirror, &primary).await;
        assert_eq!(stats.failed_with(FailureKind::Request), sent, "{stats}");
    }
    until("its connections are closed", || faulty.open() == 0).await;
    assert!(faulty.written() < 100_000_000);
}

#[tokio::test]
async fn its_name_does_not_resolve() {
    let mirror = to("http://no-such-shadow.invalid").build().unwrap();
    let primary = primary_of(&mirror).await;
    let stats = one_more(&mirror, &primary).await;
    assert_eq!(stats.failed_with(FailureKind::Dns), 1, "{stats}");
}

/// Several faults at once: one target's does not touch another's.
#[tokio::test]
async fn each_target_has_its_own_fate() {
    let faults = [
        Fault::BlackHole,
        Fault::None,
        Fault::Refused,
        Fault::Garbage,
    ];
    let shadows = faults.map(Faulty::start);
    let targets = shadows.iter().map(Faulty::url);
    let builder = targets.fold(Mirror::builder(), MirrorBuilder::target);
    let mirror = builder.timeout(SHORT).build().unwrap();
    let primary = primary_of(&mirror).await;
    one_more(&mirror, &primary).await;
    let stats = settled(&mirror, 1).await;
    assert_eq!(
        stats[0].failed_with(FailureKind::Timeout),
        1,
        "{}",
        stats[0]
    );
    assert_eq!(stats[1].answered, 1, "{}", stats[1]);
    assert_eq!(
        stats[2].failed_with(FailureKind::Connect),
        1,
        "{}",
        stats[2]
    );
    assert_eq!(
        stats[3].failed_with(FailureKind::Request),
        1,
        "{}",
        stats[3]
    );
    assert!(
        stats
            .iter()
            .all(|target| target.skipped_for(SkipReason::PrimaryGone) == 0)
    );
}
