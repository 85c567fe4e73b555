//! How a copy travels. Nothing here knows of mirrors.

#[cfg(feature = "log")]
mod file;
pub(crate) mod handler;
mod pool;
#[cfg(feature = "reqwest")]
mod reqwest;
mod resolver;
mod route;
mod sink;
#[cfg_attr(not(feature = "tls"), path = "transport/no_tls.rs")]
mod tls;

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::body::Body;
use http::{Request, Response};

#[cfg(feature = "log")]
pub use self::file::FileSink;
#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestTransport;
pub use self::sink::{Keeping, Sink};
pub(crate) use self::tls::check as check_tls;
pub(crate) use self::{
    pool::{Origin, Pool},
    route::Route,
    sink::sink_of,
};
use crate::{
    body::CopyBody,
    error::ConfigError,
    outcome::MirrorError,
    target::{Target, Way},
    telemetry::Source,
};

/// A copy on its way. Resolves to the head of the shadow's response, with a body that is still to
/// be read.
pub type Sending = Pin<Box<dyn Future<Output = Result<Response<Body>, MirrorError>> + Send>>;

/// Sends copies: an HTTP client, or anything in its place.
///
/// A mirror uses connections of its own unless
/// [`MirrorBuilder::transport`](crate::MirrorBuilder::transport) sets another transport. The
/// request that a transport gets is complete: its URI is absolute, its headers are final, and the
/// length of its body is known. `TE: trailers` is among the headers if the original had it over
/// HTTP/2. A transport over HTTP/1 removes it (RFC 9110 section 10.1.4). A transport adds what
/// belongs to the connection: `Host` if there is none, and the framing. It must not follow
/// redirects, decode the response or change the path.
///
/// It may send a copy again, within its time, only if the server cannot have acted on it: no byte
/// was sent, or the server has said that it did not process it (RFC 9113 section 8.7). A mirror's
/// own connections do that once. They also do it for a request with an idempotent method (RFC 9110
/// section 9.2.2), if a connection that had carried others is closed before any byte of its
/// response. It remains the same copy: it is counted as sent once, it takes one place among those
/// in flight, and its latency counts from the first attempt.
/// [`TargetStats::resends`](crate::TargetStats::resends) counts the further attempts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transport",
    label = "needs a `Transport`",
    note = "implement `mirror_runtime::Transport` for it; `via(..)` and `transport = ..` of the attribute name a static that derefs to one, such as a `LazyLock`"
)]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Checks whether copies can be sent to a target. Called once for each target, when a mirror is
    /// built. Default: every target is accepted.
    ///
    /// # Errors
    ///
    /// The error that [`MirrorBuilder::build`](crate::MirrorBuilder::build) is to return.
    fn check(&self, target: &Target) -> Result<(), ConfigError> {
        let _ = target;
        Ok(())
    }

    /// Takes a copy and returns the future that sends it. Nothing may happen before that future is
    /// polled, because the copy is counted as sent in between.
    ///
    /// It is called for each target of a request before any copy is sent, and must not block.
    ///
    /// Getting a connection may take `connect_timeout`. The caller bounds the time of the future.
    ///
    /// # Errors
    ///
    /// [`Unsendable`] if the copy would not arrive unchanged. It is then counted as skipped.
    fn send(
        &self,
        copy: Request<CopyBody>,
        connect_timeout: Duration,
    ) -> Result<Sending, Unsendable>;
}

/// The context of a copy, in addition to the request.
#[derive(Debug)]
pub(crate) struct Trip {
    /// Whose it is.
    pub(crate) source: Arc<Source>,
    /// Whether it finds out if a target is back whose circuit was open.
    pub(crate) is_probe: bool,
}

/// A target that is reached by a transport of its own.
impl Target {
    /// A target that `transport` sends copies to, wherever that is: a queue, a socket, a client
    /// that a team keeps.
    ///
    /// It has no URL. The URI of its copies is the path and query that arrived, as in
    /// `/orders?page=2`, and their headers are those that a server would get. Its name is `name`,
    /// which must be given to no other target of the mirror. Percentage, timeout, bounds and
    /// counters are as for any target; a transport of the mirror
    /// ([`MirrorBuilder::transport`](crate::MirrorBuilder::transport)) is not asked.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use axum::{body::Body, http::{Request, Response}};
    /// use mirror_runtime::{CopyBody, Mirror, Sending, Target, Transport, Unsendable};
    ///
    /// #[derive(Debug)]
    /// struct Printed;
    ///
    /// impl Transport for Printed {
    ///     fn send(&self, copy: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
    ///         Ok(Box::pin(async move {
    ///             println!("{} {}", copy.method(), copy.uri());
    ///             Ok(Response::new(Body::empty()))
    ///         }))
    ///     }
    /// }
    ///
    /// let mirror = Mirror::builder().target(Target::via("printed", Printed)).build()?;
    /// # Ok::<(), mirror_runtime::ConfigError>(())
    /// ```
    #[must_use]
    pub fn via(name: impl Into<String>, transport: impl Transport) -> Self {
        let transport: Arc<dyn Transport> = Arc::new(transport);
        Self::by_way(name.into(), Way::new(transport))
    }
}

/// The transport that a target brought along.
pub(crate) fn transport_of(way: &Way) -> Option<Arc<dyn Transport>> {
    way.get::<Arc<dyn Transport>>().cloned()
}

/// A copy that a transport cannot send unchanged, for example because its client would change the
/// path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client would send another path or query than the one that arrived")]
pub struct Unsendable;
