//! A server that can be stopped like a process that is killed.

use std::net::{SocketAddr, TcpListener};

use axum::Router;
use tokio::runtime::{Builder, Runtime};

use super::Result;

/// A server with a runtime of its own: when it stops, its connections break, as they do when a
/// process dies.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    /// Serves an app at a URL like `http://127.0.0.1:20211`. The shadows of an attribute listen at
    /// ports that are known when the program is compiled.
    pub fn start(url: &str, app: Router) -> Result<Self> {
        let address = url.trim_start_matches("http://");
        let listener = TcpListener::bind(address).map_err(|error| {
            format!("cannot listen at {address}, perhaps another example is running: {error}")
        })?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, app).await
        });
        Ok(Self {
            address,
            runtime: Some(runtime),
        })
    }

    /// Serves an app at a port that the system chooses.
    pub fn anywhere(app: Router) -> Result<Self> {
        Self::start("http://127.0.0.1:0", app)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops it at once, in the middle of whatever it does, and returns when its port is closed.
    pub async fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waits for the runtime's threads, which blocks.
            let gone = tokio::task::spawn_blocking(move || drop(runtime));
            let _ = gone.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
