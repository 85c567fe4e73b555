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
    // Each once, though each was asked for twice, and none before one that was asked for long
    // before.
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
