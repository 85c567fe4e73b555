//! Faults of shadows that speak TLS.

use std::sync::{Arc, Mutex};

use http::StatusCode;
use mirror_runtime::FailureKind;
use testkit::{Authority, Fault, Faulty, Log, passes_where_trusted, trusted_file, until};

use super::{Expected, one_more, primary_of, to};

/// Runs twice: by itself, where nobody trusts the authority, and from the test below, where it is
/// trusted.
#[tokio::test]
async fn a_certificate_decides_whether_there_is_a_session() {
    let authority = Authority::new();
    let trusted = trusted_file();
    if let Some(file) = &trusted {
        std::fs::write(file, authority.pem()).unwrap();
    }
    let ours = |year, protocol| authority.certifies("localhost", year, protocol);
    let tls: Expected = Err(FailureKind::Tls);
    let cases = [
        (
            "foreign",
            Authority::new().certifies("localhost", 2090, "http/1.1"),
            Fault::None,
            tls,
        ),
        ("expired", ours(2021, "http/1.1"), Fault::None, tls),
        (
            "of another name",
            authority.certifies("a.example", 2090, "h2"),
            Fault::None,
            tls,
        ),
        (
            "valid",
            ours(2090, "http/1.1"),
            Fault::None,
            Ok(StatusCode::OK),
        ),
        (
            "valid",
            ours(2090, "http/1.1"),
            Fault::HalfAnswer,
            Err(FailureKind::Body),
        ),
        (
            "valid",
            ours(2090, "h2"),
            Fault::GoAwayBeforeTheAnswer,
            Err(FailureKind::Request),
        ),
        (
            "valid",
            ours(2090, "h2"),
            Fault::GoAwayInTheAnswer,
            Err(FailureKind::Body),
        ),
    ];
    let (log, told) = (Log::default(), Arc::new(Mutex::new(Vec::new())));
    if trusted.is_some() {
        // Of that process alone: a program has one log.
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
    }
    for (certificate, acceptor, fault, expected) in cases {
        let faulty = Faulty::tls(fault, acceptor);
        let target = format!("https://localhost:{}", faulty.port());
        let texts = Arc::clone(&told);
        let mirror = to(target).on_error(move |_, error| {
            let source = std::error::Error::source(error).map(ToString::to_string);
            let text = format!("{error} {error:?} {source:?}");
            texts.lock().unwrap().push(text);
        });
        let mirror = mirror.build().unwrap();
        let primary = primary_of(&mirror).await;
        let stats = one_more(&mirror, &primary).await;
        let expected = if trusted.is_some() { expected } else { tls };
        match expected {
            Ok(class) => assert_eq!(stats.answered_with(class), 1, "{certificate}: {stats}"),
            Err(kind) => assert_eq!(
                stats.failed_with(kind),
                1,
                "{certificate} {fault:?}: {stats}"
            ),
        }
        // Nothing of the request is told to a shadow that is not who it should be, and nothing is
        // sent twice but what the shadow says that it did not process.
        let requests = match (expected, fault) {
            (expected, _) if expected == tls => 0,
            (_, Fault::GoAwayBeforeTheAnswer) => 2,
            _ => 1,
        };
        assert_eq!(faulty.requests(), requests, "{certificate} {fault:?}");
    }
    // Nothing of what a shadow says is told: neither what it knows of the request, nor the name it
    // has.
    let failures = if trusted.is_some() { 6 } else { 7 };
    until("each failure is told", || {
        told.lock().unwrap().len() == failures
    })
    .await;
    let told = told.lock().unwrap().concat();
    for text in ["canary", "a.example", "\u{1b}", "\n"] {
        assert!(!told.contains(text), "{told}");
    }
    let logged = log.text();
    assert_eq!(logged.contains("copies failed"), trusted.is_some());
    assert!(!logged.contains("canary"), "{logged}");
}

#[tokio::test]
async fn a_shadow_that_is_trusted_can_still_go_away() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-by-shadow-faults.pem");
    let test = "shadow_faults::tls::a_certificate_decides_whether_there_is_a_session";
    passes_where_trusted(test, file).await;
}
