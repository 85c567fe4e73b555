//! Forms: their extractor knows the end of what it reads, and never asks for the end of the body.

use std::{convert::Infallible, sync::Arc};

use axum::{Router, body::Body, extract::Multipart, routing::post};
use futures_util::StreamExt;
use http::{Request, StatusCode};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use mirror_runtime::{BodyMode, Mirror, SkipReason};
use testkit::{Answer, Primary, Shadow, connect_h2, settled};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc},
};

use super::{pair, read_until, rest, to};

const FORM: &str =
    "--X\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nhello form\r\n--X--\r\n";

async fn upload(mut form: Multipart) -> String {
    let field = form.next_field().await.unwrap().unwrap();
    let content = field.text().await.unwrap();
    assert!(form.next_field().await.unwrap().is_none());
    content
}

fn head(more: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=X\r\n\
         transfer-encoding: chunked\r\n{more}\r\n"
    )
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

async fn send(client: &mut TcpStream, text: impl AsRef<str>) {
    client.write_all(text.as_ref().as_bytes()).await.unwrap();
}

async fn tees(shadow: &Shadow) -> (Primary, Primary, Mirror) {
    let mirror = to(shadow).body(BodyMode::Tee).build().unwrap();
    let app = Router::new().fallback(post(upload));
    let (plain, mirrored) = pair(app, &mirror).await;
    (plain, mirrored, mirror)
}

#[tokio::test]
async fn a_form_is_copied_whose_end_comes_with_it() {
    let shadow = Shadow::start().await;
    let (plain, mirrored, mirror) = tees(&shadow).await;
    let form = chunk(FORM);
    for (sent, body) in [
        [&form, "0\r\n\r\n"].concat(),
        [&form, "0\r\nx-sum: 1\r\n\r\n"].concat(),
        // In two chunks, the second of which is the extractor's affair no more.
        [&chunk(FORM.trim_end()), "2\r\n\r\n\r\n0\r\n\r\n"].concat(),
    ]
    .into_iter()
    .enumerate()
    {
        let request = head("connection: close\r\n") + &body;
        let expected = plain.exchange(&request).await;
        let answer = mirrored.exchange(&request).await;
        assert!(answer.ends_with(b"hello form") && answer.len() == expected.len());
        assert_eq!(shadow.receives(sent + 1).await[sent].body, FORM);
        assert_eq!(settled(&mirror, sent as u64 + 1).await[0].skipped, 0);
    }
}

#[tokio::test]
async fn a_form_is_copied_whose_end_comes_later() {
    let shadow = Shadow::start().await;
    let (_, mirrored, mirror) = tees(&shadow).await;
    let mut client = mirrored.connect().await;
    send(&mut client, head("connection: close\r\n") + &chunk(FORM)).await;
    // The handler has let go of the form, and its response is there, before the body ends.
    read_until(&mut client, "hello form").await;
    assert_eq!(mirror.stats().targets[0].received, 0);
    send(&mut client, "0\r\n\r\n").await;
    assert_eq!(rest(client).await, "");
    assert_eq!(shadow.receives_one().await.body, FORM);
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

#[tokio::test]
async fn a_form_over_http_2_is_copied_whose_end_comes_later() {
    let shadow = Shadow::start().await;
    let (_, mirrored, mirror) = tees(&shadow).await;
    let (sender, mut pieces) = mpsc::channel(1);
    let body = futures_util::stream::poll_fn(move |context| pieces.poll_recv(context));
    let body = Body::from_stream(body.map(Ok::<_, Infallible>));
    let mut client = connect_h2(&mirrored).await;
    let request = Request::post(format!("http://{}/", mirrored.host()))
        .header("content-type", "multipart/form-data; boundary=X")
        .body(body);
    sender.send(FORM).await.unwrap();
    let response = client.send_request(request.unwrap()).await.unwrap();
    assert_eq!(Answer::read(response).await.text(), "hello form");
    assert_eq!(mirror.stats().targets[0].received, 0);
    drop(sender);
    assert_eq!(shadow.receives_one().await.body, FORM);
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

#[tokio::test]
async fn a_connection_is_kept_or_closed_as_without_a_mirror() {
    let shadow = Shadow::start().await;
    let (plain, mirrored, mirror) = tees(&shadow).await;
    // Two forms over one connection, the end with the form and the end apart.
    for apart in [false, true] {
        for primary in [&plain, &mirrored] {
            let mut client = primary.connect().await;
            for more in ["", "connection: close\r\n"] {
                let (now, later) = if apart && !more.is_empty() {
                    ("", "0\r\n\r\n")
                } else {
                    ("0\r\n\r\n", "")
                };
                send(&mut client, head(more) + &chunk(FORM) + now).await;
                read_until(&mut client, "hello form").await;
                // A server that has closed the connection does not mind.
                let _ = client.write_all(later.as_bytes()).await;
            }
            assert_eq!(rest(client).await, "");
        }
    }
    assert_eq!(settled(&mirror, 4).await[0].answered, 4);
}

#[tokio::test]
async fn a_form_whose_end_never_comes_is_not_copied_and_its_connection_is_closed() {
    let shadow = Shadow::start().await;
    let (plain, mirrored, mirror) = tees(&shadow).await;
    for primary in [&plain, &mirrored] {
        let mut client = primary.connect().await;
        send(&mut client, head("") + &chunk(FORM)).await;
        read_until(&mut client, "hello form").await;
        assert_eq!(rest(client).await, "", "the server has closed it");
    }
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::BodyNotRead), 1, "{stats}");
    // Nor one of which the client takes back its word.
    let mut client = mirrored.connect().await;
    send(&mut client, head("") + &chunk(FORM)).await;
    read_until(&mut client, "hello form").await;
    drop(client);
    let stats = settled(&mirror, 2).await.remove(0);
    assert_eq!(stats.sent, 0, "{stats}");
    assert_eq!(shadow.connections(), 0);
}

