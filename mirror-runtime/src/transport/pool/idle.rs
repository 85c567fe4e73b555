//! Connections that wait for a copy, and are closed when none comes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::{self, Handle},
    time::{Instant, sleep_until},
};

use super::{Connection, Pool, http1::Http1, http2::Http2};

/// An idle connection is closed after this time: below the 60 s and more after which servers close theirs, so that a
/// copy rarely meets a connection that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How often it is looked. Not for the connections' sake: a runtime whose next timer is later than that of a new copy
/// is woken by a system call to set it. With this timer before all of theirs, that is done once in a second instead of
/// once for each copy.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The idle connections of a pool.
#[derive(Debug, Default)]
pub(super) struct Idle {
    /// Locked by copies under way, for moments, and never by a primary's request.
    kept: Mutex<Kept>,
}

/// Oldest first: the newest is taken, so that those that are not needed grow old.
#[derive(Debug, Default)]
struct Kept {
    http1: VecDeque<Entry<Box<Http1>>>,
    http2: VecDeque<Entry<Http2>>,
    /// Whether there is a task that closes them.
    watched: bool,
}

#[derive(Debug)]
struct Entry<C> {
    runtime: runtime::Id,
    since: Instant,
    connection: C,
}

impl<C> Entry<C> {
    fn new(connection: C, runtime: runtime::Id) -> Self {
        Self {
            runtime,
            since: Instant::now(),
            connection,
        }
    }
}

impl Kept {
    fn shared(&mut self, runtime: runtime::Id) -> Option<Connection> {
        self.http2.retain(|entry| !entry.connection.is_closed());
        let is_ours = |entry: &&mut Entry<_>| entry.runtime == runtime;
        let entry = self.http2.iter_mut().find(is_ours)?;
        entry.since = Instant::now();
        Some(Connection::Http2(entry.connection.clone()))
    }
}

impl Idle {
    /// One that copies share, or the connection that was used last.
    pub(super) fn take(&self) -> Option<Connection> {
        let runtime = Handle::current().id();
        let mut kept = self.lock();
        kept.shared(runtime).or_else(|| {
            let is_ours = |entry: &Entry<_>| entry.runtime == runtime;
            let newest = kept.http1.iter().rposition(is_ours)?;
            let entry = kept.http1.remove(newest)?;
            Some(Connection::Http1(entry.connection))
        })
    }

    /// A connection that copies share.
    pub(super) fn take_shared(&self) -> Option<Connection> {
        self.lock().shared(Handle::current().id())
    }

    /// Gives up the connections that copies of this runtime share. Copies that are under way on them go on.
    pub(super) fn forget_shared(&self) {
        let runtime = Handle::current().id();
        let is_other = |entry: &Entry<_>| entry.runtime != runtime;
        self.lock().http2.retain(is_other);
    }

    pub(super) fn keep(&self, connection: Box<Http1>, pool: &Arc<Pool>) {
        let runtime = connection.runtime();
        let entry = Entry::new(connection, runtime);
        self.insert(pool, |kept| kept.http1.push_back(entry));
    }

    pub(super) fn share(&self, connection: Http2, pool: &Arc<Pool>) {
        let entry = Entry::new(connection, Handle::current().id());
        self.insert(pool, |kept| kept.http2.push_back(entry));
    }

    fn insert(&self, pool: &Arc<Pool>, insert: impl FnOnce(&mut Kept)) {
        let mut kept = self.lock();
        insert(&mut kept);
        if !kept.watched {
            kept.watched = true;
            let watch = Watch(Arc::downgrade(pool));
            drop(kept);
            // It ends when there is nothing left to close, and with its runtime.
            drop(tokio::spawn(watch.close_what_is_old()));
        }
    }

    /// Closes what has been idle for too long; tells when the next one will have been.
    fn close_old(&self) -> Option<Instant> {
        let mut old = Vec::new();
        let mut kept = self.lock();
        let now = Instant::now();
        let is_old = |since: Instant| since + IDLE_TIMEOUT <= now;
        while kept.http1.front().is_some_and(|entry| is_old(entry.since)) {
            old.extend(kept.http1.pop_front());
        }
        kept.http2
            .retain(|entry| !is_old(entry.since) && !entry.connection.is_closed());
        let http1 = kept.http1.iter().map(|entry| entry.since);
        let http2 = kept.http2.iter().map(|entry| entry.since);
        let next = http1.chain(http2).min();
        kept.watched = next.is_some();
        drop(kept);
        // Closing a connection takes a system call, which nobody should wait for.
        drop(old);
        next.map(|since| since + IDLE_TIMEOUT)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes old connections of a pool. There is one at a time.
struct Watch(Weak<Pool>);

impl Watch {
    async fn close_what_is_old(mut self) {
        while let Some(next) = self.0.upgrade().and_then(|pool| pool.idle.close_old()) {
            sleep_until(next.min(Instant::now() + LOOK_AGAIN)).await;
        }
        // Another may have taken over by now.
        self.0 = Weak::new();
    }
}

impl Drop for Watch {
    /// Also when its runtime is shut down: the next connection that is kept has it watched anew.
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.idle.lock().watched = false;
        }
    }
}
