//! What pages and machines are given: snapshots, and once a second what has changed.
//!
//! One thread looks: every five seconds for the sake of the last minutes, and once a second while
//! somebody listens, whoever that is. It ends when the routers are gone.

use std::{
    collections::BTreeMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use mirror_runtime::Mirror;
use tokio::sync::{Semaphore, watch};

use crate::{
    fleet::{Fleet, FleetMirror},
    past::{Past, STEP},
    program::{self, Listed},
    snapshot::{Snapshot, VERSION},
    take::{self, Detail},
};

/// How often somebody who listens is told.
const TICK: Duration = Duration::from_secs(1);

/// A mirror that has changed in the last minute is taken again after so many seconds, because its
/// rate goes down as time goes by.
const AGAIN: u64 = 10;

/// The same of one that has stood still for longer: its verdict may turn because time goes by.
const MUCH_LATER: u64 = 60;

/// How long a snapshot waits for what the fleet says, of all mirrors together.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long it waits for each of them at least.
const LEAST: Duration = Duration::from_millis(1);

/// How many listen at once. A page has one stream for each tab that is seen.
const STREAMS: usize = 16;

/// What the routers of a [`Dashboard`](crate::Dashboard) share.
pub(crate) struct Feed {
    shared: Arc<Shared>,
    watcher: Option<thread::Thread>,
}

struct Shared {
    process: String,
    fleet: Option<Arc<dyn Fleet>>,
    past: Mutex<Past>,
    looked: Mutex<Looked>,
    tick: watch::Sender<Arc<Tick>>,
    /// One permit for each stream.
    streams: Arc<Semaphore>,
    is_over: AtomicBool,
}

/// The state of all mirrors at one moment.
#[derive(Debug, Default)]
pub(crate) struct Tick {
    /// Counts how often somebody looked.
    pub(crate) number: u64,
    pub(crate) taken_unix_ms: u64,
    /// By name: when it has changed last, and what it was then, as JSON.
    pub(crate) mirrors: BTreeMap<String, (u64, Arc<str>)>,
}

impl Tick {
    /// The mirrors that have changed since an event, or all of them.
    pub(crate) fn since(&self, seen: Option<u64>) -> impl Iterator<Item = &str> {
        let mirrors = self.mirrors.values();
        let new = mirrors.filter(move |(changed, _)| seen.is_none_or(|seen| *changed > seen));
        new.map(|(_, mirror)| &**mirror)
    }
}

/// What was seen when somebody looked last.
#[derive(Default)]
struct Looked {
    tick: Arc<Tick>,
    mirrors: BTreeMap<String, Known>,
}

/// When a mirror was taken, and what it was like then.
struct Known {
    print: Fingerprint,
    /// Whether it was another the time before. What is counted with it may have come later.
    has_moved: bool,
    moved: Instant,
    taken: Instant,
}

impl Feed {
    pub(crate) fn new(fleet: Option<Arc<dyn Fleet>>) -> Self {
        let shared = Arc::new(Shared {
            process: format!("{:016x}", RandomState::new().hash_one(0)),
            fleet,
            past: Mutex::default(),
            looked: Mutex::default(),
            tick: watch::Sender::new(Arc::default()),
            streams: Arc::new(Semaphore::new(STREAMS)),
            is_over: AtomicBool::new(false),
        });
        // Here, and not on the thread: the windows begin before the router is there.
        shared.past().step(&program::mirrors(), Instant::now());
        let of_thread = Arc::clone(&shared);
        let watcher = thread::Builder::new().name("mirror-dashboard".to_owned());
        let watcher = watcher.spawn(move || of_thread.watch());
        if let Err(error) = &watcher {
            tracing::error!(%error, "no thread for the dashboard: its page does not move");
        }
        Self {
            shared,
            watcher: watcher.ok().map(|watcher| watcher.thread().clone()),
        }
    }

    /// The process, as a random word.
    pub(crate) fn process(&self) -> &str {
        &self.shared.process
    }

    /// All mirrors, or one. `None` if there is none of that name.
    pub(crate) fn snapshot(&self, name: Option<&str>, detail: Detail) -> Option<Snapshot> {
        let mut mirrors = program::mirrors();
        if let Some(name) = name {
            mirrors.retain(|listed| listed.name == name);
            if mirrors.is_empty() {
                return None;
            }
        }
        let end = Instant::now() + PATIENCE;
        // Taken one by one, so that the thread never waits for all of them.
        let taken = mirrors.into_iter().map(|listed| {
            let left = end.saturating_duration_since(Instant::now());
            // Who has no patience left is told so, and not given what was known before.
            let left = left.max(LEAST);
            let fleet = self.shared.of_fleet(&listed, left);
            take::mirror(listed, &self.shared.past(), fleet.as_ref(), detail)
        });
        Some(Snapshot {
            version: VERSION,
            process: self.process().to_owned(),
            taken_unix_ms: program::unix_ms(SystemTime::now()),
            mirrors: taken.collect(),
        })
    }

    /// The summaries of all mirrors by now. Of those that stand still they are those that were taken
    /// last. `None` with a fleet, which is to be asked, and waited for.
    pub(crate) fn summaries(&self) -> Option<Arc<Tick>> {
        self.shared.fleet.is_none().then(|| self.shared.look())
    }

    /// A place among those who listen, if there is one, and the ticks.
    pub(crate) fn listen(&self) -> Option<(tokio::sync::OwnedSemaphorePermit, Ticks)> {
        let streams = Arc::clone(&self.shared.streams);
        let permit = streams.try_acquire_owned().ok()?;
        // At once, and not after what is left of the second.
        if let Some(watcher) = &self.watcher {
            watcher.unpark();
        }
        Some((permit, self.shared.tick.subscribe()))
    }
}

/// The state of all mirrors, once a second.
pub(crate) type Ticks = watch::Receiver<Arc<Tick>>;

impl Drop for Feed {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Relaxed);
        if let Some(watcher) = &self.watcher {
            watcher.unpark();
        }
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

impl Shared {
    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the fleet says of a mirror, if the process is in one.
    fn of_fleet(&self, listed: &Listed, patience: Duration) -> Option<FleetMirror> {
        let fleet = self.fleet.as_ref()?;
        Some(fleet.mirror(&listed.name, patience))
    }

    fn is_heard(&self) -> bool {
        self.streams.available_permits() < STREAMS
    }

    /// The thread.
    fn watch(&self) {
        let mut next_step = Instant::now() + STEP;
        let mut next_tick = Instant::now();
        while !self.is_over.load(Relaxed) {
            let now = Instant::now();
            if now >= next_step {
                next_step = now + STEP;
                self.past().step(&program::mirrors(), now);
            }
            if self.is_heard() && now >= next_tick {
                next_tick = now + TICK;
                let tick = self.look();
                self.tick.send_replace(tick);
            }
            let next = if self.is_heard() {
                next_tick.min(next_step)
            } else {
                next_step
            };
            thread::park_timeout(next.saturating_duration_since(Instant::now()));
        }
    }

    /// Looks at all mirrors, and takes those that have changed.
    fn look(&self) -> Arc<Tick> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = Arc::clone(&looked.tick);
        let number = before.number + 1;
        // What happens in other processes is seen by asking for it.
        let has_fleet = self.fleet.is_some();
        let mut tick = Tick {
            number,
            taken_unix_ms: program::unix_ms(SystemTime::now()),
            mirrors: BTreeMap::new(),
        };
        let mut known = BTreeMap::new();
        for (index, listed) in (0..).zip(program::mirrors()) {
            let name = listed.name.clone();
            let (seen, is_due) = Known::new(&listed, looked.mirrors.get(&name), index, has_fleet);
            let entry = match before.mirrors.get(&name) {
                Some(old) if !is_due => old.clone(),
                old => {
                    let fleet = self.of_fleet(&listed, Duration::ZERO);
                    let past = self.past();
                    let taken = take::mirror(listed, &past, fleet.as_ref(), Detail::default());
                    drop(past);
                    let json = serde_json::to_string(&taken).unwrap_or_default();
                    match old {
                        Some(old) if *old.1 == *json => old.clone(),
                        _ => (number, json.into()),
                    }
                }
            };
            known.insert(name.clone(), seen);
            tick.mirrors.insert(name, entry);
        }
        let tick = Arc::new(tick);
        *looked = Looked {
            tick: Arc::clone(&tick),
            mirrors: known,
        };
        tick
    }
}

