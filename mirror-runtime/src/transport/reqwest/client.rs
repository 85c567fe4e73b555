//! The clients: made when they are first needed, and never tied to a runtime that is gone.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use axum::BoxError;
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect, retry,
};
use tokio::{
    runtime::{self, Handle},
    sync::{OnceCell, oneshot},
};
use tokio_rustls::rustls::ClientConfig;

use super::{classify::classify, no_client};
use crate::{
    outcome::MirrorError,
    transport::{resolver::resolve, tls},
};

/// An idle connection is closed after this time: below the 60 s and more after which servers close
/// theirs, so that a copy rarely meets a connection that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Clients that are kept. A program has one or two kinds of client, and one runtime or one for each
/// core; a test program makes a runtime per test, one after another.
const MAX_CLIENTS: usize = 256;

/// The key of a client: reqwest has these as options of the whole client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) tls: bool,
    pub(super) http1_only: bool,
    pub(super) connect_timeout: Duration,
}

/// One client per kind and runtime, because the connections of a client are tasks of the runtime
/// that opened them.
#[derive(Debug)]
pub(super) struct Clients {
    /// Locked by copies under way, never by a primary's request, and never across an await.
    clients: Mutex<Vec<(Key, Arc<OnceCell<Client>>)>>,
}

type Key = (runtime::Id, Kind);

impl Clients {
    pub(super) const fn new() -> Self {
        Self {
            clients: Mutex::new(Vec::new()),
        }
    }

    /// The client of a kind, for the runtime that asks.
    pub(super) async fn current(&self, kind: Kind) -> Result<Client, MirrorError> {
        let cell = self.cell((Handle::current().id(), kind));
        let client = cell.get_or_try_init(|| async move {
            let (sender, client) = oneshot::channel();
            // Reading the system's certificates takes milliseconds and blocks. A thread of its own,
            // because tokio's blocking pool is the primary's, and may be full.
            let thread = thread::Builder::new().name("mirror-client".to_owned());
            let build = move || drop(sender.send(build(kind)));
            thread.spawn(build).map_err(no_client)?;
            client.await.map_err(no_client)?
        });
        client.await.cloned()
    }

    fn cell(&self, key: Key) -> Arc<OnceCell<Client>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = clients.iter().position(|(of, _)| *of == key) {
            return Arc::clone(&clients[known].1);
        }
        if clients.len() == MAX_CLIENTS {
            // The oldest: in a program that makes runtimes all the time it belongs to one that is
            // gone.
            clients.remove(0);
        }
        let cell = Arc::default();
        clients.push((key, Arc::clone(&cell)));
        cell
    }
}

/// Everything is said here that cargo's feature unification could otherwise switch on behind our
/// back: a copy is sent once, to the target and nowhere else, and its response is read as it is.
fn build(kind: Kind) -> Result<Client, MirrorError> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .dns_resolver(OffThePool)
        .pool_idle_timeout(IDLE_TIMEOUT);
    // Of ours, so that it has our crypto provider: reqwest's own is the installed one, or aws-lc,
    // or a panic.
    builder = builder.tls_backend_preconfigured(tls_config(kind).map_err(MirrorError::Tls)?);
    if kind.http1_only {
        builder = builder.http1_only();
    }
    let client = builder.connect_timeout(kind.connect_timeout).build();
    client.map_err(classify)
}

fn tls_config(kind: Kind) -> Result<ClientConfig, BoxError> {
    let mut config = if kind.tls {
        tls::trusting_the_system()?
    } else {
        // A machine without certificates, as small containers are, can mirror over plain HTTP all
        // the same.
        tls::trusting_nobody()?
    };
    config.alpn_protocols = if kind.http1_only {
        vec![b"http/1.1".to_vec()]
    } else {
        vec![b"h2".to_vec(), b"http/1.1".to_vec()]
    };
    Ok(config)
}

/// Looks names up without tokio's blocking pool, and without one look-up beside another.
struct OffThePool;

impl Resolve for OffThePool {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = resolve(name.as_str()).await.map_err(BoxError::from)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
