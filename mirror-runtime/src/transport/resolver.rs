//! Looking up the hosts of targets, away from tokio's blocking pool.
//!
//! A look-up blocks a thread for as long as a dead resolver takes, and goes on when the copy that asked has given up.
//! In tokio's pool, look-ups would pile up in front of the primary's own `spawn_blocking`. Here each host has at most one
//! look-up at a time, for which every copy waits that needs the host, and a few threads make the look-ups of all hosts.

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

/// How long addresses are used before they are looked up again. The system's resolver does not tell how long they are
/// valid; ten seconds follow a moved shadow soon, and make a look-up rare.
const FRESH: Duration = Duration::from_secs(10);

/// How long a failed look-up is not repeated.
const FRESH_FAILURE: Duration = Duration::from_secs(1);

/// How long it is remembered that the look-up of a host failed. Longer than a circuit stays open, so that a host that is asked
/// for once in a cooldown is known.
const REMEMBERED: Duration = Duration::from_mins(1);

/// Threads that look up at once. A look-up takes milliseconds and is good for ten seconds, so one thread would do for
/// hundreds of hosts; the others are for those whose name server does not respond, which takes the system ten seconds and
/// more.
const MAX_THREADS: usize = 4;

/// How many of them look up hosts whose last look-up failed. One is left for all other hosts, however many there are of those
/// and however long they take.
const MAX_DOUBTFUL: usize = MAX_THREADS - 1;

