//! Faults that others have had: mirrors, proxies, recorders, and tools that compare. Each was
//! reported in public, and each is asked of this one.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mirror_runtime::{CompareMode, Mirror, MirrorBuilder, TargetReport, mirror};
use serde_json::json;
use testkit::{
    Directory, Primary, Shadow, connect_h2, eventually, mirror_named, prior_knowledge, settled,
    until,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

fn to(shadow: &Shadow) -> MirrorBuilder {
    Mirror::builder().target(shadow.url())
}

/// A primary whose every response is made so, mirrored.
async fn primary_of<F, R>(
    mirror: &Mirror,
    respond: impl Fn(Bytes) -> F + Clone + Send + Sync + 'static,
) -> Primary
where
    F: Future<Output = R> + Send,
    R: IntoResponse,
{
    let handler = any(move |body: Bytes| async move { respond(body).await.into_response() });
    Primary::start(Router::new().fallback(handler).layer(mirror.layer())).await
}

/// The report about the only target, once so many responses were compared.
async fn compared(mirror: &Mirror, responses: u64) -> TargetReport {
    until("the responses are compared", || {
        let target = &mirror.report().targets[0];
        target.compared + target.not_compared >= responses
    })
    .await;
    mirror.report().targets.remove(0)
}

/// A client that offers TLS with each plain request (RFC 2817), as clients of Apache do. A proxy
/// refused them all.
#[tokio::test]
async fn an_offer_of_tls_is_a_request_like_any_other() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let primary = primary_of(&mirror, |body| async { body }).await;
    let request = "POST /x HTTP/1.1\r\nhost: a\r\nupgrade: TLS/1.2\r\nconnection: upgrade, close\r\n\
                   content-length: 2\r\n\r\nhi";
    let response = primary.send_raw(request).await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.answered, 1, "{stats}");
    let copy = shadow.receives_one().await;
    assert_eq!(copy.body, "hi");
    assert!(copy.all("upgrade").is_empty(), "{:?}", copy.headers);
}

const FORMS: &str = "http://127.77.0.130:20106";

#[mirror(targets = [FORMS], body = "tee", name = "form whose end comes late")]
async fn upload(mut body: Body) -> String {
    let mut form = String::new();
    // As `Multipart` does: nobody asks for more when the last boundary has come.
    while !form.ends_with("\r\n--X--\r\n") {
        let frame = body.frame().await.unwrap().unwrap();
        form.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
    }
    form
}

/// The form has ended before the body of unknown length has, whose last chunk comes in a packet of
/// its own. A recorder took no note of such requests.
#[tokio::test]
async fn a_form_whose_last_chunk_comes_alone_is_copied() {
    let shadow = Shadow::at(FORMS).await;
    let primary = Primary::start(Router::new().route("/", post(upload))).await;
    let form = "--X\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nhello\r\n--X--\r\n";
    let head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=X\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let mut client = primary.connect().await;
    let chunk = format!("{head}{:x}\r\n{form}\r\n", form.len());
    client.write_all(chunk.as_bytes()).await.unwrap();
    // The handler has all that it asks for: it has responded, and has let go of the body.
    let mut response = Vec::new();
    let responding = async {
        while !response.ends_with(b"\r\n--X--\r\n") {
            assert!(client.read_buf(&mut response).await.unwrap() > 0);
        }
    };
    eventually("the handler responds", responding).await;
    client.write_all(b"0\r\n\r\n").await.unwrap();
    client.read_to_end(&mut response).await.unwrap();
    let response = String::from_utf8(response).unwrap();
    assert!(response.contains("hello"), "{response}");
    let stats = settled(&mirror_named("form whose end comes late"), 1)
        .await
        .remove(0);
    assert_eq!(stats.answered, 1, "{stats}");
    assert_eq!(shadow.receives_one().await.body, form);
}

/// Over HTTP/2 a `POST` without a body needs no length, and browsers send none. Over HTTP/1.1 there
/// must be one, or servers respond 411 (RFC 9110 section 8.6). A proxy forwarded it without.
#[tokio::test]
async fn an_empty_post_over_http2_has_a_length_over_http1() {
    let shadow = Shadow::answering(|request| {
        let status = match request.all("content-length")[..] {
            ["0"] => StatusCode::OK,
            _ => StatusCode::LENGTH_REQUIRED,
        };
        status.into_response()
    })
    .await;
    let mirror = to(&shadow).build().unwrap();
    let primary = primary_of(&mirror, |body| async { body }).await;
    let nothing = StreamBody::new(stream::empty::<Result<Frame<Bytes>, Infallible>>());
    let request = Request::post(format!("http://{}/logout", primary.host()));
    let request = request.body(Body::new(nothing)).unwrap();
    let mut client = connect_h2(&primary).await;
    let response = eventually("the response", client.send_request(request)).await;
    assert_eq!(response.unwrap().status(), StatusCode::OK);
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.answered_with(StatusCode::OK), 1, "{stats}");
}

