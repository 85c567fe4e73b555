//! Looking up the hosts of targets, away from tokio's blocking pool.
//!
//! A look-up blocks a thread for as long as a dead resolver takes, and goes on when the copy that asked has given up.
//! In tokio's pool, look-ups would pile up in front of the primary's own `spawn_blocking`. Here each host has at most
//! one look-up at a time, on a thread of its own, and every copy that needs the host waits for that one.

use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::watch;

/// How long addresses are used before they are looked up again. The system's resolver does not tell how long they are
/// valid; ten seconds follow a moved shadow soon, and make a look-up rare.
const FRESH: Duration = Duration::from_secs(10);

/// How long a failed look-up is not repeated.
const FRESH_FAILURE: Duration = Duration::from_secs(1);

/// A host name was not resolved.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct DnsError(Arc<io::Error>);

/// The one resolver of the process, so that no host is looked up twice at a time.
static RESOLVER: LazyLock<Resolver> = LazyLock::new(Resolver::default);

/// The addresses of a host, with port 0.
pub(super) async fn resolve(host: &str) -> Result<Vec<SocketAddr>, DnsError> {
    RESOLVER.resolve(host).await
}

/// What was found, and when.
type Found = (Result<Vec<SocketAddr>, DnsError>, Instant);

#[derive(Debug, Default)]
struct Resolver {
    hosts: Mutex<HashMap<String, Host>>,
}

#[derive(Debug)]
struct Host {
    /// `None` until the look-up ends.
    found: watch::Receiver<Option<Found>>,
}

impl Host {
    fn is_usable(&self) -> bool {
        match &*self.found.borrow() {
            // A look-up that died without an answer has closed its channel.
            None => self.found.has_changed().is_ok(),
            Some((Ok(_), since)) => since.elapsed() < FRESH,
            Some((Err(_), since)) => since.elapsed() < FRESH_FAILURE,
        }
    }
}

impl Resolver {
    /// The look-up of a host that is under way or still fresh, or else a new one.
    fn look_up(&self, host: &str) -> watch::Receiver<Option<Found>> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.get(host).filter(|known| known.is_usable()) {
            return known.found.clone();
        }
        let (sender, found) = watch::channel(None);
        hosts.insert(
            host.to_owned(),
            Host {
                found: found.clone(),
            },
        );
        let name = host.to_owned();
        let thread = thread::Builder::new().name("mirror-dns".to_owned());
        // Where no thread can be started the sender is dropped, and the copy fails with a DNS error.
        let started = thread.spawn(move || {
            let found = (name.as_str(), 0).to_socket_addrs().map(Iterator::collect);
            let found = found.map_err(|error| DnsError(Arc::new(error)));
            sender.send_replace(Some((found, Instant::now())));
        });
        drop(started);
        found
    }

    async fn resolve(&self, host: &str) -> Result<Vec<SocketAddr>, DnsError> {
        let mut found = self.look_up(host);
        let found = found.wait_for(Option::is_some).await;
        let found = found.ok().and_then(|found| found.clone());
        found.map_or_else(
            || {
                Err(DnsError(Arc::new(io::Error::other(
                    "the look-up could not be started",
                ))))
            },
            |(found, _)| found,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_host_is_looked_up_once() {
        let resolver = Resolver::default();
        let first = resolver.look_up("localhost");
        let second = resolver.look_up("localhost");
        assert!(first.same_channel(&second));
        let addresses = resolver.resolve("localhost").await.unwrap();
        assert!(
            addresses
                .into_iter()
                .all(|address| address.ip().is_loopback())
        );
        assert!(resolver.look_up("localhost").same_channel(&first));
    }

    #[tokio::test]
    async fn an_unknown_host_is_a_dns_error() {
        let resolver = Resolver::default();
        assert!(resolver.resolve("no-such-host.invalid").await.is_err());
    }
}
