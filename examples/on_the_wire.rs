//! `cargo run --example on_the_wire`
//!
//! What a client sends, byte by byte, and what a shadow gets: first with default options, then with
//! all that change headers.

use std::time::Duration;

use axum::{Router, body::Bytes, routing::post};
use mirror_runtime::mirror;
use testkit::demo::{Server, settle};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

const BODY: &str = r#"{"item":"tea","quantity":3}"#;

#[mirror(targets = ["http://127.0.0.1:20246/base"])]
async fn with_defaults(_: Bytes) -> &'static str {
    "created"
}

#[mirror(
    targets = ["http://127.0.0.1:20247"],
    copy_body = false,
    set_headers = { "x-env" = "shadow" },
    remove_headers = ["x-internal"],
    credentials = "strip",
    host = "preserve",
)]
async fn with_options(_: Bytes) -> &'static str {
    "created"
}

fn request(path: &str) -> String {
    let length = BODY.len();
    [
        &format!("POST {path}?dry=1&tag=a%20b HTTP/1.1"),
        "Host: shop.example.com",
        "User-Agent: till/7",
        "Accept: application/json",
        "Authorization: Bearer 5f2c",
        "Content-Type: application/json",
        &format!("Content-Length: {length}"),
        "Connection: close, X-Hop",
        "X-Hop: only for the next server",
        "X-Internal: region 7",
        "X-Tag: one",
        "X-Tag: two",
        "",
        BODY,
    ]
    .join("\r\n")
}

/// A server that takes one request, byte by byte.
async fn record(address: &str) -> testkit::demo::Result<JoinHandle<std::io::Result<String>>> {
    let listener = TcpListener::bind(address).await?;
    Ok(tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut got = Vec::new();
        while !is_complete(&got) && stream.read_buf(&mut got).await? > 0 {}
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            .await?;
        Ok(String::from_utf8_lossy(&got).into_owned())
    }))
}

/// Whether this is a head, and the body where the head announces one.
fn is_complete(got: &[u8]) -> bool {
    let got = String::from_utf8_lossy(got);
    let has_body = got.contains("content-length:") && !got.contains("content-length: 0\r\n");
    got.contains("\r\n\r\n") && (!has_body || got.ends_with(BODY))
}

fn print(title: &str, message: &str) {
    println!("--- {title}");
    println!("{}\n", message.trim_end().replace("\r\n", "\n"));
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let app = Router::new()
        .route("/orders", post(with_defaults))
        .route("/audited-orders", post(with_options));
    let primary = Server::anywhere(app)?;
    for (path, shadow) in [
        ("/orders", "127.0.0.1:20246"),
        ("/audited-orders", "127.0.0.1:20247"),
    ] {
        let recorded = record(shadow).await?;
        let mut client = TcpStream::connect(primary.address()).await?;
        let request = request(path);
        client.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        timeout(Duration::from_secs(10), client.read_to_string(&mut answer)).await??;
        print("the client sends", &request);
        let copy = timeout(Duration::from_secs(10), recorded).await???;
        print(&format!("the shadow at {shadow} gets"), &copy);
        settle().await;
    }
    Ok(())
}
