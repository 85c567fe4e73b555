//! Shadows that speak TLS: the protocol is negotiated, and connections are used again.

use axum::{Router, body::Bytes, routing::any};
use mirror_runtime::{FailureKind, Host, Http2, Mirror, ReqwestTransport, Target};
use testkit::{Authority, Primary, Shadow, passes_where_trusted, settled, trusted_file};

const COPIES: u64 = 20;

async fn primary_of(mirror: &Mirror) -> Primary {
    let echo = any(|body: Bytes| async { body });
    Primary::start(Router::new().fallback(echo).layer(mirror.layer())).await
}

/// Runs in a process that trusts the authority: the test below starts it.
#[tokio::test]
async fn copies_arrive_over_each_protocol_where_the_shadow_is_trusted() {
    let Some(file) = trusted_file() else { return };
    let authority = Authority::new();
    std::fs::write(file, authority.pem()).unwrap();
    for protocol in ["h2", "http/1.1"] {
        let shadow = Shadow::tls(authority.certifies("localhost", 2090, protocol)).await;
        let base = format!("https://localhost:{}/base", shadow.port());
        let mirror = Mirror::new([base.as_str()]).unwrap();
        let primary = primary_of(&mirror).await;
        for _ in 0..COPIES {
            primary.post("/x%2Fy?z=%20", "hello").await;
        }
        let stats = settled(&mirror, COPIES).await.remove(0);
        assert_eq!(stats.answered, COPIES, "{protocol}: {stats}");
        for sent in 1..=3 {
            primary.post("/x%2Fy?z=%20", "hello").await;
            settled(&mirror, COPIES + sent).await;
        }
        let copy = shadow.recorded().remove(0);
        assert_eq!(copy.body, "hello");
        assert_eq!(copy.all("x-mirrored-from"), [primary.host()]);
        if protocol == "h2" {
            // The authority stands in the target, and nowhere else; one connection carries all
            // copies.
            assert_eq!(copy.target, format!("{base}/x%2Fy?z=%20"));
            assert!(copy.all("host").is_empty(), "{:?}", copy.headers);
            assert_eq!(shadow.connections(), 1);
        } else {
            assert_eq!(copy.target, "/base/x%2Fy?z=%20");
            assert_eq!(copy.all("host"), [format!("localhost:{}", shadow.port())]);
            assert!(shadow.connections() <= 20, "{}", shadow.connections());
        }
    }
}

/// Runs in a process that trusts the authority: the test below starts it.
#[tokio::test]
async fn copies_arrive_over_reqwest_where_the_shadow_is_trusted() {
    let Some(file) = trusted_file() else { return };
    let authority = Authority::new();
    std::fs::write(file, authority.pem()).unwrap();
    for (protocol, host) in [
        ("h2", Host::Target),
        ("http/1.1", Host::Target),
        // In HTTP/2 it would contradict the authority.
        ("http/1.1", Host::Preserve),
    ] {
        let shadow = Shadow::tls(authority.certifies("localhost", 2090, protocol)).await;
        let mirror = Mirror::builder()
            .target(format!("https://localhost:{}", shadow.port()))
            .transport(ReqwestTransport::default())
            .host(host)
            .build()
            .unwrap();
        let primary = primary_of(&mirror).await;
        primary.post("/x", "hello").await;
        let stats = settled(&mirror, 1).await.remove(0);
        assert_eq!(stats.answered, 1, "{protocol}: {stats}");
        let copy = shadow.recorded().remove(0);
        assert_eq!(copy.body, "hello");
        assert_eq!(copy.all("host").is_empty(), protocol == "h2");
    }
}

#[tokio::test]
async fn a_trusted_shadow_gets_copies_over_reqwest() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-by-reqwest.pem");
    let test = "https::copies_arrive_over_reqwest_where_the_shadow_is_trusted";
    passes_where_trusted(test, file).await;
}

/// Runs in a process that trusts the authority: the test below starts it.
#[tokio::test]
async fn no_http2_is_offered_to_a_trusted_shadow_for_which_it_is_off() {
    let Some(file) = trusted_file() else { return };
    let authority = Authority::new();
    std::fs::write(file, authority.pem()).unwrap();
    // It knows nothing but HTTP/2: a client that offers something else gets no session.
    let shadow = Shadow::tls(authority.certifies("localhost", 2090, "h2")).await;
    let url = format!("https://localhost:{}", shadow.port());
    let target = Target::new(url).unwrap().http2(Http2::Off);
    let mirror = Mirror::new([target]).unwrap();
    let primary = primary_of(&mirror).await;
    primary.post("/", "hello").await;
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.failed_with(FailureKind::Tls), 1, "{stats}");
}

#[tokio::test]
async fn http2_can_be_off() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-without-http2.pem");
    let test = "https::no_http2_is_offered_to_a_trusted_shadow_for_which_it_is_off";
    passes_where_trusted(test, file).await;
}

#[tokio::test]
async fn a_trusted_shadow_gets_copies_over_each_protocol() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-by-https.pem");
    let test = "https::copies_arrive_over_each_protocol_where_the_shadow_is_trusted";
    passes_where_trusted(test, file).await;
}