impl Known {
    /// What a mirror is like now, and whether it is to be taken. Its place among all mirrors sees to
    /// it that not all of them are taken at once.
    fn new(listed: &Listed, before: Option<&Self>, place: u64, has_fleet: bool) -> (Self, bool) {
        let now = Instant::now();
        let print = Fingerprint::new(listed);
        let Some(before) = before else {
            let known = Self {
                print,
                has_moved: true,
                moved: now,
                taken: now,
            };
            return (known, true);
        };
        let differs = before.print != print;
        let moved = if differs { now } else { before.moved };
        let stands_still = now.saturating_duration_since(moved) >= Duration::from_secs(MUCH_LATER);
        let again = if has_fleet || !stands_still {
            AGAIN
        } else {
            MUCH_LATER
        };
        let patience = Duration::from_secs(again + place % again);
        let is_due =
            differs || before.has_moved || now.saturating_duration_since(before.taken) >= patience;
        let known = Self {
            print,
            has_moved: differs,
            moved,
            taken: if is_due { now } else { before.taken },
        };
        (known, is_due)
    }
}

/// What of a mirror is looked at each time. If it is as before, so is the rest.
#[derive(Debug, PartialEq)]
struct Fingerprint {
    /// `None` of a mirror without traffic.
    activity: Option<u64>,
    switch: crate::snapshot::Switch,
    shares: BTreeMap<String, crate::snapshot::Share>,
}

impl Fingerprint {
    fn new(listed: &Listed) -> Self {
        Self {
            activity: listed.mirror.as_ref().map(Mirror::activity),
            switch: listed.switch.clone(),
            shares: listed.shares.clone(),
        }
    }
}
