//! The clients: made when they are first needed, and never tied to a runtime that is gone.

use std::{
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Client, redirect, retry};
use tokio::{
    runtime::{self, Handle},
    sync::OnceCell,
};

use super::{no_client, resolver::Resolver};
use crate::outcome::MirrorError;

/// An idle connection is closed after this time: below the 60 s and more after which servers close theirs, so that a
/// copy rarely meets a connection that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Runtimes whose clients are kept. A program has one or two; a test program makes one per test, one after another.
const MAX_RUNTIMES: usize = 8;

/// One client per runtime, because the connections of a client are tasks of the runtime that opened them.
#[derive(Debug)]
pub(super) struct Clients {
    /// Locked by copies under way, never by a primary's request, and never across an await.
    by_runtime: Mutex<Vec<(runtime::Id, Arc<RuntimeClients>)>>,
    /// Looks names up on threads of its own, so that it serves every runtime.
    resolver: LazyLock<Resolver>,
}

#[derive(Debug, Default)]
struct RuntimeClients {
    any: OnceCell<Client>,
    http1_only: OnceCell<Client>,
}

impl Clients {
    pub(super) const fn new() -> Self {
        Self {
            by_runtime: Mutex::new(Vec::new()),
            resolver: LazyLock::new(Resolver::default),
        }
    }

    /// The client of the runtime that asks.
    pub(super) async fn current(&self, http1_only: bool) -> Result<Client, MirrorError> {
        let clients = self.of_runtime(Handle::current().id());
        let cell = if http1_only {
            &clients.http1_only
        } else {
            &clients.any
        };
        let client = cell.get_or_try_init(|| async move {
            // Reading the system's certificates takes milliseconds and blocks.
            let resolver = self.resolver.clone();
            let built = tokio::task::spawn_blocking(move || build(http1_only, resolver)).await;
            built.map_err(no_client)?.map_err(no_client)
        });
        client.await.cloned()
    }

    fn of_runtime(&self, id: runtime::Id) -> Arc<RuntimeClients> {
        let mut by_runtime = self
            .by_runtime
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((_, clients)) = by_runtime.iter().find(|(of, _)| *of == id) {
            return Arc::clone(clients);
        }
        if by_runtime.len() == MAX_RUNTIMES {
            by_runtime.remove(0);
        }
        let clients = Arc::default();
        by_runtime.push((id, Arc::clone(&clients)));
        clients
    }
}

/// Everything is said here that cargo's feature unification could otherwise switch on behind our back: a copy is sent
/// once, to the target and nowhere else, and its answer is read as it is.
fn build(http1_only: bool, resolver: Resolver) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .dns_resolver(resolver)
        .pool_idle_timeout(IDLE_TIMEOUT);
    if http1_only {
        builder.http1_only()
    } else {
        builder
    }
    .build()
}
