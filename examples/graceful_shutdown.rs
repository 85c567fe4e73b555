//! `cargo run --example graceful_shutdown`
//!
//! At shutdown the server responds to the requests that it has begun, and then the copies in flight
//! get some time to end. `drain` waits for them and says how many were left.
//!
//! This file needs no other: it can be copied.

use std::{error::Error, io, time::Duration};

use axum::{Router, routing::get};
use mirror_runtime::{MirrorError, Target, mirror, mirrors};
use tokio::{net::TcpListener, sync::oneshot};

#[mirror(
    targets = [
        target("http://127.0.0.1:20244", name = "slow"),
        target("http://127.0.0.1:20245", name = "hung", timeout = "1m"),
    ],
    on_error = failed,
)]
async fn user() -> &'static str {
    "a user"
}

fn failed(target: &Target, error: &MirrorError) {
    println!("{target:<9} {error}");
}

/// A shadow that takes its time.
async fn shadow(address: &str, delay: Duration) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let app = Router::new().fallback(move || async move { tokio::time::sleep(delay).await });
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(())
}

fn print_counters() {
    for mirror in mirrors()
        .iter()
        .filter_map(mirror_runtime::MirrorInfo::mirror)
    {
        print!("{}", mirror.stats());
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    shadow("127.0.0.1:20244", Duration::from_millis(300)).await?;
    shadow("127.0.0.1:20245", Duration::MAX).await?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/user", listener.local_addr()?);
    // In a service this would be `tokio::signal::ctrl_c()`.
    let (shut_down, asked_to_shut_down) = oneshot::channel::<()>();
    let primary = tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/user", get(user)))
            .with_graceful_shutdown(async {
                let _ = asked_to_shut_down.await;
            })
            .await
    });

    let client = reqwest::Client::builder().no_proxy().build()?;
    for _ in 0..3 {
        let response = client.get(&url).send().await?;
        println!("client    {}", response.text().await?);
    }
    // Its connections are closed: the server waits for them.
    drop(client);
    let _ = shut_down.send(());
    primary.await??;
    println!("primary   is down, has served every client, and has copies in flight:\n");
    print_counters();

    let drained = mirror_runtime::drain(Duration::from_secs(1)).await;
    let (finished, cut) = (drained.finished, drained.cut);
    println!("\ndrain     {finished} copies finished, {cut} were given up after a second\n");
    print_counters();
    Ok(())
}