/// Old servers fold long headers over several lines, which a client must read as one (RFC 9112
/// section 5.2).
#[tokio::test]
async fn folded_lines_of_a_response_are_read() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move { respond_folded(&mut stream).await });
        }
    });
    let mirror = Mirror::builder().target(url).build().unwrap();
    let primary = primary_of(&mirror, |body| async { body }).await;
    for sent in 1..=2 {
        primary.get("/").await;
        let stats = settled(&mirror, sent).await.remove(0);
        assert_eq!(stats.answered_with(StatusCode::OK), sent, "{stats}");
    }
}

async fn respond_folded(stream: &mut TcpStream) {
    let response =
        b"HTTP/1.1 200 OK\r\nx-long: one,\r\n two,\r\n\tthree\r\ncontent-length: 0\r\n\r\n";
    let mut head = Vec::new();
    while stream.read_buf(&mut head).await.unwrap_or(0) > 0 {
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            stream.write_all(response).await.unwrap();
        }
    }
}

/// The lines of `Set-Cookie` are the only ones that must not be joined (RFC 9110 section 5.3): a
/// shadow that joins them has lost cookies.
#[tokio::test]
async fn cookies_that_are_joined_in_one_line_are_a_difference() {
    let shadow =
        Shadow::answering(|_| ([("set-cookie", "a=1; Path=/, b=2; Path=/")], "x").into_response())
            .await;
    let mirror = to(&shadow).compare(CompareMode::Json);
    let mirror = mirror.compare_headers(["set-cookie"]).build().unwrap();
    let primary = primary_of(&mirror, |_| async {
        let mut response = "x".into_response();
        for cookie in ["a=1; Path=/", "b=2; Path=/"] {
            response
                .headers_mut()
                .append("set-cookie", cookie.parse().unwrap());
        }
        response
    })
    .await;
    primary.get("/").await;
    assert_eq!(compared(&mirror, 1).await.mismatched, 1);
}

/// A place of an array that differs each time says nothing about another. A tool knew all elements
/// by one name, and passed what had failed.
#[tokio::test]
async fn a_clock_in_an_array_hides_no_other_place_of_it() {
    static CLOCK: AtomicU64 = AtomicU64::new(0);
    let row = |total: u32| move || json!({ "row": [CLOCK.fetch_add(1, SeqCst), total] });
    let [of_shadow, of_baseline, of_primary] = [row(999), row(100), row(100)];
    let shadow = Shadow::answering(move |_| Json(of_shadow()).into_response()).await;
    let baseline = Shadow::answering(move |_| Json(of_baseline()).into_response()).await;
    let mirror = to(&shadow).compare(CompareMode::Json);
    let mirror = mirror.baseline(baseline.url()).build().unwrap();
    let primary = primary_of(&mirror, move |_| async move { Json(of_primary()) }).await;
    for _ in 0..20 {
        primary.get("/").await;
    }
    let report = compared(&mirror, 20).await;
    assert_eq!(report.mismatched, 20);
}

/// A body has ended when its trailers have come, and a server does not ask again. A layer saw no
/// end of such bodies.
#[tokio::test]
async fn responses_with_trailers_are_compared() {
    fn with_trailers() -> Response {
        let trailers =
            HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
        let frames = [Frame::data(Bytes::from("hello")), Frame::trailers(trailers)];
        let frames = stream::iter(frames.map(Ok::<_, Infallible>));
        Response::new(Body::new(StreamBody::new(frames)))
    }

    let shadow = Shadow::answering(|_| with_trailers()).await;
    let mirror = Mirror::builder().target(prior_knowledge(shadow.url()));
    let mirror = mirror.compare(CompareMode::Bytes).build().unwrap();
    let primary = primary_of(&mirror, |_| async { with_trailers() }).await;
    let request = Request::post(format!("http://{}/shop.Orders/Create", primary.host()))
        .header("te", "trailers")
        .body(Body::from("x"));
    let mut client = connect_h2(&primary).await;
    let response = client.send_request(request.unwrap()).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "hello"
    );
    assert_eq!(compared(&mirror, 1).await.matched, 1);
}

