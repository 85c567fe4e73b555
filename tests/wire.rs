//! The bytes of a copy, and of what responds to it, where the rules of HTTP leave a choice.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::any,
};
use futures_util::stream;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use mirror_runtime::{
    CopyBody, Host, Mirror, Sending, SkipReason, TargetStats, Transport, Unsendable, mirror,
};
use testkit::{Answer, Primary, Recorded, Shadow, connect_h2, mirror_named, settled};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

fn app(mirror: &Mirror) -> Router {
    let echo = any(|body: Bytes| async { body });
    Router::new().fallback(echo).layer(mirror.layer())
}

/// The copies of requests, each sent as it stands on a connection of its own.
async fn copies_of(requests: &[String], host: Host) -> Vec<Recorded> {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder().target(shadow.url()).host(host);
    let primary = Primary::start(app(&mirror.build().unwrap())).await;
    for (sent, request) in (1..).zip(requests) {
        let answer = primary.send_raw(request).await;
        assert!(answer.contains(" 200 OK\r\n"), "{answer}");
        shadow.receives(sent).await;
    }
    shadow.recorded()
}

/// What `Content-Length` says in a copy of an HTTP/2 request that says nothing of its body, and has
/// none.
async fn length_of_nothing(method: Method, copy_body: bool) -> Vec<String> {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder().target(shadow.url()).copy_body(copy_body);
    let primary = Primary::start(app(&mirror.build().unwrap())).await;
    let nothing = Body::from_stream(stream::empty::<Result<Bytes, Infallible>>());
    let uri = format!("http://{}/", primary.host());
    let request = Request::builder().method(method).uri(uri).body(nothing);
    let mut client = connect_h2(&primary).await;
    let answer = client.send_request(request.unwrap()).await.unwrap();
    assert_eq!(Answer::read(answer).await.status, StatusCode::OK);
    let copy = shadow.receives_one().await;
    assert!(copy.body.is_empty() && copy.all("transfer-encoding").is_empty());
    let lengths = copy.all("content-length");
    lengths.into_iter().map(str::to_owned).collect()
}

/// Servers respond with 411 to a `POST` that does not say that it has no body.
#[tokio::test]
async fn a_copy_without_a_body_says_so_where_one_is_expected() {
    for (method, length) in [
        (Method::POST, &["0"][..]),
        (Method::PUT, &["0"]),
        (Method::PATCH, &["0"]),
        (Method::GET, &[]),
        (Method::DELETE, &[]),
        (Method::OPTIONS, &[]),
    ] {
        for copy_body in [true, false] {
            let found = length_of_nothing(method.clone(), copy_body).await;
            assert_eq!(found, length, "{method} with copy_body = {copy_body}");
        }
        let request = format!("{method} / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let copies = copies_of(&[request], Host::Target).await;
        assert_eq!(copies[0].all("content-length"), length, "{method}");
    }
}

#[tokio::test]
async fn the_authority_of_an_absolute_form_is_the_host_whatever_host_says() {
    let requests = ["GET", "POST"].map(|method| {
        format!(
            "{method} http://user:pass@shop.example:81/x HTTP/1.1\r\nhost: evil.example\r\n\
             connection: close\r\n\r\n"
        )
    });
    for copy in copies_of(&requests, Host::Preserve).await {
        assert_eq!(copy.all("host"), ["shop.example:81"]);
        assert_eq!(copy.all("x-mirrored-from"), ["shop.example:81"]);
        assert_eq!(copy.target, "/x");
    }
    for copy in copies_of(&requests, Host::Target).await {
        assert_eq!(copy.all("x-mirrored-from"), ["shop.example:81"]);
        assert!(copy.all("host")[0].starts_with("127.0.0.1:"), "{copy:?}");
    }
}

/// In absolute form there may be no path at all, and nothing would be written in its place.
#[tokio::test]
async fn a_copy_of_a_request_without_a_path_asks_for_the_root() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([shadow.url()]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    // Over connections of which the first is used again.
    for (sent, target) in (1..).zip(["http://o#", "http://o", "http://o#/x", "http://o#?y"]) {
        let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        primary.send_raw(request).await;
        settled(&mirror, sent).await;
    }
    let targets = shadow.recorded().into_iter().map(|copy| copy.target);
    assert_eq!(targets.collect::<Vec<_>>(), ["/"; 4]);
    assert_eq!(shadow.connections(), 1);
}

/// Keeps the heads of copies, and sends nothing.
#[derive(Clone, Debug, Default)]
struct Heads(Arc<Mutex<Vec<HeaderMap>>>);

impl Transport for Heads {
    fn send(&self, copy: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
        self.0.lock().unwrap().push(copy.headers().clone());
        Ok(Box::pin(async { Ok(Response::new(Body::empty())) }))
    }
}

/// gRPC servers refuse calls without it.
#[tokio::test]
async fn that_trailers_are_understood_travels_from_http_2() {
    let heads = Heads::default();
    let mirror = Mirror::builder().target("http://shadow.example");
    let mirror = mirror.transport(heads.clone()).build().unwrap();
    let primary = Primary::start(app(&mirror)).await;
    let uri = format!("http://{}/", primary.host());
    let request = Request::post(uri).header("te", "trailers");
    let mut client = connect_h2(&primary).await;
    let answer = client.send_request(request.body(Body::empty()).unwrap());
    assert_eq!(answer.await.unwrap().version(), Version::HTTP_2);
    settled(&mirror, 1).await;
    let request = "POST / HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: te, close\r\n\r\n";
    primary.send_raw(request).await;
    settled(&mirror, 2).await;
    let te: Vec<_> = heads
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|head| head.get("te").cloned())
        .collect();
    assert_eq!(te[0].as_ref().unwrap(), "trailers");
    assert_eq!(te[1], None);
}

