//! Connections that are kept for the next copy, each runtime's apart: whose events arrive on one
//! runtime cannot be used on another, and ends with it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::{self, Handle},
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::{
    Connection, Pool,
    attempt::FEW_REQUESTS,
    dialing::{Dialing, Turn},
    http1::{Http1, IDLE_TIMEOUT},
    http2::Link,
    idle::KeepAlive,
};
use crate::bounds::limits;

/// How long a server that went away after a number of requests is expected to do so again. Copies
/// beyond that number take another connection beforehand, in place of being sent once more each
/// time.
const BELIEVED: Duration = Duration::from_mins(1);

/// Copies that must not be sent twice open no more than so many connections to find out how long
/// the server keeps those that are idle. Each doubles the time that is known, and two of them are
/// enough for copies that come one by one.
const MAX_UNPROVED: usize = 4;

/// A connection that is closed within this time after a response may have been closed because of
/// it, and not because it was idle.
const AT_ONCE: Duration = Duration::from_millis(2);

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
    /// How long the server keeps connections that are idle, as far as it has shown.
    keep_alive: KeepAlive,
    /// After how many requests the server went away last.
    taken: Option<usize>,
    /// How many requests the server takes of a connection before it goes away, and until when that
    /// is believed.
    max_requests: Option<(usize, Instant)>,
    pub(super) dialing: Dialing,
    /// Whether there is a task that closes them.
    watched: bool,
    /// Wakes that task.
    bell: Arc<Notify>,
}

/// An HTTP/1 connection that carries nothing.
#[derive(Debug)]
struct Idle {
    connection: Box<Http1>,
    since: Instant,
    until: Instant,
}

/// Connections that are old, or may be.
#[derive(Default)]
struct Old {
    http1: Vec<Idle>,
    links: Vec<Arc<Link>>,
    /// Something has come over them, or they have been idle for so long that it shows something if
    /// they are still there.
    doubtful: Vec<Idle>,
}

impl OfRuntime {
    /// The reaction of a copy without a place.
    pub(super) fn turn(&mut self, pool: &Arc<Pool>, expected: usize, late: usize) -> Turn {
        // Who goes away after few requests carries no more, however many streams it allows.
        let expected = expected.min(self.max_requests(Instant::now()));
        self.dialing.turn(pool, expected, late)
    }

    /// A place on a connection that copies share, or the connection that was used last.
    fn take(&mut self, only_once: bool) -> Option<Connection> {
        self.slot()
            .or_else(|| self.newest(only_once).map(Connection::Http1))
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
        let usable = self.keep_alive.usable();
        let is_usable = |link: &Arc<Link>| {
            let since = usable.and_then(|usable| Some(link.idle_since()? + usable));
            since.is_none_or(|until| now < until)
        };
        let mut links = self.links.iter().filter(|link| is_usable(link));
        let slot = links.find_map(Link::slot);
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
        for link in &self.links {
            if let Some(idle) = link.closed_after() {
                self.keep_alive.closed(idle);
            } else if let Some(since) = link.idle_since().filter(|_| link.is_open()) {
                self.keep_alive.kept(now.saturating_duration_since(since));
            }
        }
    }

    /// The server has closed a connection that was idle for so long, and has not said so before.
    ///
    /// Either it closes those that are idle for so long, which is not so if it has kept the same one
    /// for longer before; or it takes so many requests of each, which is believed if it has done so
    /// twice. After one request nobody can tell, and to be idle for less is right in any case.
    fn closed(&mut self, connection: &Http1, idle: Duration) {
        let was_kept = connection.was_kept_for(idle);
        if !was_kept {
            self.keep_alive.closed(idle);
        }
        let taken = connection.carried();
        if (was_kept || idle < AT_ONCE) && taken > 1 && self.taken.replace(taken) == Some(taken) {
            self.max_requests = Some((taken, Instant::now() + BELIEVED));
            self.keep_alive.forget_closed();
        }
    }

    /// How many requests the server is believed to take of a connection.
    fn max_requests(&self, now: Instant) -> usize {
        let believed = self.max_requests.filter(|(_, until)| now < *until);
        believed.map_or(usize::MAX, |(requests, _)| requests)
    }

    /// The connection that was used last. For a copy that must not be sent twice, one of which it
    /// is known that the server does not close it now, as far as a few more connections can make
    /// it known.
    fn newest(&mut self, only_once: bool) -> Option<Box<Http1>> {
        let now = Instant::now();
        let oldest = self.http1.front()?.at(now);
        let mut usable = self.keep_alive.usable().unwrap_or(Duration::MAX);
        let promised = usable;
        if only_once && usable == Duration::MAX {
            self.keep_alive.seems_kept(oldest);
            if self.http1.len() < MAX_UNPROVED {
                usable = self.keep_alive.usable_once();
            }
        }
        // What is too old is left to those who close it.
        let newest = self.http1.iter().rposition(|idle| {
            let is_promised = idle.connection.is_promised();
            let usable = if is_promised { promised } else { usable };
            now < idle.until && idle.at(now) < usable
        })?;
        let Idle {
            mut connection,
            since,
            ..
        } = self.http1.remove(newest)?;
        connection.has_rested(now.saturating_duration_since(since));
        Some(connection)
    }

