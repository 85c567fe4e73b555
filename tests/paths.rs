//! A copy goes to the target's origin, with the path and query that arrived.

use axum::{Router, extract::OriginalUri, routing::any};
use mirror_runtime::{Mirror, ReqwestTransport, SkipReason, mirror};
use testkit::{Primary, Shadow, settled};

const NESTED: &str = "http://127.77.0.40:20101/base/";

#[mirror(targets = [NESTED])]
async fn nested(OriginalUri(uri): OriginalUri) -> String {
    uri.to_string()
}

#[tokio::test]
async fn a_nested_router_s_prefix_is_kept_and_joined_to_the_base_path() {
    let shadow = Shadow::at(NESTED).await;
    let users = Router::new().route("/users/{id}", any(nested));
    let primary = Primary::start(Router::new().nest("/api/v1", users)).await;
    assert_eq!(
        primary.get("/api/v1/users/7?full=1").await.text(),
        "/api/v1/users/7?full=1"
    );
    assert_eq!(
        shadow.receives_one().await.target,
        "/base/api/v1/users/7?full=1"
    );
}

fn app(mirror: &Mirror) -> Router {
    Router::new()
        .fallback(any(|OriginalUri(uri): OriginalUri| async move {
            uri.to_string()
        }))
        .layer(mirror.layer())
}

#[tokio::test]
async fn path_and_query_arrive_byte_for_byte() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    let targets = [
        "/",
        "//",
        "/a//b/",
        "/a%2Fb%20c/%C3%A9",
        "/a;v=1/b,c/@d:e/~f!$&()*+=",
        "/?",
        "/x?a=1&a=2&b",
        "/x?q=a%20b+c&u=http://h/p?x",
        "/x?%41=%zz",
        "/a/../b",
        "/a/%2e%2E/.",
        "/x?it's",
        "/\u{147}=1",
        "/{a}\"|\\^?'b'",
    ];
    for (sent, target) in targets.iter().enumerate() {
        // A client would refuse to send some of them.
        let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = primary.send_raw(request).await;
        assert!(answer.ends_with(&format!("\r\n\r\n{target}")), "{answer}");
        assert_eq!(shadow.receives(sent + 1).await[sent].target, *target);
    }
    settled(&mirror, targets.len() as u64).await;
}

#[tokio::test]
async fn what_could_leave_the_base_path_is_skipped_and_counted() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([format!("{}/base", shadow.url())]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for target in ["/a/../..", "/%2e%2e/b", "/..%2fb", "/..\\b"] {
        assert_eq!(primary.get(target).await.text(), target);
    }
    let star = "OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert!(primary.send_raw(star).await.starts_with("HTTP/1.1 "));
    assert_eq!(
        settled(&mirror, 5).await[0].skipped_for(SkipReason::Unsendable),
        5
    );
    assert_eq!(shadow.connections(), 0);
}

#[tokio::test]
async fn what_reqwest_would_change_is_skipped_and_counted() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .transport(ReqwestTransport::default())
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for target in ["/a/../b", "/a/%2e%2e/b", "/a/.", "/x?it's"] {
        assert_eq!(primary.get(target).await.text(), target);
    }
    assert_eq!(primary.get("/x?y").await.text(), "/x?y");
    assert_eq!(shadow.receives_one().await.target, "/x?y");
    let stats = settled(&mirror, 5).await;
    assert_eq!(
        (
            stats[0].skipped_for(SkipReason::Unsendable),
            stats[0].answered
        ),
        (4, 1)
    );
}

#[tokio::test]
async fn nothing_in_a_request_sends_its_copy_elsewhere() {
    let shadow = Shadow::start().await;
    let elsewhere = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    let evil = elsewhere.url().replace("http://", "");
    let targets = [
        format!("//{evil}/x"),
        format!("/\\{evil}/x"),
        format!("/@{evil}"),
        format!("http://{evil}/y"),
    ];
    for target in &targets {
        let request = format!("GET {target} HTTP/1.1\r\nhost: {evil}\r\nconnection: close\r\n\r\n");
        let answer = primary.send_raw(request).await;
        assert!(
            answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 400"),
            "{answer}"
        );
    }
    let received = shadow.receives(4).await;
    let copied: Vec<_> = received.iter().map(|copy| copy.target.as_str()).collect();
    let last = "/y".to_owned();
    for target in targets[..3].iter().chain([&last]) {
        assert!(copied.contains(&target.as_str()), "{target}: {copied:?}");
    }
    assert_eq!(elsewhere.connections(), 0);
}
