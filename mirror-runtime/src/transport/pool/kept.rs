//! Connections that are kept for the next copy, each runtime's apart: whose events arrive on one
//! runtime cannot be used on another, and ends with it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::{self, Handle},
    time::{Instant, sleep_until},
};

use super::{
    Connection, Pool,
    attempt::FEW_REQUESTS,
    dialing::{Dialing, Turn},
    http1::{Http1, IDLE_TIMEOUT},
    http2::Link,
};
use crate::bounds::limits;

/// How long a server that went away after a number of requests is expected to do so again. Copies
/// beyond that number take another connection beforehand, in place of being sent once more each
/// time.
const BELIEVED: Duration = Duration::from_mins(1);

/// How often it is looked. Not for the connections' sake: a runtime whose next timer is later than
/// that of a new copy is woken by a system call to set it. With this timer before all of theirs,
/// that is done once in a second instead of once for each copy.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The connections of a pool.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Locked by copies under way, for moments, and never by a primary's request.
    runtimes: Mutex<HashMap<runtime::Id, OfRuntime>>,
}

/// The state of one runtime.
#[derive(Debug, Default)]
pub(super) struct OfRuntime {
    /// Oldest first: the newest is taken, so that those that are not needed grow old.
    http1: VecDeque<Idle>,
    links: Vec<Arc<Link>>,
    /// After how many requests the server went away last.
    taken: Option<usize>,
    /// How many requests the server takes of a connection before it goes away, and until when that
    /// is believed.
    max_requests: Option<(usize, Instant)>,
    pub(super) dialing: Dialing,
    /// Whether there is a task that closes them.
    watched: bool,
}

/// An HTTP/1 connection that carries nothing.
#[derive(Debug)]
struct Idle {
    connection: Box<Http1>,
    until: Instant,
}

impl OfRuntime {
    /// The reaction of a copy without a place.
    pub(super) fn turn(&mut self, pool: &Arc<Pool>, expected: usize, late: usize) -> Turn {
        // Who goes away after few requests carries no more, however many streams it allows.
        let expected = expected.min(self.max_requests(Instant::now()));
        self.dialing.turn(pool, expected, late)
    }

    /// A place on a connection that copies share, or the connection that was used last.
    fn take(&mut self) -> Option<Connection> {
        self.slot().or_else(|| self.newest().map(Connection::Http1))
    }

    /// A place on a connection that copies share.
    pub(super) fn slot(&mut self) -> Option<Connection> {
        if self.links.is_empty() {
            return None;
        }
        let now = Instant::now();
        self.learn(now);
        let oldest = now.checked_sub(limits::max_connection_age());
        let is_young = |link: &Arc<Link>| oldest.is_none_or(|oldest| link.opened() >= oldest);
        let max_requests = self.max_requests(now);
        self.links
            .retain(|link| link.is_open() && is_young(link) && link.carried() < max_requests);
        let slot = self.links.iter().find_map(Link::slot);
        slot.map(Connection::Http2)
    }

    /// A server that went away after a number of requests is expected to do so again: after few of
    /// them, which may have reasons of the moment, if it has done so twice.
    fn learn(&mut self, now: Instant) {
        let taken = self.links.iter().filter_map(|link| link.requests_taken());
        for taken in taken.filter(|taken| *taken > 0) {
            if self.taken.replace(taken) == Some(taken) || taken >= FEW_REQUESTS {
                self.max_requests = Some((taken, now + BELIEVED));
            }
        }
    }

    /// How many requests the server is believed to take of a connection.
    fn max_requests(&self, now: Instant) -> usize {
        let believed = self.max_requests.filter(|(_, until)| now < *until);
        believed.map_or(usize::MAX, |(requests, _)| requests)
    }

    fn newest(&mut self) -> Option<Box<Http1>> {
        if self.http1.is_empty() {
            return None;
        }
        let now = Instant::now();
        // What is too old is left to those who close it.
        let newest = self.http1.iter().rposition(|idle| now < idle.until)?;
        Some(self.http1.remove(newest)?.connection)
    }

    pub(super) fn share(&mut self, link: Arc<Link>) {
        self.links.push(link);
    }

    /// Takes out what has been idle for too long; tells when the next one will have been.
    fn take_old(&mut self) -> (VecDeque<Idle>, Vec<Arc<Link>>, Option<Instant>) {
        let now = Instant::now();
        let (kept, old) = self.http1.drain(..).partition(|idle| now < idle.until);
        self.http1 = kept;
        let is_needed = |link: &Arc<Link>| {
            let idle = link.idle_since();
            link.is_open() && idle.is_none_or(|since| now < since + IDLE_TIMEOUT)
        };
        let (needed, links) = self.links.drain(..).partition(is_needed);
        self.links = needed;
        let http1 = self.http1.iter().map(|idle| idle.until).min();
        let next = match (http1, self.links.is_empty()) {
            (next, true) => next,
            (_, false) => Some(now + LOOK_AGAIN),
        };
        (old, links, next)
    }
}

