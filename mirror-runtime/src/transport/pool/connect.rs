//! Connections to a target: the name, the address, the session, each within what is left of
//! `connect_timeout`.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::BoxError;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

use super::{
    Origin,
    stream::{Bound, Descriptor, Stream, StreamKind},
    tls,
    wire::Wire,
};
use crate::{bounds::Gauge, outcome::MirrorError, target::Http2, transport::resolver};

/// A connection, before anything was said about it but whether it speaks HTTP/2.
pub(super) struct Connected {
    kind: StreamKind,
    descriptor: Descriptor,
    pub(super) http2: bool,
}

impl Connected {
    /// The connection, with a bound on what the shadow may send. If it sends more, that is counted.
    pub(super) fn into_stream(self, bound: Bound, floods: &Arc<AtomicU64>) -> Stream {
        Stream::new(self.kind, bound, Arc::clone(floods), self.descriptor)
    }
}

/// Connects to an origin. A step that takes until `until` has failed, as what it is.
pub(super) async fn connect(
    origin: &Origin,
    until: Instant,
    descriptor: Descriptor,
) -> Result<Connected, MirrorError> {
    let port = origin.port();
    let addresses = within(until, addresses(origin.host(), port), MirrorError::Dns).await?;
    let tcp = async { tcp(addresses, until).await.map_err(refused) };
    let tcp = within(until, tcp, MirrorError::Connect).await?;
    if origin.is_tls() {
        let plain = Arc::default();
        let wire = Wire::new(tcp, Arc::clone(&plain));
        let handshake = tls::handshake(wire, origin.host(), origin.http1_only);
        let (session, http2) = within(until, handshake, MirrorError::Tls).await?;
        let kind = StreamKind::Tls(session, plain);
        Ok(Connected {
            kind,
            descriptor,
            http2,
        })
    } else {
        let kind = StreamKind::Plain(tcp);
        let http2 = origin.http2 == Http2::PriorKnowledge;
        Ok(Connected {
            kind,
            descriptor,
            http2,
        })
    }
}

fn refused(error: io::Error) -> MirrorError {
    MirrorError::Connect(error.into())
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

async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, MirrorError> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = resolver::resolve(host).await;
    let mut found = found.map_err(|error| MirrorError::Dns(error.into()))?;
    for address in &mut found {
        address.set_port(port);
    }
    Ok(found)
}

/// How long an attempt at one address is waited for before the next address is tried beside it (RFC
/// 8305 section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The part of the time for a connection after which an address is tried once more, beside the
/// first attempt.
const FIRST_ATTEMPT: u32 = 4;

/// The time below which that is not done: what takes less is not slow, but far away.
const MIN_ATTEMPT: Duration = Duration::from_millis(200);

/// Attempts under way at once for one connection, if it has so many addresses.
const MAX_AT_ONCE: usize = 4;

/// Attempts beside a first one in the whole process: each takes a descriptor more than its copy
/// has.
const MAX_BESIDE: usize = 64;

static BESIDE: Gauge = Gauge::new();