    pub(super) fn share(&mut self, link: Arc<Link>) {
        self.links.push(link);
    }

    /// Takes out what has been idle for too long, and what is to be looked at.
    ///
    /// Of those that cannot be used any more because the server closes them soon, the oldest stays
    /// and shows whether it still does.
    fn take_old(&mut self) -> Old {
        let now = Instant::now();
        self.learn(now);
        let mut old = Old::default();
        let usable = self.keep_alive.usable().unwrap_or(Duration::MAX);
        let proof = self.keep_alive.proof().unwrap_or(Duration::MAX);
        let mut is_first = true;
        for idle in std::mem::take(&mut self.http1) {
            let is_over = now >= idle.until;
            let shows = idle.at(now) >= usable && std::mem::take(&mut is_first);
            if idle.connection.bell().take_ring() || shows && idle.at(now) >= proof {
                old.doubtful.push(idle);
            } else if is_over || idle.at(now) >= usable && !shows {
                old.http1.push(idle);
            } else {
                self.http1.push_back(idle);
            }
        }
        let is_needed = |link: &Arc<Link>| {
            let idle = link.idle_since();
            link.is_open() && idle.is_none_or(|since| now < since + IDLE_TIMEOUT)
        };
        let (needed, links) = self.links.drain(..).partition(is_needed);
        self.links = needed;
        old.links = links;
        old
    }

    /// Takes note of what became of connections that were looked at, and back those that are still
    /// there. The others are left to be closed.
    fn looked_at(&mut self, doubtful: Vec<Idle>) -> Vec<Idle> {
        let now = Instant::now();
        let (ended, there): (Vec<_>, Vec<_>) = doubtful
            .into_iter()
            .partition(|idle| idle.connection.is_closed());
        for idle in &ended {
            self.closed(&idle.connection, idle.at(now));
        }
        for idle in there {
            self.keep_alive.kept(idle.at(now));
            let place = self
                .http1
                .partition_point(|other| other.since <= idle.since);
            self.http1.insert(place, idle);
        }
        ended
    }

    /// When there is something to close, or to look at. Without a connection there is nothing.
    fn next(&self) -> Option<Instant> {
        let (usable, proof) = (self.keep_alive.usable(), self.keep_alive.proof());
        let next = self.http1.iter().enumerate().map(|(place, idle)| {
            let over = if place == 0 { proof } else { usable };
            over.map_or(idle.until, |over| idle.until.min(idle.since + over))
        });
        match (next.min(), self.links.is_empty()) {
            (next, true) => next,
            (_, false) => Some(Instant::now() + LOOK_AGAIN),
        }
    }
}

impl Idle {
    /// How long it has been idle.
    fn at(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }
}

impl Kept {
    /// A place on a connection of this runtime, or a connection. `only_once` is whether the copy
    /// must not be sent twice.
    pub(super) fn take(&self, only_once: bool) -> Option<Connection> {
        let mut runtimes = self.lock();
        runtimes.get_mut(&Handle::current().id())?.take(only_once)
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
        let mut not_kept = None;
        self.watched(runtime, pool, |here| {
            let idle = Idle {
                connection,
                since: now,
                until,
            };
            if idle.connection.carried() >= here.max_requests(now) {
                not_kept = Some(idle);
                return;
            }
            idle.connection.bell().ring_for(&here.bell);
            here.http1.push_back(idle);
            if here.keep_alive.usable().is_some() {
                // Sooner than it looks again by itself.
                here.bell.notify_one();
            }
        });
        drop(not_kept);
    }

    /// The server has closed a connection that was idle for so long.
    pub(super) fn closed(&self, connection: &Http1, idle: Duration) {
        if let Some(there) = self.lock().get_mut(&connection.runtime()) {
            there.closed(connection, idle);
        }
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
            let watch = Watch {
                pool: Arc::downgrade(pool),
                runtime,
                bell: Arc::clone(&here.bell),
            };
            drop(runtimes);
            // It ends when there is nothing left to close, and with its runtime.
            drop(tokio::spawn(watch.close_what_is_old()));
        }
    }

    fn close_old(&self, runtime: runtime::Id) -> Option<Instant> {
        let mut runtimes = self.lock();
        let here = runtimes.get_mut(&runtime)?;
        let old = here.take_old();
        let doubtful = old.doubtful;
        if doubtful.is_empty() {
            let next = here.next();
            here.watched = next.is_some();
            drop(runtimes);
            // Closing a connection takes a system call, which nobody should wait for.
            drop((old.http1, old.links));
            return next;
        }
        drop(runtimes);
        drop((old.http1, old.links));
        let mut doubtful = doubtful;
        for idle in &mut doubtful {
            // It says so itself if it is closed.
            let _ = idle.connection.has_ended();
        }
        let mut runtimes = self.lock();
        let here = runtimes.get_mut(&runtime)?;
        let ended = here.looked_at(doubtful);
        let next = here.next();
        here.watched = next.is_some();
        drop(runtimes);
        drop(ended);
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
    bell: Arc<Notify>,
}

impl Watch {
    async fn close_what_is_old(mut self) {
        while let Some(next) = self.close_old() {
            let look_again = next.min(Instant::now() + LOOK_AGAIN);
            drop(timeout_at(look_again, self.bell.notified()).await);
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