#[tokio::test]
async fn a_body_with_much_more_in_it_than_the_handler_wants_is_not_copied() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).body(BodyMode::Tee).build().unwrap();
    let app = Router::new().fallback(post(|body: Body| async {
        body.into_data_stream().next().await.unwrap().unwrap()
    }));
    let primary = Primary::start(app.layer(mirror.layer())).await;
    let mut client = primary.connect().await;
    let more = chunk(&"x".repeat(100_000));
    send(&mut client, head("") + &chunk("first") + &more).await;
    read_until(&mut client, "first").await;
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::BodyNotRead), 1, "{stats}");
    assert_eq!(shadow.connections(), 0);
}

#[tokio::test]
async fn a_form_that_the_client_asks_about_first_is_copied_too() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let (plain, mirrored) = pair(Router::new().fallback(post(upload)), &mirror).await;
    for primary in [&plain, &mirrored] {
        let mut client = primary.connect().await;
        let expects = "connection: close\r\nexpect: 100-continue\r\n";
        send(&mut client, head(expects)).await;
        let asked = read_until(&mut client, "\r\n\r\n").await;
        assert_eq!(asked, "HTTP/1.1 100 Continue\r\n\r\n");
        send(&mut client, chunk(FORM) + "0\r\n\r\n").await;
        assert!(rest(client).await.ends_with("hello form"));
    }
    assert_eq!(shadow.receives_one().await.body, FORM);
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

/// To look at the rest of a body is to ask the client for it.
#[tokio::test]
async fn a_client_that_asks_first_is_not_told_to_go_on_by_a_body_that_nobody_wants() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).build().unwrap();
    let app = Router::new().fallback(post(|body: Body| async {
        drop(body);
        // A server that has been asked for the body asks the client, unless the response is there
        // before.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        StatusCode::FORBIDDEN
    }));
    let (plain, mirrored) = pair(app, &mirror).await;
    let mut answers = Vec::new();
    for primary in [&plain, &mirrored] {
        let mut client = primary.connect().await;
        send(&mut client, head("expect: 100-continue\r\n")).await;
        answers.push(rest(client).await);
    }
    assert!(answers[1].starts_with("HTTP/1.1 403 "), "{answers:?}");
    assert_eq!(answers[0], answers[1]);
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::BodyNotRead), 1, "{stats}");
}

/// A connection that its server drops, as one does that has waited for long enough, leaves a body
/// that looks complete.
#[tokio::test]
async fn a_body_of_a_connection_that_was_dropped_is_not_taken_for_complete() {
    let shadow = Shadow::start().await;
    let mirror = to(&shadow).body(BodyMode::Tee).build().unwrap();
    let has_read = Arc::new(Notify::new());
    let reading = Arc::clone(&has_read);
    let app = Router::new().fallback(post(move |body: Body| async move {
        let mut body = body.into_data_stream();
        body.next().await.unwrap().unwrap();
        reading.notify_one();
        std::future::pending::<()>().await;
        drop(body);
    }));
    let service = TowerToHyperService::new(app.layer(mirror.layer()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let server = hyper::server::conn::http1::Builder::new();
        server.serve_connection(TokioIo::new(stream), service).await
    });
    let mut client = TcpStream::connect(address).await.unwrap();
    send(&mut client, head("") + &chunk("half of it")).await;
    has_read.notified().await;
    server.abort();
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::PrimaryGone), 1, "{stats}");
    assert_eq!(shadow.connections(), 0);
}
