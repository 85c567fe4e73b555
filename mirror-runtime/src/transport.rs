//! How a copy travels. Nothing here knows of mirrors.

mod pool;
#[cfg(feature = "reqwest")]
mod reqwest;
mod resolver;

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::body::Body;
use http::{Request, Response};

pub(crate) use self::pool::{Origin, Pool};
#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestTransport;
use crate::{
    body::CopyBody, callbacks::caught, candidate::Candidates, copy::in_own_memory,
    outcome::MirrorError,
};

/// A copy on its way: resolves to the head of the shadow's answer, with a body that is still to be read.
pub type Sending = Pin<Box<dyn Future<Output = Result<Response<Body>, MirrorError>> + Send>>;

/// What sends copies: an HTTP client, or something that stands in for one.
///
/// A mirror sends over connections of its own unless
/// [`MirrorBuilder::transport`](crate::MirrorBuilder::transport) gives it something else.
/// The request that arrives here is complete: its URI is absolute, its headers are those that shall travel, and the
/// length of its body is known. `TE: trailers` is among the headers if the original had it over HTTP/2: what sends over
/// HTTP/1 takes it off (RFC 9110 section 10.1.4). A transport adds what belongs to the connection (`Host` where there is none, framing)
/// and must not follow redirects, retry, decode the answer or send another path than it was given.
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Takes a copy, and returns the future that sends it. Nothing may happen before that future is polled: it is
    /// counted as sent in between.
    ///
    /// It is called for all targets of a request in turn, before any of its copies is sent, and must not block.
    ///
    /// To get a connection it may take `connect_timeout`. Its whole time is bounded by who polls the future.
    ///
    /// # Errors
    ///
    /// [`Unsendable`] where the copy would not arrive as it stands. It is counted as skipped then.
    fn send(
        &self,
        copy: Request<CopyBody>,
        connect_timeout: Duration,
    ) -> Result<Sending, Unsendable>;
}

/// The way to one target.
#[derive(Debug)]
pub(crate) enum Route {
    /// Connections of our own.
    Pool(Arc<Pool>),
    /// What the mirror was given.
    Transport {
        transport: Arc<dyn Transport>,
        connect_timeout: Duration,
    },
    /// No way at all: a handler of this program, one of those that each request brings along.
    Handler(usize),
}

impl Route {
    /// The future that sends a copy, or calls one of the `candidates`.
    pub(crate) fn send(
        &self,
        mut copy: Request<CopyBody>,
        candidates: Option<&Candidates>,
    ) -> Result<Sending, Unsendable> {
        if !matches!(self, Self::Pool(_)) {
            // Nobody knows for how long it is kept.
            in_own_memory(&mut copy);
        }
        match self {
            Self::Pool(pool) => Ok(Box::pin(Arc::clone(pool).send(copy))),
            Self::Transport {
                transport,
                connect_timeout,
            } => caught("transport", || transport.send(copy, *connect_timeout))
                .unwrap_or(Err(Unsendable)),
            // The state is cloned here, by code of the user's.
            Self::Handler(slot) => caught("handler", || candidates?.call(*slot, copy))
                .flatten()
                .ok_or(Unsendable),
        }
    }

    /// Whether a copy could be sent this way as it stands. Nothing happens before what sends it is polled.
    #[cfg(feature = "testing")]
    pub(crate) fn check(&self, copy: &Request<CopyBody>) -> Result<(), Unsendable> {
        match self {
            Self::Transport { .. } => self.send(copy.clone(), None).map(drop),
            Self::Pool(_) | Self::Handler(_) => Ok(()),
        }
    }
}

/// A copy that a transport cannot send as it stands, for example because its client would change the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client would send another path or query than the one that arrived")]
pub struct Unsendable;