/// Hosts that wait for one of the threads, each of them once. As many as there are copies in flight by default; a program has
/// fewer targets than that.
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

    /// The look-up of a host that is under way or still fresh, or else a new one. `None` if too many wait.
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
            // Nobody would ever look: the copies that wait fail with a DNS error, and the next one tries again.
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

    /// Starts a thread that looks up what waits, one host after another; `false` if the system has none to give.
    fn start_thread(&self) -> bool {
        let resolver = self.clone();
        let thread = thread::Builder::new().name("mirror-dns".to_owned());
        let work = move || {
            let mut next = resolver.begin();
            while let Some(job) = next {
                // A panic, which the system's look-up has none of, must not take the thread from the hosts that wait.
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
mod tests {
    use std::sync::{
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    };

    use super::*;

    /// Long enough for a machine that is busy; a test that waits for it fails.
    const AT_MOST: Duration = Duration::from_mins(1);

    fn here() -> Vec<SocketAddr> {
        vec![SocketAddr::from(([127, 0, 0, 1], 0))]
    }

    fn hosts(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("host-{number}")).collect()
    }

    /// A resolver whose name server does not respond about some hosts until it is told to.
    ///
    /// What it says at last is an error.
    struct Dead {
        resolver: Resolver,
        /// Each host whose look-up has begun.
        begun: mpsc::Receiver<String>,
        /// Lets one look-up of a dead host end, or all if it is dropped.
        respond: mpsc::Sender<()>,
        /// Look-ups that were under way at once, at most.
        most: Arc<AtomicUsize>,
    }

    impl Dead {
        fn about(is_dead: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
            let (starts, begun) = mpsc::channel();
            let (respond, responds) = mpsc::channel();
            let responds = Mutex::new(responds);
            let (under_way, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
            let at_most = Arc::clone(&most);
            let look_up = move |host: &str| {
                at_most.fetch_max(under_way.fetch_add(1, SeqCst) + 1, SeqCst);
                let _ = starts.send(host.to_owned());
                let is_dead = is_dead(host);
                if is_dead {
                    let _ = responds.lock().unwrap().recv();
                }
                under_way.fetch_sub(1, SeqCst);
                if is_dead {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Ok(here())
            };
            let ages = Ages {
                fresh_failure: Duration::ZERO,
                fresh: AT_MOST,
                remembered: AT_MOST,
            };
            Self {
                resolver: Resolver::keeping(look_up, ages),
                begun,
                respond,
                most,
            }
        }

        /// The next hosts whose look-ups begin, in order.
        fn begin(&self, count: usize) -> Vec<String> {
            let begin = || self.begun.recv_timeout(AT_MOST).unwrap();
            std::iter::repeat_with(begin).take(count).collect()
        }
    }

    async fn resolved(resolver: &Resolver, host: &str) -> Result<Vec<SocketAddr>, DnsError> {
        let found = tokio::time::timeout(AT_MOST, resolver.resolve(host));
        found.await.expect("the look-up ends")
    }

    #[tokio::test]
    async fn a_host_is_looked_up_once() {
        let resolver = Resolver::new(|host| (host, 0).to_socket_addrs().map(Iterator::collect));
        let first = resolver.look_up("localhost").unwrap();
        let second = resolver.look_up("localhost").unwrap();
        assert!(first.same_channel(&second));
        let addresses = resolved(&resolver, "localhost").await.unwrap();
        assert!(
            addresses
                .into_iter()
                .all(|address| address.ip().is_loopback())
        );
        assert!(resolver.look_up("localhost").unwrap().same_channel(&first));
    }

    #[tokio::test]
    async fn an_unknown_host_is_a_dns_error() {
        assert!(resolve("no-such-host.invalid").await.is_err());
    }

    #[tokio::test]
    async fn few_threads_look_up_many_hosts_and_the_rest_wait_in_line() {
        let dead = Dead::about(|_| true);
        let hosts = hosts(100);
        for host in hosts.iter().chain(&hosts) {
            dead.resolver.look_up(host).unwrap();
        }
        let mut begun = dead.begin(MAX_THREADS);
        for _ in MAX_THREADS..hosts.len() {
            dead.respond.send(()).unwrap();
            begun.extend(dead.begin(1));
        }
        // Each once, though each was asked for twice, and none before one that was asked for long before.
        for (place, host) in begun.iter().enumerate() {
            let asked = hosts.iter().position(|asked| asked == host).unwrap();
            assert!(asked.abs_diff(place) < MAX_THREADS, "{begun:?}");
        }
        begun.sort();
        begun.dedup();
        assert_eq!(begun.len(), hosts.len());
        drop(dead.respond);
        for host in &hosts {
            assert!(resolved(&dead.resolver, host).await.is_err());
        }
        assert_eq!(dead.most.load(SeqCst), MAX_THREADS);
    }

    #[tokio::test]
    async fn hosts_that_hang_leave_a_thread_to_the_others() {
        let dead = Dead::about(|host| host.starts_with("dead"));
        let hanging: Vec<_> = (1..MAX_THREADS)
            .map(|number| dead.resolver.look_up(&format!("dead-{number}")).unwrap())
            .collect();
        dead.begin(hanging.len());
        for host in hosts(100) {
            assert!(resolved(&dead.resolver, &host).await.is_ok());
        }
        assert!(hanging.iter().all(|look_up| look_up.borrow().is_none()));
        // Nobody has to wait for the end of the longest look-up for a thread to be given back.
        drop(dead.respond);
        for mut look_up in hanging {
            let ended = tokio::time::timeout(AT_MOST, look_up.changed()).await;
            ended.expect("the look-up ends").unwrap();
        }
    }

    #[tokio::test]
    async fn hosts_that_hang_again_and_again_leave_a_thread_to_the_others() {
        let dead = Dead::about(|host| host.starts_with("dead"));
        let failing: Vec<_> = (0..3 * MAX_THREADS)
            .map(|number| format!("dead-{number}"))
            .collect();
        let look_up = || failing.iter().map(|host| dead.resolver.look_up(host));
        let first: Vec<_> = look_up().collect();
        for _ in &failing {
            dead.respond.send(()).unwrap();
        }
        for found in first {
            let mut found = found.unwrap();
            let ended = tokio::time::timeout(AT_MOST, found.wait_for(Option::is_some));
            assert!(ended.await.expect("the look-up ends").is_ok());
        }
        dead.begin(failing.len());
        // Now they are known for it.
        assert!(look_up().all(|found| found.is_some()));
        dead.begin(MAX_DOUBTFUL);
        for host in hosts(100) {
            assert!(resolved(&dead.resolver, &host).await.is_ok());
        }
        assert_eq!(dead.begin(100), hosts(100));
        drop(dead.respond);
        for host in &failing {
            assert!(resolved(&dead.resolver, host).await.is_err());
        }
    }

    #[tokio::test]
    async fn beyond_so_many_that_wait_a_look_up_fails_at_once() {
        let dead = Dead::about(|_| true);
        let hosts = hosts(MAX_THREADS + MAX_WAITING);
        for host in &hosts[..MAX_THREADS] {
            dead.resolver.look_up(host).unwrap();
        }
        dead.begin(MAX_THREADS);
        for host in &hosts[MAX_THREADS..] {
            dead.resolver.look_up(host).unwrap();
        }
        let error = resolved(&dead.resolver, "one-too-many").await.unwrap_err();
        assert!(error.to_string().contains("too many"), "{error}");
        assert!(
            dead.resolver.look_up(&hosts[0]).is_some(),
            "it is under way"
        );
        drop(dead.respond);
        assert!(resolved(&dead.resolver, &hosts[MAX_WAITING]).await.is_err());
    }

    #[tokio::test]
    async fn what_is_old_is_looked_up_again_and_forgotten_if_nobody_asks() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let look_up = move |host: &str| {
            if host == "unknown" {
                return Err(io::Error::other("no such host"));
            }
            counted.fetch_add(1, SeqCst);
            Ok(here())
        };
        let ages = Ages {
            fresh: Duration::ZERO,
            fresh_failure: Duration::ZERO,
            remembered: Duration::ZERO,
        };
        let resolver = Resolver::keeping(look_up, ages);
        for asked in 1..=3 {
            assert!(resolved(&resolver, "unknown").await.is_err());
            assert!(resolved(&resolver, "moved").await.is_ok());
            assert_eq!(count.load(SeqCst), asked);
            let hosts = resolver.state().hosts.keys().cloned().collect::<Vec<_>>();
            assert_eq!(hosts, ["moved"]);
        }
    }

    #[tokio::test]
    async fn a_look_up_that_panics_fails_its_copies_and_no_others() {
        let resolver = Resolver::new(|host| {
            assert_ne!(host, "panic", "as the test wants it");
            Ok(here())
        });
        for _ in 0..2 * MAX_THREADS {
            assert!(resolved(&resolver, "panic").await.is_err());
            assert!(resolved(&resolver, "host").await.is_ok());
        }
    }
}
