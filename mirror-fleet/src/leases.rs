//! Who reads which shard, of those who share a replay: one at a time.
//!
//! Each has a key that it writes again and again, as long as it is there: the one that it has
//! written last, and no other. If a key stands still for too long, others write there that its owner
//! is lost, and its next try fails. So nobody reads a shard of which somebody else believes to be
//! its reader. Each shard has a key with the name of its reader, which is taken in the same way.

mod keeper;
mod share;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::{Client, jetstream::kv::Store};
use tokio::{sync::Notify, task::JoinHandle, time::Instant};

use self::keeper::Keeper;

/// How long it may take to leave.
const LEAVING: Duration = Duration::from_secs(5);

/// A replay that several share.
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) store: Store,
    /// The first parts of its keys.
    pub(crate) prefix: String,
    /// The name of this replayer, which nobody else has.
    pub(crate) me: String,
    /// The names of the shards.
    pub(crate) shards: Vec<String>,
    /// Whoever is not heard of for so long is lost.
    pub(crate) patience: Duration,
}

/// The shards that are this replayer's, and a task that sees to it. It ends when this is dropped;
/// others wait for what was not left before.
pub(crate) struct Leases {
    state: Arc<Told>,
    keeper: JoinHandle<()>,
    patience: Duration,
}

/// What the keeper and the reader tell one another.
#[derive(Default)]
struct Told {
    state: Mutex<State>,
    /// For the reader.
    changed: Notify,
    /// For the keeper.
    wake: Notify,
}

#[derive(Default)]
pub(crate) struct State {
    /// The shards that are read here, each with how often a reader of it was lost.
    pub(crate) held: BTreeMap<usize, u32>,
    /// So many of them are to be left.
    pub(crate) leave: usize,
    /// As long, they are nobody else's for sure.
    until: Option<Instant>,
    /// Others have taken this one for lost.
    pub(crate) is_lost: bool,
    /// Since when something fails, and why.
    troubles: BTreeMap<Doing, (Instant, String)>,
    /// What has come to its end is nobody's.
    pub(crate) over: BTreeSet<usize>,
    /// Of the held ones, those that are free for others.
    pub(crate) let_go: BTreeSet<usize>,
    is_ending: bool,
}

/// What may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    SayHere,
    Watch,
    Take,
}

impl Told {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leases {
    pub(crate) fn start(shared: Shared) -> Self {
        let state = Arc::<Told>::default();
        let patience = shared.patience;
        let keeper = Keeper::new(shared, Arc::clone(&state));
        Self {
            state,
            keeper: tokio::spawn(keeper.run()),
            patience,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Tells the keeper that something is to be done.
    pub(crate) fn wake(&self) {
        self.state.wake.notify_one();
    }

    /// Waits until something is different.
    pub(crate) async fn changed(&self) {
        self.state.changed.notified().await;
    }

    /// Whether what is held is nobody else's.
    pub(crate) fn is_sure(&self) -> bool {
        let state = self.lock();
        let is_in_time = state.until.is_some_and(|until| Instant::now() < until);
        is_in_time && !state.is_lost
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// What has failed for so long.
    pub(crate) fn trouble(&self, longest: Duration) -> Option<String> {
        let state = self.lock();
        let mut troubles = state.troubles.values();
        let trouble = troubles.find(|(since, _)| since.elapsed() >= longest);
        trouble.map(|(_, reason)| reason.clone())
    }

    /// Lets all go at once, and says so.
    pub(crate) async fn leave(&mut self) {
        self.lock().is_ending = true;
        self.wake();
        // If it takes longer, others wait.
        let _ = tokio::time::timeout(LEAVING, &mut self.keeper).await;
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl fmt::Debug for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leases")
            .field("held", &self.lock().held.len())
            .finish_non_exhaustive()
    }
}
