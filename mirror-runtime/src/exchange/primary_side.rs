//! The side of the primary.

#[cfg(feature = "record")]
use std::sync::atomic::Ordering::Relaxed;
use std::{
    sync::{Arc, Once},
    time::{Duration, Instant},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use http_body::Body as _;
use mirror_compare::is_bodiless;

use super::{
    Noting,
    copy_side::Open,
    meeting::Exchange,
    noted_body::{Note, NotedBody, length},
    outermost::defer,
    recorder::{Ending, Noted},
    state::Streaming,
};
use crate::{
    body::copied,
    comparison::NotComparedReason,
    engine::{CompareAt, Engine},
    telemetry::RequestId,
    workers::contained,
};

/// Tells what the primary answered. Dropped before it has, there is no response: the handler
/// panicked, or the client went away.
#[derive(Debug)]
pub(crate) struct PrimarySide {
    exchange: Option<Arc<Exchange>>,
}

impl PrimarySide {
    /// The side of the primary of a request, and what lets its copies take part; none for a mirror
    /// that does not compare.
    pub(crate) fn new(
        engine: &Arc<Engine>,
        parts: &Parts,
        body: &Body,
        request_id: Option<&RequestId>,
    ) -> Option<(Self, Open)> {
        engine.comparing.as_ref()?;
        let exchange = Exchange::new(engine, parts, body, request_id);
        let side = Self {
            exchange: Some(Arc::clone(&exchange)),
        };
        Some((side, Open::new(exchange)))
    }

    /// Notes the response of a handler that was called at `began`, here or at the outermost point
    /// of the program.
    pub(crate) fn note(self, response: &mut Response, began: Instant) {
        static TOLD: Once = Once::new();
        let Some(exchange) = self.exchange.clone() else {
            return;
        };
        let comparing = exchange.comparing();
        if comparing.is_none_or(|comparing| comparing.at != CompareAt::Server) {
            return self.note_here(response, began);
        }
        #[cfg(feature = "record")]
        exchange.at_server.store(true, Relaxed);
        if let Err(note) = defer(move |response: &mut Response| self.note_here(response, began)) {
            #[cfg(feature = "record")]
            exchange.at_server.store(false, Relaxed);
            TOLD.call_once(|| {
                contained(|| tracing::error!(
                    mirror = &*exchange.engine().name,
                    "no `CompareAtServer` around this mirror; its responses are compared as the \
                     handler returns them: write `.layer(CompareAtServer::new())` as the last \
                     layer of the router"
                ));
            });
            note(response);
        }
    }

    /// Notes a response as it is here: now, and as its body streams to the client.
    fn note_here(self, response: &mut Response, began: Instant) {
        let Some(exchange) = &self.exchange else {
            return;
        };
        let Some(comparing) = exchange.comparing().filter(|_| exchange.is_wanted()) else {
            // Each copy was not sent, or has failed.
            return self.end(Err(NotComparedReason::Failed));
        };
        let is_empty =
            is_bodiless(exchange.method(), response.status()) || response.body().is_end_stream();
        let known = if is_empty {
            Some(0)
        } else {
            response.body().size_hint().exact()
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let noting = Noting::new(status, headers, comparing.max_body(), known);
        if is_empty || noting.is_over() {
            self.end(noting.finish(Ending::Complete, began.elapsed()));
        } else {
            let until = Instant::now() + exchange.engine().longest_timeout();
            exchange.primary(|state| {
                state.stream(Streaming {
                    noting,
                    began,
                    until,
                });
            });
            let body = std::mem::take(response.body_mut());
            let length = length(response).or(known);
            let noted = NotedBody::new(body, self, length);
            *response.body_mut() = Body::new(noted);
        }
    }

    fn end(mut self, noted: Noted) {
        self.settle(noted);
    }

    fn settle(&mut self, noted: Noted) {
        if let Some(exchange) = self.exchange.take() {
            exchange.primary(|state| state.primary(noted));
        }
    }
}

impl Note for PrimarySide {
    /// It is not held in the body: one that is not asked for any more must not keep what was noted
    /// of it.
    fn piece(self, data: &Bytes) -> Option<Self> {
        let is_open = self
            .exchange
            .as_ref()
            .is_some_and(|exchange| exchange.primary(|state| state.piece(data)));
        is_open.then_some(self)
    }

    fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(exchange) = &self.exchange {
            let trailers = copied(trailers);
            exchange.primary(|state| state.trailers(trailers));
        }
    }

    fn ended(mut self, ending: Ending, unread: Duration) {
        if let Some(exchange) = self.exchange.take() {
            exchange.primary(|state| state.ended(ending, unread));
        }
    }
}

impl Drop for PrimarySide {
    fn drop(&mut self) {
        self.settle(Err(NotComparedReason::PrimaryGone));
    }
}