impl Kept {
    /// A place on a connection of this runtime, or a connection.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut runtimes = self.lock();
        runtimes.get_mut(&Handle::current().id())?.take()
    }

    /// Looks at what this runtime has, or changes it.
    pub(super) fn here<T>(&self, look: impl FnOnce(&mut OfRuntime) -> T) -> T {
        look(self.lock().entry(Handle::current().id()).or_default())
    }

    /// Changes what a runtime has, if there is anything. What is left empty is forgotten.
    pub(super) fn there(&self, runtime: runtime::Id, change: impl FnOnce(&mut OfRuntime)) {
        let mut runtimes = self.lock();
        let Some(there) = runtimes.get_mut(&runtime) else {
            return;
        };
        change(there);
        let holds_nothing = there.links.is_empty() && there.http1.is_empty();
        if holds_nothing && there.dialing.is_over() && !there.watched {
            runtimes.remove(&runtime);
        }
    }

    /// Takes a connection back, unless it is not to be used again.
    pub(super) fn keep(&self, connection: Box<Http1>, pool: &Arc<Pool>) {
        let now = Instant::now();
        let until = now + connection.kept_for();
        let until = until.min(connection.opened() + limits::max_connection_age());
        if now >= until {
            return;
        }
        let runtime = connection.runtime();
        self.watched(runtime, pool, |here| {
            here.http1.push_back(Idle { connection, until });
        });
    }

    /// Lets others share a connection.
    pub(super) fn share(&self, link: Arc<Link>, pool: &Arc<Pool>) {
        self.watched(Handle::current().id(), pool, |here| here.share(link));
    }

    /// Gives up what this runtime has and has not proved itself. Copies that are under way go on,
    /// and so do connections that carry others, of mirrors that do not doubt the shadow.
    pub(super) fn forget(&self) {
        let forgotten = self.here(|here| {
            let links = here.links.extract_if(.., |link| link.is_doubtful());
            let links: Vec<_> = links.inspect(|link| link.retire()).collect();
            (links, std::mem::take(&mut here.http1))
        });
        drop(forgotten);
    }

    /// Closes what carries nothing, to make room for others.
    pub(super) fn close_idle(&self) {
        let idle: Vec<_> = {
            let mut runtimes = self.lock();
            let all = runtimes.values_mut();
            all.map(|here| {
                let (idle, links) = here.links.drain(..).partition(|link| link.is_idle());
                here.links = links;
                (std::mem::take(&mut here.http1), idle)
            })
            .collect::<Vec<(_, Vec<_>)>>()
        };
        drop(idle);
    }

    fn watched(&self, runtime: runtime::Id, pool: &Arc<Pool>, change: impl FnOnce(&mut OfRuntime)) {
        let mut runtimes = self.lock();
        let here = runtimes.entry(runtime).or_default();
        change(here);
        if !here.watched {
            here.watched = true;
            let pool = Arc::downgrade(pool);
            drop(runtimes);
            // It ends when there is nothing left to close, and with its runtime.
            drop(tokio::spawn(Watch { pool, runtime }.close_what_is_old()));
        }
    }

    fn close_old(&self, runtime: runtime::Id) -> Option<Instant> {
        let mut runtimes = self.lock();
        let here = runtimes.get_mut(&runtime)?;
        let (http1, links, next) = here.take_old();
        here.watched = next.is_some();
        drop(runtimes);
        // Closing a connection takes a system call, which nobody should wait for.
        drop((http1, links));
        next
    }

    /// A runtime has ended, or has nothing left to watch.
    fn unwatched(&self, runtime: runtime::Id) {
        let ended = self.lock().remove(&runtime);
        drop(ended);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<runtime::Id, OfRuntime>> {
        self.runtimes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes old connections of a runtime. There is one for each at a time.
struct Watch {
    pool: Weak<Pool>,
    runtime: runtime::Id,
}

impl Watch {
    async fn close_what_is_old(mut self) {
        while let Some(next) = self.close_old() {
            sleep_until(next.min(Instant::now() + LOOK_AGAIN)).await;
        }
        // Another may have taken over by now.
        self.pool = Weak::new();
    }

    fn close_old(&self) -> Option<Instant> {
        self.pool.upgrade()?.kept.close_old(self.runtime)
    }
}

impl Drop for Watch {
    /// Its runtime is shut down, and nothing that belongs to it can be used any more.
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.kept.unwatched(self.runtime);
        }
    }
}
