//! Requests that try something: the client gets the response that it gets without a mirror, and the
//! copy goes to the target, as the request that was meant, or nowhere.

use std::fmt::Write as _;

use axum::{
    Router,
    extract::{OriginalUri, Request},
    http::Method,
    routing::any,
};
use http_body_util::{BodyExt, Collected};
use mirror_runtime::{Mirror, SkipReason};
use testkit::{Primary, Recorded, Shadow, settled, without_date};

/// Tells in its response all that a handler can see of a request.
fn app() -> Router {
    Router::new().fallback(any(
        |OriginalUri(uri): OriginalUri, method: Method, request: Request| async move {
            let mut seen = format!("{method} {uri} {:?}\n", request.version());
            for (name, value) in request.headers() {
                writeln!(seen, "{name}: {value:?}").unwrap();
            }
            match request.into_body().collect().await.map(Collected::to_bytes) {
                Ok(body) => writeln!(seen, "{body:?}").unwrap(),
                Err(error) => writeln!(seen, "{error}").unwrap(),
            }
            seen
        },
    ))
}

/// What is expected to become of a request.
enum Fate {
    /// It is copied, with this target.
    Copied(&'static str),
    /// It is skipped, for this reason.
    Skipped(SkipReason),
    /// The server refuses it before any handler is asked.
    Refused,
}

use Fate::{Copied, Refused, Skipped};

/// Sends a request to the app with and without a mirror, and returns the copy, where there is one.
async fn fate(request: impl AsRef<[u8]>, expected: Fate) -> Option<Recorded> {
    let request = request.as_ref();
    let told = request.escape_ascii();
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let plain = Primary::start(app()).await;
    let mirrored = Primary::start(app().layer(mirror.layer())).await;
    let answer = without_date(&mirrored.exchange(request).await);
    assert_eq!(
        answer,
        without_date(&plain.exchange(request).await),
        "{told}"
    );
    assert!(answer.starts_with("HTTP/1."), "{told}: {answer}");
    let stats = settled(&mirror, u64::from(!matches!(expected, Refused))).await;
    let recorded = shadow.recorded();
    match expected {
        Copied(target) => {
            assert_eq!(stats[0].answered, 1, "{told}: {}", stats[0]);
            assert_eq!(recorded[0].target, target, "{told}");
        }
        Skipped(reason) => assert_eq!(stats[0].skipped_for(reason), 1, "{told}: {}", stats[0]),
        Refused => assert!(answer.starts_with("HTTP/1.1 400 "), "{told}: {answer}"),
    }
    assert!(recorded.len() <= 1, "{told}: {recorded:?}");
    recorded.into_iter().next()
}

/// A `GET` of a request target.
async fn target(target: &str, expected: Fate) -> Option<Recorded> {
    fate(
        format!("GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"),
        expected,
    )
    .await
}

/// A `POST` with headers and a body as they are given.
async fn post(rest: &str, expected: Fate) -> Option<Recorded> {
    let head = "POST /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
    fate([head, rest].concat(), expected).await
}

#[tokio::test]
async fn targets_that_look_like_other_hosts_and_paths() {
    target("//evil.example/x", Copied("//evil.example/x")).await;
    target("//evil.example:81/@b", Copied("//evil.example:81/@b")).await;
    target("/@evil.example", Copied("/@evil.example")).await;
    target("/..//../x", Copied("/..//../x")).await;
    target("/%2e%2e/", Copied("/%2e%2e/")).await;
    target("/a/%2E./b", Copied("/a/%2E./b")).await;
    target("/a%2f..%2fb", Copied("/a%2f..%2fb")).await;
    target("/a?../b", Copied("/a?../b")).await;
    target("/a?b?c=//evil.example", Copied("/a?b?c=//evil.example")).await;
}

/// The server drops what follows a `#`, which no request target has; the handler does not see it
/// either.
#[tokio::test]
async fn fragments_do_not_travel() {
    target("/a?b#c", Copied("/a?b")).await;
    target("/a#//evil.example", Copied("/a")).await;
}

#[tokio::test]
async fn the_absolute_form_does_not_choose_the_shadow() {
    // It does say which host the request was for.
    for (evil, host) in [
        ("http://evil.example/y?z", "evil.example"),
        ("https://evil.example:1/y?z", "evil.example:1"),
    ] {
        let copy = target(evil, Copied("/y?z")).await.unwrap();
        assert_eq!(copy.all("x-mirrored-from"), [host]);
    }
    target("http://user:secret@evil.example/y", Copied("/y")).await;
    target("http://evil.example", Copied("/")).await;
    target("*", Skipped(SkipReason::Unsendable)).await;
}

#[tokio::test]
async fn hosts_and_forwarding_headers_are_the_client_s_words_and_travel_as_such() {
    let request = "GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\nx-forwarded-host: h\r\n\
                   x-forwarded-for: 1.2.3.4\r\nx-forwarded-proto: https\r\nforwarded: for=1.2.3.4\r\n\r\n";
    let copy = fate(request, Copied("/")).await.unwrap();
    assert!(copy.all("host")[0].starts_with("127.0.0.1:"));
    assert_eq!(copy.all("x-mirrored-from"), ["evil.example"]);
    assert_eq!(copy.all("x-forwarded-host"), ["h"]);
    assert_eq!(copy.all("x-forwarded-for"), ["1.2.3.4"]);
    assert_eq!(copy.all("x-forwarded-proto"), ["https"]);
    assert_eq!(copy.all("forwarded"), ["for=1.2.3.4"]);
    let without = "GET / HTTP/1.0\r\n\r\n";
    let copy = fate(without, Copied("/")).await.unwrap();
    assert_eq!(copy.all("x-mirrored-from"), ["unknown"]);
}

#[tokio::test]
async fn headers_that_connection_names_do_not_travel() {
    let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: x-secret , close\r\nconnection: X-Other\r\n\
                   x-secret: s\r\nx-other: o\r\nx-kept: k\r\n\r\n";
    let copy = fate(request, Copied("/")).await.unwrap();
    assert!(!copy.headers.contains_key("x-secret") && !copy.headers.contains_key("x-other"));
    assert_eq!(copy.all("x-kept"), ["k"]);
    // Nor does naming it keep the marker off.
    let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close, x-mirrored-from, host\r\n\r\n";
    let copy = fate(request, Copied("/")).await.unwrap();
    assert_eq!(copy.all("x-mirrored-from"), ["a"]);
}

#[tokio::test]
async fn lengths_that_are_given_twice() {
    let copy = post(
        "content-length: 5\r\ncontent-length: 5\r\n\r\nhello",
        Copied("/x"),
    )
    .await
    .unwrap();
    assert_eq!(
        (copy.all("content-length"), &*copy.body),
        (vec!["5"], &b"hello"[..])
    );
    post(
        "content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        Refused,
    )
    .await;
    post("content-length: 5, 5\r\n\r\nhello", Refused).await;
    post("content-length: +5\r\n\r\nhello", Refused).await;
    post("content-length: -1\r\n\r\n", Refused).await;
    post("content-length: 99999999999999999999\r\n\r\n", Refused).await;
}

#[tokio::test]
async fn transfer_encodings_that_smuggle() {
    const CHUNKED: &str = "\r\n5\r\nhello\r\n0\r\n\r\n";
    let chunked = format!("transfer-encoding: chunked\r\n{CHUNKED}");
    let copy = post(&chunked, Copied("/x")).await.unwrap();
    assert_eq!(
        (copy.all("content-length"), &*copy.body),
        (vec!["5"], &b"hello"[..])
    );
    // The copy has one framing, whatever the original had.
    for both in [
        "transfer-encoding: chunked\r\ncontent-length: 3\r\n",
        "content-length: 3\r\ntransfer-encoding: chunked\r\n",
    ] {
        if let Some(copy) = post(&format!("{both}{CHUNKED}"), Copied("/x")).await {
            assert_eq!(
                (copy.all("content-length"), &*copy.body),
                (vec!["5"], &b"hello"[..])
            );
            assert!(!copy.headers.contains_key("transfer-encoding"));
        }
    }
    for refused in [
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding : chunked\r\n",
    ] {
        post(&format!("{refused}{CHUNKED}"), Refused).await;
    }
    // A request hidden in what follows is a request to the primary, or none; it is no part of the
    // copy.
    let hidden =
        format!("content-length: 5\r\n\r\nhelloGET /hidden HTTP/1.1\r\nhost: a\r\n{CHUNKED}");
    assert_eq!(post(&hidden, Copied("/x")).await.unwrap().body, "hello");
}

#[tokio::test]
async fn a_forged_marker_stops_the_copy_and_nothing_else() {
    for marker in [
        "x-mirrored-from: a",
        "X-Mirrored-From:",
        "x-mirrored-from: \u{fc}",
    ] {
        let request = format!("{marker}\r\ncontent-length: 5\r\n\r\nhello");
        post(&request, Skipped(SkipReason::Loop)).await;
    }
}

#[tokio::test]
async fn values_that_are_empty_or_not_text() {
    let request =
        b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-empty:\r\nx-blank:  \t \r\n\
                    x-latin: \xe9\xff\x80\r\ncookie: \xe4=\xf6\r\n\r\n";
    let copy = fate(request, Copied("/")).await.unwrap();
    let value = |name| copy.headers.get(name).unwrap().as_bytes();
    assert_eq!((value("x-empty"), value("x-blank")), (&b""[..], &b""[..]));
    assert_eq!(
        (value("x-latin"), value("cookie")),
        (&b"\xe9\xff\x80"[..], &b"\xe4=\xf6"[..])
    );
    for control in ["\0", "\r", "\x7f", "a\nb"] {
        let request = format!("GET / HTTP/1.1\r\nhost: a\r\nx-control: a{control}b\r\n\r\n");
        fate(request, Refused).await;
    }
    let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx folded: a\r\n\r\n";
    fate(request, Refused).await;
    let host = b"GET / HTTP/1.1\r\nhost: \xe9\r\nconnection: close\r\n\r\n";
    let copy = fate(host, Copied("/")).await.unwrap();
    assert_eq!(copy.headers["x-mirrored-from"].as_bytes(), b"\xe9");
}
