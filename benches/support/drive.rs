//! Driving an app in process, on one thread.

use axum::Router;
use http::Request;
use tokio::runtime::{Builder, Runtime};
use tower::Service;

use super::request::Shape;

/// Copies of a request that have ended without the app's tasks noticing it: none, after so many turns of the runtime.
const WARM_UP: usize = 200;

/// An app and the runtime that it runs on. Copies run when [`settle`](Self::settle) lets them, on the same thread.
#[derive(Debug)]
pub(crate) struct Drive {
    runtime: Runtime,
    app: Router,
    /// Tasks that stay: connections, and the shadow.
    idle_tasks: usize,
}

impl Drive {
    pub(crate) fn new(app: impl FnOnce() -> Router) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let app = runtime.block_on(async { app() });
        Self {
            runtime,
            app,
            idle_tasks: 0,
        }
    }

    /// Sends requests until clients are made, connections open and pools filled.
    pub(crate) fn warm_up(&mut self, shape: Shape) {
        for _ in 0..WARM_UP {
            drop(self.answer(shape.request()));
            self.runtime.block_on(async {
                // A client is made by a thread of its own, and connections are opened by tasks.
                tokio::time::sleep(std::time::Duration::from_micros(100)).await;
            });
        }
        self.runtime.block_on(async {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        });
        self.idle_tasks = self.runtime.metrics().num_alive_tasks();
    }

    /// The handler path: from the request to the answer. Copies have been spawned then, and have not run.
    pub(crate) fn answer(
        &mut self,
        request: Request<axum::body::Body>,
    ) -> http::Response<axum::body::Body> {
        let Self { runtime, app, .. } = self;
        let answer = runtime.block_on(async { app.call(request).await });
        answer.unwrap_or_else(|never| match never {})
    }

    /// Lets the copies run to their end.
    pub(crate) fn settle(&self) {
        self.runtime.block_on(async {
            while self.runtime.metrics().num_alive_tasks() > self.idle_tasks {
                tokio::task::yield_now().await;
            }
        });
    }
}