/// Connects to one of several addresses: to the next one, beside those before it, when they take
/// long, and then to each of them once more. At most four attempts are under way at once, and at
/// most two at the same addresses.
///
/// A server whose queue of connections is full drops what arrives, as when hundreds of copies leave
/// for it at once. The system tries again after a second (RFC 6298 section 2.1), which is too late.
/// The first attempt goes on: to a server that is far it is the one that arrives. Nothing was sent
/// that could arrive twice.
async fn tcp(addresses: Vec<SocketAddr>, until: Instant) -> io::Result<TcpStream> {
    let again = until.saturating_duration_since(Instant::now()) / FIRST_ATTEMPT;
    let addresses = by_turns(addresses);
    let mut untried = addresses.iter().copied();
    let mut once_more = addresses.iter().copied().filter(|_| again >= MIN_ATTEMPT);
    let mut attempts = FuturesUnordered::new();
    attempts.extend(untried.next().map(|address| attempt(address, None)));
    loop {
        let delay = if untried.len() > 0 {
            ATTEMPT_DELAY
        } else {
            again
        };
        let ended = timeout(delay, attempts.next()).await;
        match ended {
            Ok(Some(Ok(tcp))) => return Ok(tcp),
            Ok(Some(Err(error))) if attempts.is_empty() => {
                // What was refused is not asked again.
                let next = untried.next().ok_or(error)?;
                attempts.push(attempt(next, None));
            }
            Ok(None) => return Err(io::Error::other("the name has no address")),
            Err(_) if attempts.len() < 2 || untried.len() > 0 && attempts.len() < MAX_AT_ONCE => {
                if let Some(beside) = Beside::one() {
                    let next = untried.next().or_else(|| once_more.next());
                    attempts.extend(next.map(|address| attempt(address, Some(beside))));
                }
            }
            // Another is under way.
            Ok(Some(Err(_))) | Err(_) => {}
        }
    }
}

/// IPv6 and IPv4 by turns, whichever came first (RFC 8305 section 4).
fn by_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_six = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (ours, others): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == is_six);
    let (mut ours, mut others) = (ours.into_iter(), others.into_iter());
    let mut turns = Vec::new();
    loop {
        let turn = [ours.next(), others.next()];
        if turn == [None, None] {
            return turns;
        }
        turns.extend(turn.into_iter().flatten());
    }
}

async fn attempt(address: SocketAddr, beside: Option<Beside>) -> io::Result<TcpStream> {
    let tcp = TcpStream::connect(address).await?;
    drop(beside);
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

/// The right to an attempt beside another.
struct Beside;

impl Beside {
    fn one() -> Option<Self> {
        BESIDE.enter(1, MAX_BESIDE).then_some(Self)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        BESIDE.leave(1);
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// A server that drops what arrives, because nobody takes connections from its queue.
    async fn deaf() -> (TcpListener, TcpStream) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let deaf = socket.listen(0).unwrap();
        let queued = TcpStream::connect(deaf.local_addr().unwrap()).await;
        (deaf, queued.unwrap())
    }

    #[tokio::test]
    async fn the_second_attempt_is_at_the_next_address() {
        let (deaf, _queued) = deaf().await;
        let port = deaf.local_addr().unwrap().port();
        let good = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
        let addresses = [&deaf, &good].map(|server| server.local_addr().unwrap());
        let until = Instant::now() + Duration::from_secs(20);
        let connected = tcp(addresses.to_vec(), until).await.unwrap();
        assert_eq!(connected.peer_addr().unwrap(), good.local_addr().unwrap());
    }

    #[tokio::test]
    async fn what_is_refused_is_not_tried_again_and_the_next_address_is() {
        let good = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let (_listening, good) = (&good, good.local_addr().unwrap());
        // An address of this machine where nobody listens.
        let refusing = SocketAddr::new([127, 0, 0, 3].into(), good.port());
        let until = Instant::now() + Duration::from_secs(20);
        assert!(tcp(vec![refusing], until).await.is_err());
        assert!(tcp(Vec::new(), until).await.is_err());
        assert!(tcp(vec![refusing, good], until).await.is_ok());
    }

    #[test]
    fn families_take_turns() {
        let of = |addresses: &[&str]| -> Vec<SocketAddr> {
            addresses
                .iter()
                .map(|address| address.parse().unwrap())
                .collect()
        };
        let found = of(&[
            "[::1]:1",
            "[::2]:1",
            "127.0.0.1:1",
            "127.0.0.2:1",
            "127.0.0.3:1",
        ]);
        let turns = of(&[
            "[::1]:1",
            "127.0.0.1:1",
            "[::2]:1",
            "127.0.0.2:1",
            "127.0.0.3:1",
        ]);
        assert_eq!(by_turns(found), turns);
        assert!(by_turns(Vec::new()).is_empty());
    }
}
