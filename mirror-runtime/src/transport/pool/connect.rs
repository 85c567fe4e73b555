//! Connections to a target: the name, the address, the session, each within what is left of `connect_timeout`.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    net::SocketAddr,
    task::{Context, Poll},
    vec,
};

use axum::BoxError;
use hyper_util::client::legacy::connect::{HttpConnector, dns::Name};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tower_service::Service;

use super::{
    Origin,
    stream::{Allowance, Stream, StreamKind},
    tls,
};
use crate::{outcome::MirrorError, transport::resolver};

/// A connection, before anything was said about it but whether it speaks HTTP/2.
pub(super) struct Connected {
    pub(super) stream: Stream,
    pub(super) allowance: Allowance,
    pub(super) http2: bool,
}

/// Connects to an origin. A step that takes until `until` has failed, as what it is.
pub(super) async fn connect(origin: &Origin, until: Instant) -> Result<Connected, MirrorError> {
    let addresses = within(until, addresses(origin.host()), MirrorError::Dns).await?;
    let tcp = within(until, tcp(origin, addresses), MirrorError::Connect).await?;
    let (kind, http2) = if origin.is_tls() {
        let handshake = tls::handshake(tcp, origin.host(), origin.http1_only);
        let (session, http2) = within(until, handshake, MirrorError::Tls).await?;
        (StreamKind::Tls(session), http2)
    } else {
        (StreamKind::Plain(tcp), false)
    };
    let allowance = if http2 {
        Allowance::unlimited()
    } else {
        Allowance::new()
    };
    let stream = Stream::new(kind, allowance.clone());
    Ok(Connected {
        stream,
        allowance,
        http2,
    })
}

/// The end of the time for a connection, as the error of the step that was under way.
pub(super) async fn within<T>(
    until: Instant,
    step: impl Future<Output = Result<T, MirrorError>>,
    late: fn(BoxError) -> MirrorError,
) -> Result<T, MirrorError> {
    timeout_at(until, step)
        .await
        .unwrap_or_else(|_| Err(late("not within the connect timeout".into())))
}

async fn addresses(host: &str) -> Result<Vec<SocketAddr>, MirrorError> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, 0)]);
    }
    let found = resolver::resolve(host).await;
    found.map_err(|error| MirrorError::Dns(error.into()))
}

/// Connects to one of several addresses, IPv6 and IPv4 side by side where one of them is slow (RFC 8305).
async fn tcp(origin: &Origin, addresses: Vec<SocketAddr>) -> Result<TcpStream, MirrorError> {
    let mut connector = HttpConnector::new_with_resolver(Resolved(addresses));
    connector.enforce_http(false);
    connector.set_nodelay(true);
    let tcp = connector.call(origin.uri.clone()).await;
    let tcp = tcp.map_err(|error| MirrorError::Connect(error.into()))?;
    Ok(tcp.into_inner())
}

/// Addresses that are known already, for the connector that asks for them.
#[derive(Clone)]
struct Resolved(Vec<SocketAddr>);

impl Service<Name> for Resolved {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}
