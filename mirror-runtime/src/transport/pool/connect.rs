//! Connections to a target: the name, the address, the session, each within what is left of `connect_timeout`.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    net::SocketAddr,
    task::{Context, Poll},
    time::Duration,
    vec,
};

use axum::BoxError;
use hyper_util::client::legacy::connect::{HttpConnector, dns::Name};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
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
    let tcp = within(until, tcp(origin, addresses, until), MirrorError::Connect).await?;
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

/// The part of the time for a connection that the first attempt has, which is given up then. The other has all the rest,
/// for a server that is far.
const FIRST_ATTEMPT: u32 = 4;

/// The time below which a first attempt is not given up: what takes less is not slow, but far away.
const MIN_ATTEMPT: Duration = Duration::from_millis(200);

/// Connects to one of several addresses, and tries that once more where it takes long: from the next address on.
///
/// A server whose queue of connections is full drops what arrives, as when hundreds of copies leave for it at once. The
/// system tries again after a second (RFC 6298 section 2.1), which is too late. Nothing was sent that could arrive twice.
/// The attempts are not made side by side, as that would take twice the descriptors for a server that nothing reaches.
async fn tcp(
    origin: &Origin,
    mut addresses: Vec<SocketAddr>,
    until: Instant,
) -> Result<TcpStream, MirrorError> {
    let patience = until.saturating_duration_since(Instant::now()) / FIRST_ATTEMPT;
    if patience >= MIN_ATTEMPT {
        let first = attempt(origin, addresses.clone());
        if let Ok(ended) = timeout(patience, first).await {
            return ended;
        }
        addresses.rotate_left(1);
    }
    attempt(origin, addresses).await
}

/// Connects to one of several addresses, IPv6 and IPv4 side by side where one of them is slow (RFC 8305).
async fn attempt(origin: &Origin, addresses: Vec<SocketAddr>) -> Result<TcpStream, MirrorError> {
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

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;
    use crate::target::Destination;

    /// A server that drops what arrives, because nobody takes connections from its queue.
    async fn deaf() -> (TcpListener, TcpStream) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let deaf = socket.listen(0).unwrap();
        let queued = TcpStream::connect(deaf.local_addr().unwrap()).await;
        (deaf, queued.unwrap())
    }

    #[tokio::test]
    async fn the_second_attempt_begins_with_the_next_address() {
        let (deaf, _queued) = deaf().await;
        let port = deaf.local_addr().unwrap().port();
        let good = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
        let destination = Destination::parse(&format!("http://shadow:{port}")).unwrap();
        let origin = Origin::new(&destination, false, Duration::from_secs(2)).unwrap();
        let addresses = [&deaf, &good].map(|server| server.local_addr().unwrap());
        let until = Instant::now() + origin.connect_timeout;
        let connected = within(
            until,
            tcp(&origin, addresses.to_vec(), until),
            MirrorError::Connect,
        );
        let connected = connected.await.unwrap();
        assert_eq!(connected.peer_addr().unwrap(), good.local_addr().unwrap());
    }
}
