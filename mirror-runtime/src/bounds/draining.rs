//! Whether the program is ending: no copies leave then, and those under way may be given up.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use tokio::sync::{Notify, futures::Notified};

/// Copies that were given up since the program began. Locked while one of them stops being under
/// way, so that who counts sees it there or here.
static GIVEN_UP: Mutex<usize> = Mutex::new(0);

static DRAINS: AtomicUsize = AtomicUsize::new(0);
/// Tells those who drain that a copy has ended.
static ENDED: Notify = Notify::const_new();
/// Tells copies under way to end.
static CUT: Notify = Notify::const_new();

/// A copy that was given up is under way no longer, once it has left.
pub(super) fn given_up(leave: impl FnOnce()) {
    let mut given_up = lock_given_up();
    *given_up += 1;
    leave();
}

/// The copies that were given up, of which none leaves as long as this is held.
pub(crate) fn lock_given_up() -> MutexGuard<'static, usize> {
    GIVEN_UP.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn is_draining() -> bool {
    DRAINS.load(SeqCst) > 0
}

/// A copy or a comparison has ended, and is no longer counted.
pub(crate) fn ended() {
    if is_draining() {
        ENDED.notify_waiters();
    }
}

/// Resolves when something has ended, from the moment this is first polled or enabled.
pub(crate) fn next_end() -> Notified<'static> {
    ENDED.notified()
}

/// Resolves when copies under way are to be given up, from the moment this is called.
pub(crate) fn cut() -> Notified<'static> {
    CUT.notified()
}

/// Has all copies that are under way give up.
pub(crate) fn cut_all() {
    CUT.notify_waiters();
}

/// While it lives no copies leave.
pub(crate) struct Draining(());

impl Draining {
    pub(crate) fn start() -> Self {
        DRAINS.fetch_add(1, SeqCst);
        Self(())
    }
}

impl Drop for Draining {
    fn drop(&mut self) {
        DRAINS.fetch_sub(1, SeqCst);
    }
}
