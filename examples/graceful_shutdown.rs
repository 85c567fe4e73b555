//! `cargo run --example graceful_shutdown`
//!
//! At shutdown the server responds to the requests that it has begun, and then the copies in flight
//! get some time to end. `drain` waits for them and says how many were left.

use std::time::Duration;

use axum::{Router, routing::get};
use mirror_runtime::{MirrorError, Target, mirror};
use testkit::demo::{Client, Server, print_counters, say};
use tokio::{net::TcpListener, sync::oneshot};

const SLOW: &str = "http://127.0.0.1:20244";
const HUNG: &str = "http://127.0.0.1:20245";

#[mirror(
    targets = [target(SLOW, name = "slow"), target(HUNG, name = "hung", timeout = "1m")],
    on_error = failed,
)]
async fn user() -> &'static str {
    "a user"
}

fn failed(target: &Target, error: &MirrorError) {
    say(target.name(), &error.to_string());
}

fn answering_after(delay: Duration) -> Router {
    Router::new().fallback(move || async move { tokio::time::sleep(delay).await })
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let _slow = Server::start(SLOW, answering_after(Duration::from_millis(300)))?;
    let _hung = Server::start(HUNG, answering_after(Duration::MAX))?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // In a service this would be `tokio::signal::ctrl_c()`.
    let (shut_down, asked_to_shut_down) = oneshot::channel::<()>();
    let primary = tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/user", get(user)))
            .with_graceful_shutdown(async {
                let _ = asked_to_shut_down.await;
            })
            .await
    });

    let mut client = Client::connect(address).await?;
    for _ in 0..3 {
        client.get("/user").await?;
    }
    let _ = shut_down.send(());
    primary.await??;
    say(
        "primary",
        "is down, has served every client, and has copies in flight:",
    );
    print_counters();

    println!();
    let drained = mirror_runtime::drain(Duration::from_secs(1)).await;
    let (finished, cut) = (drained.finished, drained.cut);
    say(
        "drain",
        &format!("{finished} copies finished, {cut} were given up after a second"),
    );
    print_counters();
    Ok(())
}
