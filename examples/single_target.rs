//! `cargo run --example single_target`
//!
//! One handler, one shadow: each request of the handler is copied to it. The client gets the
//! primary's response.
//!
//! This file needs no other: it can be copied.

use std::{error::Error, io, net::SocketAddr, time::Duration};

use axum::{Router, extract::Path, http::Uri, routing::get};
use mirror_runtime::mirror;
use tokio::net::TcpListener;

#[mirror(targets = ["http://127.0.0.1:20221"])]
async fn user(Path(id): Path<u32>) -> String {
    format!("user {id}, from the primary")
}

/// The rewrite that is to be tried.
async fn rewritten(uri: Uri) -> &'static str {
    println!("staging   GET {uri}");
    "a user, from staging"
}

/// Serves an app, and says where.
async fn serve(address: &str, app: Router) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let staging = Router::new().route("/users/{id}", get(rewritten));
    serve("127.0.0.1:20221", staging).await?;
    let primary = Router::new().route("/users/{id}", get(user));
    let primary = serve("127.0.0.1:0", primary).await?;

    let client = reqwest::Client::builder().no_proxy().build()?;
    for id in 1..=3 {
        let url = format!("http://{primary}/users/{id}?from=app");
        let response = client.get(url).send().await?;
        println!("client    {}", response.text().await?);
    }
    // Copies are sent in the background. A server waits for them before it ends.
    mirror_runtime::drain(Duration::from_secs(5)).await;
    for mirror in mirror_runtime::mirrors()
        .iter()
        .filter_map(mirror_runtime::MirrorInfo::mirror)
    {
        print!("\n{}", mirror.stats());
    }
    Ok(())
}
