//! `cargo run --example control_signal`
//!
//! A file says what mirrors do, and is applied when the program gets SIGHUP, as servers read their
//! configuration: `kill -HUP`. It is read once at the start as well.

#[cfg(unix)]
mod example {
    use std::{fs, path::PathBuf};

    use axum::{Router, http::Method, routing::get};
    use mirror_runtime::{ControlFile, control, mirror};
    use rustix::process::{Signal, getpid, kill_process};
    use testkit::demo::{Client, Server, print_counters, settle};
    use tokio::signal::unix::{SignalKind, signal};

    const SHADOW: &str = "http://127.0.0.1:20261";

    #[mirror(targets = [target(SHADOW, name = "rewrite")], name = "orders")]
    async fn orders() -> &'static str {
        "orders"
    }

    fn apply(path: &PathBuf) -> testkit::demo::Result {
        let file: ControlFile = serde_json::from_str(&fs::read_to_string(path)?)?;
        Ok(file.apply()?)
    }

    /// Applies the file now and at each SIGHUP. One that is wrong changes nothing.
    fn follow(path: PathBuf) -> testkit::demo::Result {
        apply(&path)?;
        let mut signals = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if let Err(error) = apply(&path) {
                    eprintln!("{}: {error}", path.display());
                }
            }
        });
        Ok(())
    }

    pub(crate) async fn run() -> testkit::demo::Result {
        let _shadow = Server::start(SHADOW, Router::new().fallback(|| async { "shadow" }))?;
        let primary = Server::anywhere(Router::new().route("/orders", get(orders)))?;
        let mut client = Client::connect(primary.address()).await?;

        let name = format!("mirror-control-{}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(
            &path,
            r#"{ "mirrors": { "orders": { "targets": { "rewrite": 100 } } } }"#,
        )?;
        follow(path.clone())?;
        client.send(Method::GET, "/orders", "").await?;
        settle().await;

        fs::write(
            &path,
            r#"{ "mirrors": { "orders": { "enabled": false, "by": "ada" } } }"#,
        )?;
        // As `kill -HUP` does.
        kill_process(getpid(), Signal::HUP)?;
        while control("orders").state().is_enabled {
            tokio::task::yield_now().await;
        }
        println!("{}", control("orders").state());
        client.send(Method::GET, "/orders", "").await?;
        settle().await;
        print_counters();
        fs::remove_file(path)?;
        Ok(())
    }
}

#[cfg(unix)]
#[tokio::main]
async fn main() -> testkit::demo::Result {
    example::run().await
}

#[cfg(not(unix))]
fn main() {
    println!("there are no signals here");
}
