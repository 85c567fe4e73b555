//! The way to one target.

use std::{sync::Arc, time::Duration};

use http::Request;

use super::{Pool, Sending, Sink, Transport, Trip, Unsendable, handler::Candidates};
use crate::{
    body::CopyBody,
    request::in_own_memory,
    workers::{Code, caught},
};

/// The way to one target.
#[derive(Debug)]
pub(crate) enum Route {
    /// A server, over connections of our own.
    Server(Arc<Pool>),
    /// A transport that the mirror or the target was given.
    Via {
        transport: Arc<dyn Transport>,
        connect_timeout: Duration,
    },
    /// No way at all: a handler of this program, one of those that each request brings along.
    Handler(usize),
    /// A sink: it is sent no copies.
    Sink(Arc<dyn Sink>),
}

impl Route {
    /// How many connections ended because the shadow sent more than its copies allow.
    pub(crate) fn floods(&self) -> u64 {
        match self {
            Self::Server(pool) => pool.floods(),
            Self::Via { .. } | Self::Handler(_) | Self::Sink(_) => 0,
        }
    }

    /// The future that sends a copy, or calls one of the `candidates`.
    pub(crate) fn send(
        &self,
        mut copy: Request<CopyBody>,
        candidates: Option<&Candidates>,
        trip: Trip,
    ) -> Result<Sending, Unsendable> {
        if matches!(self, Self::Handler(_)) {
            // Nobody knows for how long it is kept.
            in_own_memory(&mut copy);
        }
        match self {
            Self::Server(pool) => Ok(Box::pin(Arc::clone(pool).send(copy, trip))),
            Self::Via {
                transport,
                connect_timeout,
            } => through(
                transport.as_ref(),
                copy,
                *connect_timeout,
                trip.source.code("transport"),
            ),
            // The state is cloned here, by code of the user's.
            Self::Handler(slot) => caught(trip.source.code("handler"), || {
                candidates?.call(*slot, copy)
            })
            .flatten()
            .ok_or(Unsendable),
            Self::Sink(_) => Err(Unsendable),
        }
    }

    /// Whether a copy could be sent this way as it stands. Nothing happens before what sends it is
    /// polled.
    #[cfg(feature = "testing")]
    pub(crate) fn check(&self, copy: &Request<CopyBody>) -> Result<(), Unsendable> {
        match self {
            Self::Via {
                transport,
                connect_timeout,
            } => through(
                transport.as_ref(),
                copy.clone(),
                *connect_timeout,
                Code::new("transport"),
            )
            .map(drop),
            Self::Server(_) | Self::Handler(_) | Self::Sink(_) => Ok(()),
        }
    }
}

/// Hands a copy to a transport, which is code of the user's.
fn through(
    transport: &dyn Transport,
    mut copy: Request<CopyBody>,
    connect_timeout: Duration,
    code: Code<'_>,
) -> Result<Sending, Unsendable> {
    // Nobody knows for how long it is kept.
    in_own_memory(&mut copy);
    let sending = caught(code, || transport.send(copy, connect_timeout));
    sending.unwrap_or(Err(Unsendable))
}
