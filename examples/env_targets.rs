//! `cargo run --example env_targets`
//!
//! A target in an environment variable can differ between deployments, and be absent. This example
//! starts itself three times: without the variable, with a URL in it, and with something wrong in
//! it. Or give it a URL yourself:
//!
//! `SHADOW_URL=http://127.0.0.1:8080 cargo run --example env_targets -- once`

use std::{env, process::Command};

use axum::{Router, routing::get};
use mirror_runtime::mirror;
use testkit::demo::{Client, Server, print_counters, printing, settle};

const SHADOW: &str = "http://127.0.0.1:20243";

// The variable is read once, when the first request arrives.
#[mirror(targets = [target(env("SHADOW_URL"), name = "shadow")])]
async fn user() -> &'static str {
    "a user"
}

/// Serves two requests, with the variable as it is.
async fn once() -> testkit::demo::Result {
    // What is wrong with a variable stands in the log.
    tracing_subscriber::fmt()
        .without_time()
        .with_ansi(false)
        .with_writer(std::io::stdout)
        .init();
    let primary = Server::anywhere(Router::new().route("/user", get(user)))?;
    let mut client = Client::connect(primary.address()).await?;
    for _ in 0..2 {
        client.get("/user").await?;
        settle().await;
    }
    print_counters();
    Ok(())
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    if env::args().nth(1).as_deref() == Some("once") {
        return once().await;
    }
    let shadow = Router::new().fallback(|| async { "ok" });
    let _shadow = Server::start(SHADOW, printing("shadow", shadow))?;
    for url in [None, Some(SHADOW), Some("127.0.0.1:20243")] {
        let mut again = Command::new(env::current_exe()?);
        again.arg("once");
        match url {
            None => {
                println!("--- SHADOW_URL is not set");
                again.env_remove("SHADOW_URL");
            }
            Some(url) => {
                println!("--- SHADOW_URL={url}");
                again.env("SHADOW_URL", url);
            }
        }
        // The shadow has threads of its own, so it goes on while this one waits.
        if !again.status()?.success() {
            return Err("the example, started again, failed".into());
        }
        println!();
    }
    Ok(())
}
