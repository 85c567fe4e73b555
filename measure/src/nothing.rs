//! A transport that does nothing, so that what remains is the cost of mirroring itself.

use std::{future::ready, time::Duration};

use axum::body::Body;
use http::{HeaderMap, Method, Request, Response};
use mirror_runtime::{CopyBody, Sending, Transport, Unsendable};

use super::by_hand::Client;

/// Sends copies nowhere and responds to them at once.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Transport for Nothing {
    fn send(&self, _: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
        Ok(Box::pin(ready(Ok(Response::new(Body::empty())))))
    }
}

impl Client for Nothing {
    async fn send(self, _: Method, _: String, _: HeaderMap, _: bytes::Bytes) {}
}
