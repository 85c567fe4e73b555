//! `cargo run --example layer`
//!
//! The same engine without the attribute: a mirror built at start-up, from URLs that are known only
//! then, and put on a whole router. Its counters are at hand.
//!
//! This file needs no other: it can be copied.

use std::{error::Error, io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    http::{Method, Uri},
    routing::{get, post},
};
use mirror_runtime::{Credentials, Mirror, MirrorError, Target};
use tokio::net::TcpListener;

async fn counters(State(mirror): State<Mirror>) -> String {
    mirror.stats().to_string()
}

/// A shadow that prints what it gets.
fn shadow(name: &'static str) -> Router {
    Router::new().fallback(move |method: Method, uri: Uri, body: String| async move {
        println!("{name:<9} {method} {uri} {body}");
    })
}

/// Serves an app, and says where.
async fn serve(app: Router) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let staging = format!("http://{}", serve(shadow("staging")).await?);
    let canary = format!("http://{}", serve(shadow("canary")).await?);

    let mirror = Mirror::builder()
        .name("api")
        .target(Target::new(staging)?.named("staging"))
        .target(Target::with_percentage(canary, 50.0)?.named("canary"))
        .timeout(Duration::from_secs(2))
        .set_header("x-env", "shadow")
        .credentials(Credentials::Strip)
        .on_error(|target: &Target, error: &MirrorError| println!("{target}: {error}"))
        .build()?;

    let api = Router::new()
        .route(
            "/users/{id}",
            get(|Path(id): Path<u32>| async move { format!("user {id}") }),
        )
        .route(
            "/orders",
            post(|order: String| async move { format!("got {order}") }),
        )
        // Only requests that match one of the routes above are mirrored; `layer` would mirror the
        // others too.
        .route_layer(mirror.layer());
    let app = Router::new()
        // Copies carry the path that arrived, `/api/users/1`, not the one inside.
        .nest("/api", api)
        .route("/counters", get(counters))
        .with_state(mirror.clone());
    let primary = format!("http://{}", serve(app).await?);

    let client = reqwest::Client::builder().no_proxy().build()?;
    for path in ["/api/users/1", "/api/users/2", "/api/nothing-here"] {
        let response = client.get(format!("{primary}{path}")).send().await?;
        println!("client    {} {}", response.status(), response.text().await?);
    }
    let order = client.post(format!("{primary}/api/orders")).body("tea");
    println!("client    {}", order.send().await?.text().await?);
    // Copies are sent in the background.
    mirror_runtime::drain(Duration::from_secs(5)).await;

    println!("\nGET /counters");
    let counters = client.get(format!("{primary}/counters")).send().await?;
    print!("{}", counters.text().await?);
    Ok(())
}