/// A recorder learned the names of tokens one by one, and did not know these. What a token is, its
/// value says.
#[tokio::test]
async fn tokens_of_a_login_are_not_recorded_whatever_they_are_called() {
    // {"alg":"none"}.{"sub":"1"}.secret
    const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2VjcmV0LXNpZ25hdHVyZQ";
    let login = |n: u8| json!({ "access": TOKEN, "refresh": TOKEN, "n": n });
    let directory = Directory::new("reported-tokens");
    let shadow = Shadow::answering(move |_| Json(login(2)).into_response()).await;
    let mirror = to(&shadow).compare(CompareMode::Json);
    let mirror = mirror.record(directory.path()).build().unwrap();
    let primary = primary_of(&mirror, move |_| async move { Json(login(1)) }).await;
    let request = Request::post("/api/token/")
        .header("content-type", "application/json")
        .body(Body::from(
            r#"{"username":"ann","password":"correct horse"}"#,
        ));
    primary.send(request.unwrap()).await;
    until("it is recorded", || directory.fixtures().len() == 1).await;
    let fixture = directory.fixtures().remove(0);
    assert!(fixture.contains("/api/token/"), "{fixture}");
    assert!(!fixture.contains("correct horse"), "{fixture}");
    assert!(!fixture.contains(TOKEN), "{fixture}");
}

/// Proxies decode a path and encode it anew, and then what was an encoded slash is a slash.
#[tokio::test]
async fn paths_arrive_as_they_were_spelled_over_both_protocols() {
    let paths = [
        "/test/%2F/foo",
        "/encoded%2520path",
        "/a+b/%20/c?q=a+b%20c&&x=%zz",
        "/x?",
        "/x?a=b?c=d",
        "//double//slash/",
        "/caf\u{e9}/%e2%82%AC",
    ];
    let [one, two] = [Shadow::start().await, Shadow::start().await];
    let mirror = Mirror::builder().target(format!("{}/base", one.url()));
    let mirror = mirror.target(prior_knowledge(two.url())).build().unwrap();
    let primary = primary_of(&mirror, |_| async {}).await;
    for path in paths {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        primary.send_raw(request).await;
    }
    for (shadow, base) in [(&one, "/base"), (&two, &*two.url())] {
        let recorded = shadow.receives(paths.len()).await;
        let mut targets: Vec<_> = recorded.into_iter().map(|copy| copy.target).collect();
        let mut expected = paths.map(|path| format!("{base}{path}"));
        targets.sort_unstable();
        expected.sort_unstable();
        assert_eq!(targets, expected);
    }
}

/// A tool that reads numbers as floats, or compares how texts are spelled, sees no difference where
/// there is one, and one where there is none.
#[tokio::test]
async fn numbers_and_texts_are_compared_by_what_they_mean() {
    let plain = r#"{"text":"<b> & /","n":10000000,"zero":0}"#;
    let spelled = r#"{"n":1.0E7,"text":"\u003cb\u003e \u0026 \/","zero":-0}"#;
    let other = r#"{"text":"<b> & /","n":10000001,"zero":0}"#;
    let large = [r#"{"id":9007199254740992}"#, r#"{"id":9007199254740993}"#];
    for (of_primary, of_shadow, matched) in [
        (plain, spelled, 1),
        (plain, other, 0),
        (large[0], large[1], 0),
    ] {
        let shadow = Shadow::answering(move |_| of_shadow.into_response()).await;
        let mirror = to(&shadow).compare(CompareMode::Json).build().unwrap();
        let primary = primary_of(&mirror, move |_| async move { of_primary }).await;
        primary.get("/").await;
        let report = compared(&mirror, 1).await;
        assert_eq!(
            (report.matched, report.compared),
            (matched, 1),
            "{of_shadow}"
        );
    }
}

/// Copies announced a body, and had none.
#[tokio::test]
async fn a_copy_without_the_body_announces_none_however_the_body_came() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).copy_body(false).build().unwrap();
    let primary = primary_of(&mirror, |body| async { body }).await;
    let request = Request::post("/")
        .header("content-type", "text/plain")
        .header("content-language", "en")
        .body(Body::from("hello"));
    assert_eq!(primary.send(request.unwrap()).await.text(), "hello");
    let chunked = "PUT / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ntransfer-encoding: chunked\r\n\
                   trailer: x-sum\r\nconnection: close\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n";
    assert!(primary.send_raw(chunked).await.ends_with("hello"));
    let request = Request::post(format!("http://{}/", primary.host())).body(Body::from("hello"));
    let response = connect_h2(&primary)
        .await
        .send_request(request.unwrap())
        .await;
    let body = response.unwrap().into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "hello");
    for copy in shadow.receives(3).await {
        assert!(copy.body.is_empty(), "{:?}", copy.body);
        let names: Vec<_> = copy.headers.keys().map(http::HeaderName::as_str).collect();
        let says_more = |name: &&str| !["x-mirrored-from", "host", "content-length"].contains(name);
        assert!(!names.iter().any(says_more), "{names:?}");
        // A method that has a body by its meaning says that there is none (RFC 9110 section 8.6).
        assert_eq!(copy.all("content-length"), ["0"], "{names:?}");
    }
}
