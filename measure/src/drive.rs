//! Driving an app in process, on one thread.

use std::time::Duration;

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
    time::sleep,
};
use tower::Service;

use super::request::Shape;

/// Requests until pools and read buffers have the size that they keep, and the time between two of
/// them.
const WARM_UP: usize = 200;
const BETWEEN: Duration = Duration::from_micros(100);

/// The time after which nothing moves any more.
const REST: Duration = Duration::from_millis(50);

/// Turns of the runtime in which every copy has ended: some tenths of a second.
const TURNS: usize = 100_000;

/// An app and the runtime that it runs on. Copies run when [`settle`](Self::settle) lets them, on
/// the same thread.
#[derive(Debug)]
pub struct Drive {
    runtime: Runtime,
    app: Router,
    /// Tasks that stay: connections, and the shadow.
    idle_tasks: usize,
}

impl Drive {
    /// An app that is made on the runtime it will run on.
    pub fn new(app: impl FnOnce() -> Router) -> Self {
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
    pub fn warm_up(&mut self, shape: Shape) {
        for _ in 0..WARM_UP {
            drop(self.answer(shape.request()));
            self.runtime.block_on(async {
                // A client is made by a thread of its own, and connections are opened by tasks.
                sleep(BETWEEN).await;
            });
        }
        self.runtime.block_on(async {
            sleep(REST).await;
        });
        self.idle_tasks = self.runtime.metrics().num_alive_tasks();
    }

    /// The handler path: from the request to the response. Copies have been spawned then, and have
    /// not run.
    pub fn answer(&mut self, request: Request<Body>) -> Response<Body> {
        let Self { runtime, app, .. } = self;
        let answer = runtime.block_on(async { app.call(request).await });
        answer.unwrap_or_else(|never| match never {})
    }

    /// Reads a response to its end, as a client does, and says how long its body is.
    pub fn read(&mut self, answer: Response<Body>) -> usize {
        self.runtime.block_on(async {
            let mut body = answer.into_body();
            let mut length = 0;
            while let Some(Ok(frame)) = body.frame().await {
                length += frame.data_ref().map_or(0, Bytes::len);
            }
            length
        })
    }

    /// Lets the copies run to their end.
    pub fn settle(&mut self) {
        let Self {
            runtime,
            idle_tasks,
            ..
        } = self;
        runtime.block_on(async {
            for _ in 0..TURNS {
                if runtime.metrics().num_alive_tasks() <= *idle_tasks {
                    return;
                }
                yield_now().await;
            }
            // One more connection has been opened, and stays.
            *idle_tasks = runtime.metrics().num_alive_tasks();
        });
    }
}
