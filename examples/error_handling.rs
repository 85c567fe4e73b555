//! `cargo run --example error_handling`
//!
//! Five shadows, each broken in its own way. `on_error` hears of every copy that got no complete
//! response and can tell the ways apart; the client notices none of them.

use std::time::Duration;

use axum::{Router, routing::get};
use mirror_runtime::{MirrorError, Target, mirror};
use testkit::demo::{Client, Server, print_counters, say, settle};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const SLOW: &str = "http://127.0.0.1:20232";
const GARBAGE: &str = "127.0.0.1:20233";
const BROKEN: &str = "127.0.0.1:20234";

#[mirror(
    targets = [
        target("http://127.0.0.1:20231", name = "refused"),
        target(SLOW, name = "slow", timeout = "200ms"),
        target("http://127.0.0.1:20233", name = "garbage"),
        target("http://127.0.0.1:20234", name = "broken"),
        target("https://127.0.0.1:20232", name = "no-tls"),
    ],
    on_error = failed,
)]
async fn user() -> &'static str {
    "a user"
}

fn failed(target: &Target, error: &MirrorError) {
    let look_at = match error {
        MirrorError::Timeout(_) => "Is it overloaded, or `timeout` too short?",
        MirrorError::Connect(_) => "Is it running?",
        MirrorError::Dns(_) => "Is the host name right?",
        MirrorError::Tls(_) => "Is its certificate right, and does it speak TLS at all?",
        MirrorError::Request(_) => "Does HTTP listen at this port?",
        MirrorError::Body(_) => "Did it crash in the middle of the response?",
        _ => "Was this process shut down?",
    };
    let kind = error.kind().as_str();
    say(target.name(), &format!("{kind:<8} {error}"));
    say("", &format!("{:<8} {look_at}", ""));
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let slow = Router::new().fallback(|| async {
        tokio::time::sleep(Duration::from_secs(2)).await;
    });
    let _slow = Server::start(SLOW, slow)?;
    answer_with(GARBAGE, b"220 mail.example.com ready\r\n").await?;
    answer_with(BROKEN, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").await?;
    let primary = Server::anywhere(Router::new().route("/user", get(user)))?;

    let mut client = Client::connect(primary.address()).await?;
    client.get("/user").await?;
    settle().await;
    print_counters();
    Ok(())
}

/// A server that says the same to everybody and hangs up.
async fn answer_with(address: &str, bytes: &'static [u8]) -> testkit::demo::Result {
    let listener = TcpListener::bind(address).await?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // What the client makes of it is what this example is about.
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
    });
    Ok(())
}
