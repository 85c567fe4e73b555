//! A shadow: a shop like the primary, which counts the orders that arrive, and can be made slow and
//! killed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{Json, Router, http::StatusCode, routing::post};
use testkit::demo::{Result, Server};

use crate::shop::{MIRRORED, NewOrder, Order};

pub(crate) struct Shadow {
    server: Server,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    arrived: AtomicU64,
    delay_ms: AtomicU64,
}

impl Shadow {
    pub(crate) fn start(url: &str) -> Result<Self> {
        let state = Arc::<State>::default();
        let shared = Arc::clone(&state);
        let create = move |Json(order): Json<NewOrder>| async move { shared.create(order).await };
        let server = Server::start(url, Router::new().route(MIRRORED, post(create)))?;
        Ok(Self { server, state })
    }

    /// Makes each response take that long from now on.
    pub(crate) fn slow_down(&self, delay: Duration) {
        let delay = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.state.delay_ms.store(delay, Relaxed);
    }

    /// How many orders arrived, by its own count.
    pub(crate) fn arrived(&self) -> u64 {
        self.state.arrived.load(Relaxed)
    }

    pub(crate) async fn kill(self) {
        self.server.kill().await;
    }
}

impl State {
    async fn create(&self, order: NewOrder) -> (StatusCode, Json<Order>) {
        self.arrived.fetch_add(1, Relaxed);
        let delay = Duration::from_millis(self.delay_ms.load(Relaxed));
        tokio::time::sleep(delay).await;
        (StatusCode::CREATED, Json(order.accept()))
    }
}
