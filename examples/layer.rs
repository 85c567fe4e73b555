//! `cargo run --example layer`
//!
//! The same engine without the attribute: a mirror built at start-up, from URLs that are known only
//! then, and put on a whole router. Its counters are at hand.

use std::time::Duration;

use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use mirror_runtime::{Credentials, Mirror, MirrorError, Target};
use testkit::demo::{Client, Server, printing, say, settle};

async fn counters(State(mirror): State<Mirror>) -> String {
    mirror.stats().to_string()
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let shadow = || Router::new().fallback(|| async { "ok" });
    let staging = Server::anywhere(printing("staging", shadow()))?;
    let canary = Server::anywhere(printing("canary", shadow()))?;

    let mirror = Mirror::builder()
        .name("api")
        .target(Target::new(staging.url())?.named("staging"))
        .target(Target::with_percentage(canary.url(), 50.0)?.named("canary"))
        .timeout(Duration::from_secs(2))
        .set_header("x-env", "shadow")
        .credentials(Credentials::Strip)
        .on_error(|target: &Target, error: &MirrorError| say(target.name(), &error.to_string()))
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
    let primary = Server::anywhere(app)?;

    let mut client = Client::connect(primary.address()).await?;
    for path in ["/api/users/1", "/api/users/2", "/api/nothing-here"] {
        client.get(path).await?;
        settle().await;
    }
    client.post("/api/orders", r#"{"item":"tea"}"#).await?;
    settle().await;
    println!("\nGET /counters");
    let answer = client
        .send(axum::http::Method::GET, "/counters", "")
        .await?;
    print!("{}", answer.body);
    Ok(())
}
