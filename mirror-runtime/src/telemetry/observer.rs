//! The subscribers.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use super::{Event, EventKind};
use crate::outcome::SkipReason;

/// Observes the events of the requests of a mirror, or of all mirrors of the process: see
/// [`MirrorBuilder::observer`](crate::MirrorBuilder::observer) and [`observe`](crate::observe).
///
/// Each event is counted before observers are called, so [`Mirror::stats`](crate::Mirror::stats)
/// includes it. Panics are caught and logged.
///
/// ```
/// use mirror_runtime::{Event, EventKind, Mirror, Observer};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn observe(&self, event: &Event<'_>) {
///         if let EventKind::Ended { outcome: Err(error), .. } = event.kind {
///             eprintln!("{} -> {}: {error}", event.mirror, event.target);
///         }
///     }
/// }
///
/// let mirror = Mirror::builder().target("https://staging.example.com").observer(Log).build()?;
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Called for each event that is [of interest](Self::is_of_interest), on a thread of the
    /// mirrors' own, one call at a time, in the order of the events.
    ///
    /// It may block: only other observers, which share two threads, wait for it. If 1,024 events
    /// are waiting for an observer, further ones are dropped (logged). [`drain`](crate::drain)
    /// waits for the calls.
    fn observe(&self, event: &Event<'_>);

    /// Whether [`observe`](Self::observe) is to be called. Every event but
    /// [`NotSampled`](crate::SkipReason::NotSampled) and
    /// [`SwitchedOff`](crate::SkipReason::SwitchedOff), unless an observer says otherwise.
    ///
    /// **Called at once, on the request path** or on the task of the copy. It must not block, and
    /// should do next to nothing, such as incrementing a counter. Only events of interest allocate
    /// memory.
    fn is_of_interest(&self, event: &Event<'_>) -> bool {
        !matches!(
            event.kind,
            EventKind::NotSent {
                reason: SkipReason::NotSampled | SkipReason::SwitchedOff
            }
        )
    }
}

/// One observer for several mirrors, or one that its program looks into.
impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn observe(&self, event: &Event<'_>) {
        (**self).observe(event);
    }

    fn is_of_interest(&self, event: &Event<'_>) -> bool {
        (**self).is_of_interest(event)
    }
}

/// The observers of all mirrors.
static OBSERVERS: RwLock<Option<Observers>> = RwLock::new(None);

/// Whether there are some: all that programs without them look at.
static ARE_THERE: AtomicBool = AtomicBool::new(false);

pub(crate) type Observers = Arc<[Arc<dyn Observer>]>;

/// Adds an observer of the requests of every mirror of the process, from now on.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use mirror_runtime::{Event, EventKind, Observer};
///
/// static SENT: AtomicU64 = AtomicU64::new(0);
///
/// struct Metrics;
///
/// impl Observer for Metrics {
///     fn observe(&self, _: &Event<'_>) {}
///
///     fn is_of_interest(&self, event: &Event<'_>) -> bool {
///         if let EventKind::Sent { .. } = event.kind {
///             SENT.fetch_add(1, Relaxed);
///         }
///         false
///     }
/// }
///
/// mirror_runtime::observe(Metrics);
/// ```
pub fn observe(observer: impl Observer) {
    let mut all = OBSERVERS.write().unwrap_or_else(PoisonError::into_inner);
    let others = all.iter().flat_map(|others| others.iter().cloned());
    let observer: Arc<dyn Observer> = Arc::new(observer);
    *all = Some(others.chain([observer]).collect());
    ARE_THERE.store(true, Relaxed);
}

/// Whether any observer is told of all mirrors.
pub(super) fn are_there() -> bool {
    ARE_THERE.load(Relaxed)
}

/// The observers of all mirrors. Not locked while they are called: one of them may add another.
pub(super) fn of_all() -> Option<Observers> {
    let all = OBSERVERS.read().unwrap_or_else(PoisonError::into_inner);
    all.clone()
}
