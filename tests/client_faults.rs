//! Whatever a client does, the handler sees it as it would without a mirror, and the request is
//! counted.

mod breaks_off;
mod expect;
mod forms;
mod resets;
mod slow;
mod tee;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, OriginalUri, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, post},
};
use futures_util::StreamExt;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use mirror_runtime::{BodyMode, Mirror, MirrorBuilder, ShedReason, SkipReason};
use testkit::{Primary, Shadow, eventually, settled, until, without_date};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

const HEAD: &str = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";

fn to(shadow: &Shadow) -> MirrorBuilder {
    Mirror::builder().target(shadow.url())
}

fn echo() -> Router {
    Router::new().fallback(any(|body: Bytes| async { body }))
}

/// The same app with and without a mirror.
async fn pair(app: Router, mirror: &Mirror) -> (Primary, Primary) {
    let mirrored = Primary::start(app.clone().layer(mirror.layer())).await;
    (Primary::start(app).await, mirrored)
}

/// An app that reads its body as it comes and responds with it, mirrored; and how much it has read,
/// each time that it has read something.
async fn reading(mirror: &Mirror) -> (Primary, UnboundedReceiver<usize>) {
    let (reading, is_read) = unbounded_channel();
    let app = Router::new().fallback(post(move |body: Body| async move {
        let mut body = body.into_data_stream();
        let mut read = Vec::new();
        while let Some(data) = body.next().await {
            read.extend_from_slice(&data.unwrap());
            reading.send(read.len()).unwrap();
        }
        read
    }));
    (Primary::start(app.layer(mirror.layer())).await, is_read)
}

/// A client that has sent the beginning of a request: behind [`HEAD`], some headers and some of the
/// body.
async fn begun(primary: &Primary, rest: &str) -> TcpStream {
    let mut client = primary.connect().await;
    let begun = [HEAD, rest].concat();
    client.write_all(begun.as_bytes()).await.unwrap();
    client
}

/// All that a server says until it closes the connection, without dates.
async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    eventually("the end of the answer", stream.read_to_end(&mut answer))
        .await
        .unwrap();
    without_date(&answer)
}

/// Reads until a text has arrived, and returns all that was read.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut read = Vec::new();
    eventually(text, async {
        while !String::from_utf8_lossy(&read).contains(text) {
            assert!(stream.read_buf(&mut read).await.unwrap() > 0, "{read:?}");
        }
    })
    .await;
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn it_sends_chunks_and_trailers() {
    async fn with_trailers(body: Body) -> String {
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().cloned();
        format!("{:?} {trailers:?}", collected.to_bytes())
    }
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let shadow = Shadow::start().await;
        let mirror = to(&shadow).body(body).build().unwrap();
        let app = Router::new().fallback(post(with_trailers));
        let (plain, mirrored) = pair(app, &mirror).await;
        let request = [
            HEAD,
            "trailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n",
            "3;ext=1\r\nhel\r\n2\r\nlo\r\n0\r\nx-sum: 5\r\n\r\n",
        ]
        .concat();
        let expected = without_date(&plain.exchange(&request).await);
        assert!(
            expected.ends_with(r#"b\"hello\" Some({\"x-sum\": \"5\"})"#),
            "{expected}"
        );
        assert_eq!(without_date(&mirrored.exchange(&request).await), expected);
        let copy = shadow.receives_one().await;
        assert_eq!(
            (copy.body.as_ref(), copy.all("content-length")),
            (&b"hello"[..], vec!["5"])
        );
        for about_the_connection in ["transfer-encoding", "trailer", "x-sum"] {
            assert!(!copy.headers.contains_key(about_the_connection));
        }
        assert_eq!(settled(&mirror, 1).await[0].answered, 1);
    }
}

#[tokio::test]
async fn it_upgrades() {
    async fn upgrade(request: Request) -> Response {
        tokio::spawn(async {
            let mut tunnel = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
            let mut word = [0; 4];
            tunnel.read_exact(&mut word).await.unwrap();
            word.reverse();
            tunnel.write_all(&word).await.unwrap();
        });
        let headers = [
            (header::CONNECTION, "upgrade"),
            (header::UPGRADE, "websocket"),
        ];
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let app = Router::new().fallback(any(upgrade));
    let (plain, mirrored) = pair(app, &mirror).await;
    let mut answers = Vec::new();
    for primary in [&plain, &mirrored] {
        let mut client = primary.connect().await;
        let request =
            b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        client.write_all(request).await.unwrap();
        let head = read_until(&mut client, "\r\n\r\n").await;
        client.write_all(b"ping").await.unwrap();
        answers.push((without_date(head.as_bytes()), rest(client).await));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[1].0.starts_with("HTTP/1.1 101 ") && answers[1].1 == "gnip");
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::Upgrade), 1, "{stats}");
    assert_eq!(shadow.connections(), 0);
}

