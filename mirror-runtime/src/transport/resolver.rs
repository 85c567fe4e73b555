//! Looking up the hosts of targets, away from tokio's blocking pool.
//!
//! A look-up blocks a thread for as long as a dead resolver takes, and goes on when the copy that
//! asked has given up. In tokio's pool, look-ups would pile up in front of the primary's own
//! `spawn_blocking`. Here each host has at most one look-up at a time, for which every copy waits
//! that needs the host, and a few threads make the look-ups of all hosts.

use std::{
    collections::{HashMap, VecDeque},
    fmt, io,
    net::{SocketAddr, ToSocketAddrs},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::watch;

/// How long addresses are used before they are looked up again. The system's resolver does not tell
/// how long they are valid; ten seconds follow a moved shadow soon, and make a look-up rare.
const FRESH: Duration = Duration::from_secs(10);

/// How long a failed look-up is not repeated.
const FRESH_FAILURE: Duration = Duration::from_secs(1);

/// How long it is remembered that the look-up of a host failed. Longer than a circuit stays open,
/// so that a host that is asked for once in a cooldown is known.
const REMEMBERED: Duration = Duration::from_mins(1);

/// Threads that look up at once. A look-up takes milliseconds and is good for ten seconds, so one
/// thread would do for hundreds of hosts; the others are for those whose name server does not
/// respond, which takes the system ten seconds and more.
const MAX_THREADS: usize = 4;

/// How many of them look up hosts whose last look-up failed. One is left for all other hosts,
/// however many there are of those and however long they take.
const MAX_DOUBTFUL: usize = MAX_THREADS - 1;

/// Hosts that wait for one of the threads, each of them once. As many as there are copies in flight
/// by default; a program has fewer targets than that.
const MAX_WAITING: usize = 1024;

/// A host name was not resolved.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct DnsError(Arc<io::Error>);

impl DnsError {
    fn new(error: io::Error) -> Self {
        Self(Arc::new(error))
    }
}

/// The one resolver of the process, so that no host is looked up twice at a time.
static RESOLVER: LazyLock<Resolver> =
    LazyLock::new(|| Resolver::new(|host| (host, 0).to_socket_addrs().map(Iterator::collect)));

/// The addresses of a host, with port 0.
pub(super) async fn resolve(host: &str) -> Result<Vec<SocketAddr>, DnsError> {
    RESOLVER.resolve(host).await
}

/// The addresses that were found, or the error, and when.
type Found = (Result<Vec<SocketAddr>, DnsError>, Instant);

type LookUp = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

#[derive(Clone)]
struct Resolver(Arc<Shared>);

struct Shared {
    look_up: Box<LookUp>,
    ages: Ages,
    state: Mutex<State>,
}

/// How old what is known of a host may be.
#[derive(Clone, Copy)]
struct Ages {
    fresh: Duration,
    fresh_failure: Duration,
    remembered: Duration,
}

/// A look-up that has not begun.
struct Job {
    host: String,
    sender: watch::Sender<Option<Found>>,
    /// Whether the one before failed.
    is_doubtful: bool,
}

#[derive(Default)]
struct State {
    /// What is known, or about to be. `None` until the look-up ends.
    hosts: HashMap<String, watch::Receiver<Option<Found>>>,
    /// In line for a thread.
    waiting: VecDeque<Job>,
    /// The same for hosts whose last look-up failed.
    doubtful: VecDeque<Job>,
    /// Threads at work.
    threads: usize,
    /// Those of them that look up a host whose last look-up failed.
    on_doubtful: usize,
}

impl State {
    /// The look-up that is next in line.
    fn take(&mut self) -> Option<Job> {
        let job = self.waiting.pop_front().or_else(|| {
            let has_thread = self.on_doubtful < MAX_DOUBTFUL;
            has_thread.then(|| self.doubtful.pop_front()).flatten()
        });
        self.on_doubtful += usize::from(job.as_ref().is_some_and(|job| job.is_doubtful));
        job
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl Resolver {
    fn new(look_up: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static) -> Self {
        let ages = Ages {
            fresh: FRESH,
            fresh_failure: FRESH_FAILURE,
            remembered: REMEMBERED,
        };
        Self::keeping(look_up, ages)
    }

    fn keeping(
        look_up: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
        ages: Ages,
    ) -> Self {
        Self(Arc::new(Shared {
            look_up: Box::new(look_up),
            ages,
            state: Mutex::default(),
        }))
    }

    /// Locked for a moment, never during a look-up and never across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The look-up of a host that is under way or still fresh, or else a new one. `None` if too
    /// many wait.
    fn look_up(&self, host: &str) -> Option<watch::Receiver<Option<Found>>> {
        let mut state = self.state();
        let known = state.hosts.get(host);
        if let Some(usable) = known.filter(|known| self.is_usable(known)) {
            return Some(usable.clone());
        }
        let is_doubtful = known.is_some_and(|known| !matches!(&*known.borrow(), Some((Ok(_), _))));
        // A host that nobody asks for any more goes when another is looked up.
        state.hosts.retain(|_, known| self.is_remembered(known));
        if state.waiting.len() + state.doubtful.len() >= MAX_WAITING {
            return None;
        }
        let (sender, found) = watch::channel(None);
        state.hosts.insert(host.to_owned(), found.clone());
        let line = if is_doubtful {
            &mut state.doubtful
        } else {
            &mut state.waiting
        };
        line.push_back(Job {
            host: host.to_owned(),
            sender,
            is_doubtful,
        });
        if state.threads < MAX_THREADS && self.start_thread() {
            state.threads += 1;
        }
        if state.threads == 0 {
            // Nobody would ever look: the copies that wait fail with a DNS error, and the next one
            // tries again.
            state.waiting.clear();
            state.doubtful.clear();
        }
        Some(found)
    }

    fn is_usable(&self, known: &watch::Receiver<Option<Found>>) -> bool {
        let ages = self.0.ages;
        match &*known.borrow() {
            // A look-up that died without a response has closed its channel.
            None => known.has_changed().is_ok(),
            Some((Ok(_), since)) => since.elapsed() < ages.fresh,
            Some((Err(_), since)) => since.elapsed() < ages.fresh_failure,
        }
    }

    fn is_remembered(&self, known: &watch::Receiver<Option<Found>>) -> bool {
        match &*known.borrow() {
            Some((_, since)) => since.elapsed() < self.0.ages.remembered,
            None => known.has_changed().is_ok(),
        }
    }

    /// Starts a thread that looks up what waits, one host after another; `false` if the system has
    /// none to give.
    fn start_thread(&self) -> bool {
        let resolver = self.clone();
        let thread = thread::Builder::new().name("mirror-dns".to_owned());
        let work = move || {
            let mut next = resolver.begin();
            while let Some(job) = next {
                // A panic, which the system's look-up has none of, must not take the thread from
                // the hosts that wait.
                let look_up = AssertUnwindSafe(|| (resolver.0.look_up)(&job.host));
                if let Ok(found) = catch_unwind(look_up) {
                    let found = (found.map_err(DnsError::new), Instant::now());
                    job.sender.send_replace(Some(found));
                }
                next = resolver.end(&job);
            }
        };
        thread.spawn(work).is_ok()
    }

    /// The first look-up of a thread. Without one, the thread is at its end.
    fn begin(&self) -> Option<Job> {
        let mut state = self.state();
        let next = state.take();
        state.threads -= usize::from(next.is_none());
        next
    }

    /// The look-up after another.
    fn end(&self, job: &Job) -> Option<Job> {
        self.state().on_doubtful -= usize::from(job.is_doubtful);
        self.begin()
    }

    async fn resolve(&self, host: &str) -> Result<Vec<SocketAddr>, DnsError> {
        let failed = |why| Err(DnsError::new(io::Error::other(why)));
        let Some(mut found) = self.look_up(host) else {
            return failed("too many look-ups wait for a name server");
        };
        let found = found.wait_for(Option::is_some).await;
        match found.ok().and_then(|found| found.clone()) {
            Some((found, _)) => found,
            None => failed("the look-up could not be made"),
        }
    }
}

#[cfg(test)]
mod tests;
