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

/// How long one family of addresses is waited for before the other is tried too (RFC 8305 section 5).
const HAPPY_EYEBALLS: Duration = Duration::from_millis(250);

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

/// Connects to one of several addresses, and tries that anew when half of the time for it is over.
///
/// A server whose queue of connections is full drops what arrives, as when hundreds of copies leave for it at once. The
/// system tries again after a second (RFC 6298 section 2.1), which is too late. Nothing was sent that could arrive twice,
/// and the first attempt is given up: a copy has one descriptor at a time.
async fn tcp(origin: &Origin, addresses: Vec<SocketAddr>) -> Result<TcpStream, MirrorError> {
    let half = origin.connect_timeout / 2;
    let connector = connector(addresses, half / 2);
    let attempt = || connector.clone().call(origin.uri.clone());
    let tcp = twice(attempt, half)
        .await
        .map_err(|error| MirrorError::Connect(error.into()))?;
    Ok(tcp.into_inner())
}

/// How an attempt ends, or another one if the first takes longer than `patience`.
async fn twice<A: Future>(attempt: impl Fn() -> A, patience: Duration) -> A::Output {
    match timeout(patience, attempt()).await {
        Ok(ended) => ended,
        Err(_) => attempt().await,
    }
}

/// Connects to one of several addresses, IPv6 and IPv4 side by side where one of them is slow (RFC 8305), which is found
/// out in `patience` at most.
fn connector(addresses: Vec<SocketAddr>, patience: Duration) -> HttpConnector<Resolved> {
    let mut connector = HttpConnector::new_with_resolver(Resolved(addresses));
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_happy_eyeballs_timeout(Some(patience.min(HAPPY_EYEBALLS)));
    connector
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
    use std::cell::Cell;

    use tokio::time::sleep;

    use super::*;

    /// Which attempt it is that ends, and after which time, where they take so many milliseconds.
    async fn ends(took: [u64; 2]) -> (usize, Duration) {
        let (begun, start) = (Cell::new(0), Instant::now());
        let attempt = || async {
            let attempt = begun.replace(begun.get() + 1);
            sleep(Duration::from_millis(took[attempt])).await;
            attempt
        };
        let ended = twice(attempt, Duration::from_millis(500)).await;
        (ended, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_takes_long_is_given_up_for_another() {
        assert_eq!(ends([499, 0]).await, (0, Duration::from_millis(499)));
        assert_eq!(ends([999, 20]).await, (1, Duration::from_millis(520)));
        assert_eq!(ends([501, 900]).await, (1, Duration::from_millis(1_400)));
    }
}
