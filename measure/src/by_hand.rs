//! Mirroring as people write it today: a middleware that reads the body, clones the headers, spawns
//! a client's call and forgets it.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// What people send copies with.
pub trait Client: Clone + Send + Sync + 'static {
    /// Sends a copy and reads its response to the end, so that the connection can be used again.
    fn send(
        self,
        method: Method,
        url: String,
        headers: HeaderMap,
        body: Bytes,
    ) -> impl Future<Output = ()> + Send;
}

/// A mirror by hand.
#[derive(Clone, Debug)]
pub struct ByHand<C> {
    client: C,
    targets: Arc<[String]>,
    percentage: u64,
    requests: Arc<AtomicU64>,
}

impl<C: Client> ByHand<C> {
    /// A mirror that samples a percentage, to these targets.
    pub fn new(client: C, targets: &[String], percentage: u64) -> Self {
        Self {
            client,
            targets: targets.into(),
            percentage,
            requests: Arc::default(),
        }
    }

    /// The middleware, for `from_fn_with_state`.
    pub async fn mirror(State(mirror): State<Self>, request: Request, next: Next) -> Response {
        if !mirror.samples() {
            return next.run(request).await;
        }
        match mirror.copy(request).await {
            Ok(request) => next.run(request).await,
            Err(status) => status.into_response(),
        }
    }

    /// Takes a share of the requests.
    fn samples(&self) -> bool {
        self.requests.fetch_add(1, Relaxed) % 100 < self.percentage
    }

    /// Sends the copies of a request, and returns it.
    ///
    /// # Errors
    ///
    /// The status of the response to a request whose body cannot be read.
    pub async fn copy(&self, request: Request) -> Result<Request, StatusCode> {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, usize::MAX).await else {
            return Err(StatusCode::BAD_REQUEST);
        };
        for target in &*self.targets {
            let url = format!("{target}{}", parts.uri);
            let copy = self.client.clone().send(
                parts.method.clone(),
                url,
                parts.headers.clone(),
                body.clone(),
            );
            tokio::spawn(copy);
        }
        Ok(Request::from_parts(parts, Body::from(body)))
    }
}