const MAPPED: &str = "http://[::ffff:127.77.0.55]:20101/base";

#[mirror(targets = [MAPPED])]
async fn mapped() {}

#[tokio::test]
async fn an_ipv4_address_may_be_written_as_one_of_ipv6() {
    let shadow = Shadow::at("http://127.77.0.55:20101").await;
    let primary = Primary::start(Router::new().route("/x", any(mapped))).await;
    primary.get("/x").await;
    let stats = settled(&mirror_named("tests::wire::mapped"), 1)
        .await
        .remove(0);
    assert_eq!(stats.answered, 1, "{stats}");
    let mirror = Mirror::new([MAPPED]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    primary.get("/y").await;
    settled(&mirror, 1).await;
    let targets = shadow.recorded().into_iter().map(|copy| copy.target);
    assert_eq!(targets.collect::<Vec<_>>(), ["/base/x", "/base/y"]);
}

/// A shadow that is the primary's software takes a hundred headers too, and the marker is one more.
#[tokio::test]
async fn a_request_of_a_hundred_headers_has_a_copy_of_a_hundred() {
    let request = |head: &str, count| {
        let headers: Vec<_> = (0..count).map(|n| format!("x-{n}: {n}\r\n")).collect();
        let headers = headers.concat();
        format!("GET / HTTP/1.0\r\nhost: a\r\n{head}{headers}\r\n")
    };
    let requests = [
        request("accept: */*\r\n", 98),
        request("x-many: a\r\nx-many: b\r\n", 97),
        request("cookie: a=1\r\ncookie: b=2\r\n", 97),
    ];
    let copies = copies_of(&requests, Host::Target).await;
    for copy in &copies {
        assert_eq!(copy.headers.len(), 100);
        assert_eq!(copy.all("x-mirrored-from"), ["a"]);
        assert_eq!(copy.all("x-96"), ["96"]);
    }
    assert_eq!(copies[1].all("x-many"), ["a, b"]);
    assert_eq!(copies[2].all("cookie"), ["a=1; b=2"]);
    // With room for the marker, nothing changes.
    let copies = copies_of(&[request("accept: */*\r\n", 97)], Host::Target).await;
    assert_eq!(copies[0].all("accept"), ["*/*"]);
}

/// A server that gives one response to each connection, and closes it.
async fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.unwrap() > 0 {}
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    url
}

/// Old servers fold long headers over several lines (RFC 9112 section 5.2).
#[tokio::test]
async fn folded_lines_of_a_response_are_read_as_one() {
    static SEEN: Mutex<Option<HeaderMap>> = Mutex::new(None);
    let url = answering(
        "HTTP/1.1 200 OK\r\nx-long: one,\r\n two,\r\n\tthree\r\ncontent-length: 2\r\n\r\nok",
    );
    let mirror = Mirror::builder()
        .target(url.await)
        .on_success(|_: &_, response: &mirror_runtime::BufferedResponse| {
            *SEEN.lock().unwrap() = Some(response.headers().clone());
        })
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    primary.get("/").await;
    let stats: TargetStats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.answered_with(StatusCode::OK), 1, "{stats}");
    testkit::until("the callback", || SEEN.lock().unwrap().is_some()).await;
    let headers = SEEN.lock().unwrap().take().unwrap();
    let words: Vec<_> = headers["x-long"]
        .to_str()
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(words, ["one,", "two,", "three"]);
}

#[tokio::test]
async fn no_way_to_write_the_parent_leaves_the_base_path() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::new([format!("{}/base", shadow.url())]).unwrap();
    let primary = Primary::start(app(&mirror)).await;
    let climbing = [
        "/..;/x",
        "/..;a=b/x",
        "/..%3b/x",
        "/..%253Bx/x",
        "/..%00/x",
        "/..%20/x",
        "/..%09/x",
        "/%252e%252e/x",
        "/%25252e./x",
        "/..%255cx",
        "/..%c0%afx",
        "/%c0%ae%c0%ae/x",
        "/%u002e%u002e/x",
        "/%uff0e./x",
        "/\u{ff0e}\u{ff0e}/x",
        "/%e2%80%a5/x",
    ];
    for path in climbing {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = primary.send_raw(request).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    let skipped = climbing.len() as u64;
    let stats = settled(&mirror, skipped).await.remove(0);
    assert_eq!(
        stats.skipped_for(SkipReason::Unsendable),
        skipped,
        "{stats}"
    );
    assert_eq!(shadow.connections(), 0);
    // What only looks like it goes there.
    for (sent, path) in (1..).zip(["/a..;b", "/...", "/..x/%2e", "/a%20b.;..c"]) {
        primary.get(path).await;
        assert_eq!(
            shadow.receives(sent).await[sent - 1].target,
            format!("/base{path}")
        );
    }
}
