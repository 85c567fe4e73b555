//! What keeps a test waiting that looks at the copies of its runtime.

#[cfg(feature = "testing")]
use std::{
    any::Any,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

#[cfg(feature = "testing")]
use tokio::runtime::{self, Handle};

/// Something under way on this runtime. If a test watches the runtime, it waits until this is
/// dropped.
///
/// Without the feature `testing` there is nobody to wait, and this is nothing at all.
#[derive(Debug)]
pub(crate) struct Hold {
    #[cfg(feature = "testing")]
    watcher: Option<Watched>,
}

#[cfg(not(feature = "testing"))]
impl Hold {
    pub(crate) const fn here() -> Self {
        Self {}
    }

    /// Keeps the test waiting no longer.
    #[expect(
        clippy::unused_self,
        reason = "with the feature `testing` it is dropped here"
    )]
    pub(crate) const fn end(self) {}
}

#[cfg(feature = "testing")]
impl Hold {
    /// On the current runtime.
    pub(crate) fn here() -> Self {
        Self {
            watcher: Watched::here(),
        }
    }

    /// Who waits, if it is one of this kind.
    pub(crate) fn watcher<W: Watcher>(&self) -> Option<Arc<W>> {
        let watcher: Arc<dyn Any + Send + Sync> = self.watcher.as_ref()?.0.clone();
        watcher.downcast().ok()
    }

    /// Keeps the test waiting no longer.
    pub(crate) fn end(self) {
        drop(self);
    }
}

/// Who waits for what is under way on a runtime.
#[cfg(feature = "testing")]
pub(crate) trait Watcher: Any + Send + Sync {
    /// Something is under way.
    fn enter(&self);

    /// It is no more.
    fn leave(&self);
}

/// How many watchers there are: all that programs without one look at.
#[cfg(feature = "testing")]
static COUNT: AtomicUsize = AtomicUsize::new(0);

#[cfg(feature = "testing")]
static WATCHERS: Mutex<Vec<(runtime::Id, Arc<dyn Watcher>)>> = Mutex::new(Vec::new());

#[cfg(feature = "testing")]
fn watchers() -> MutexGuard<'static, Vec<(runtime::Id, Arc<dyn Watcher>)>> {
    WATCHERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to watch a runtime; `false` if another does already.
#[cfg(feature = "testing")]
pub(crate) fn watch(runtime: runtime::Id, watcher: Arc<dyn Watcher>) -> bool {
    let mut all = watchers();
    if all.iter().any(|(other, _)| *other == runtime) {
        return false;
    }
    all.push((runtime, watcher));
    COUNT.store(all.len(), Relaxed);
    true
}

/// Watches a runtime no more.
#[cfg(feature = "testing")]
pub(crate) fn unwatch(runtime: runtime::Id) {
    let mut all = watchers();
    all.retain(|(other, _)| *other != runtime);
    COUNT.store(all.len(), Relaxed);
}

/// A watcher that waits for what holds this.
#[cfg(feature = "testing")]
struct Watched(Arc<dyn Watcher>);

#[cfg(feature = "testing")]
impl Watched {
    fn here() -> Option<Self> {
        if COUNT.load(Relaxed) == 0 {
            return None;
        }
        let runtime = Handle::try_current().ok()?.id();
        let all = watchers();
        let (_, watcher) = all.iter().find(|(id, _)| *id == runtime)?;
        watcher.enter();
        Some(Self(Arc::clone(watcher)))
    }
}

#[cfg(feature = "testing")]
impl Drop for Watched {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(feature = "testing")]
impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}