/// Any client may offer to go on with another protocol, and some do with each request. It is a
/// request like any other where the server does not take it up.
#[tokio::test]
async fn it_offers_an_upgrade_that_nobody_takes_up() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let (plain, mirrored) = pair(echo(), &mirror).await;
    for (sent, offer) in [
        "connection: upgrade, close\r\nupgrade: TLS/1.2\r\n",
        "connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n",
        "connection: close\r\nupgrade: h2c, websocket\r\nhttp2-settings: AAMAAABk\r\n",
        // The handshake of a WebSocket is a `GET`.
        "connection: upgrade, close\r\nupgrade: websocket\r\n",
    ]
    .into_iter()
    .enumerate()
    {
        let request =
            format!("POST / HTTP/1.1\r\nhost: a\r\n{offer}content-length: 5\r\n\r\nhello");
        let expected = without_date(&plain.exchange(&request).await);
        assert_eq!(without_date(&mirrored.exchange(&request).await), expected);
        let copy = &shadow.receives(sent + 1).await[sent];
        assert_eq!(copy.body, "hello");
        for about_the_connection in ["upgrade", "http2-settings"] {
            assert!(!copy.headers.contains_key(about_the_connection), "{copy:?}");
        }
    }
    assert_eq!(settled(&mirror, 4).await[0].answered, 4);
}

#[tokio::test]
async fn its_headers_have_16_kib() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let length = |headers: HeaderMap| async move { headers["x-long"].len().to_string() };
    let (plain, mirrored) = pair(Router::new().fallback(post(length)), &mirror).await;
    let long = "h".repeat(16 * 1024);
    let request = format!("{HEAD}x-long: {long}\r\n\r\n");
    let answer = without_date(&mirrored.exchange(&request).await);
    assert_eq!(answer, without_date(&plain.exchange(&request).await));
    assert!(answer.ends_with("\r\n\r\n16384"), "{answer}");
    assert_eq!(shadow.receives_one().await.all("x-long"), [long]);
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

#[tokio::test]
async fn it_pipelines_a_thousand_requests() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let app = Router::new().fallback(any(
        |OriginalUri(uri): OriginalUri, body: Bytes| async move { format!("{uri} {}", body.len()) },
    ));
    let (plain, mirrored) = pair(app, &mirror).await;
    let request = |n| {
        let close = if n == 999 {
            "connection: close\r\n"
        } else {
            ""
        };
        format!("POST /{n} HTTP/1.1\r\nhost: a\r\n{close}content-length: 3\r\n\r\nabc")
    };
    let requests = (0..1000).map(request).collect::<Vec<_>>().concat();
    let expected = without_date(&plain.exchange(&requests).await);
    assert_eq!(expected.matches("HTTP/1.1 200 OK").count(), 1000);
    assert_eq!(without_date(&mirrored.exchange(&requests).await), expected);
    let stats = settled(&mirror, 1000).await.remove(0);
    // So many at once may be more than are let through.
    let shed = stats.shed_for(ShedReason::InFlightLimit)
        + stats.shed_for(ShedReason::ProcessInFlightLimit);
    assert_eq!((stats.answered + shed, stats.failed), (1000, 0), "{stats}");
    assert!(stats.answered >= 256, "{stats}");
    let mut copied: Vec<_> = shadow
        .recorded()
        .into_iter()
        .map(|copy| copy.target)
        .collect();
    assert_eq!(copied.len() as u64, stats.answered);
    copied.sort_unstable();
    copied.dedup();
    assert_eq!(
        copied.len() as u64,
        stats.answered,
        "no copy was sent twice"
    );
}

#[tokio::test]
async fn its_body_is_larger_than_the_handler_takes() {
    // Read ahead, the body is there for the copy. Noted as the handler reads it, it is there as
    // well: the piece that was too much was the last, and the end comes with it.
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let shadow = Shadow::start().await;
        let mirror = to(&shadow).body(body).build().unwrap();
        let app = echo().layer(DefaultBodyLimit::max(4));
        let (plain, mirrored) = pair(app, &mirror).await;
        for body in [
            "content-length: 5\r\n\r\nhello",
            "transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        ] {
            let request = [HEAD, body].concat();
            let expected = without_date(&plain.exchange(&request).await);
            assert!(expected.starts_with("HTTP/1.1 413 "), "{expected}");
            assert_eq!(without_date(&mirrored.exchange(&request).await), expected);
        }
        let stats = settled(&mirror, 2).await.remove(0);
        assert_eq!(stats.answered, 2, "{body:?}: {stats}");
        until("the copies", || shadow.recorded().len() == 2).await;
    }
}
