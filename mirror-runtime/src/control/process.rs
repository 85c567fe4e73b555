//! The table of the process, and the thread that waits for what ends.

use std::{
    mem,
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, SystemTime},
};

use super::{
    entry::{Configured, MirrorEntry, Place, entries},
    environment::Setting,
    report::{Notice, log_all},
    switch::Switched,
    table::{Made, Table},
};

/// The clock may be set, and a computer may sleep. After either, what has ended is off this late
/// at most.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Locked for moments, and never while code of the user's runs.
static PROCESS: LazyLock<Mutex<Process>> = LazyLock::new(|| Mutex::new(Process::new()));

/// Something may end earlier than what is waited for.
static CHANGED: Condvar = Condvar::new();

struct Process {
    table: Table,
    /// Whether a thread waits for the next end. There is one for as long as something is to end.
    has_timer: bool,
}

impl Process {
    fn new() -> Self {
        let table = Table::new(Setting::read(), entries(), SystemTime::now());
        let has_timer = false;
        Self { table, has_timer }
    }

    /// Sees to it that the next end is not missed.
    fn await_end(&mut self, before: Option<SystemTime>) {
        let next = self.table.next_end;
        if next.is_none() || (next == before && self.has_timer) {
            return;
        }
        if self.has_timer {
            CHANGED.notify_one();
            return;
        }
        let thread = thread::Builder::new().name("mirror-control".to_owned());
        self.has_timer = thread.spawn(wait).is_ok();
        if !self.has_timer && next != before {
            self.table.notices.push(Notice::NoTimer);
        }
    }
}

fn lock() -> MutexGuard<'static, Process> {
    PROCESS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at the table, or changes it, and tells the log what came of it.
pub(super) fn with<T>(act: impl FnOnce(&mut Table, SystemTime) -> T) -> T {
    let mut process = lock();
    let now = SystemTime::now();
    let before = process.table.next_end;
    process.table.end(now);
    let value = act(&mut process.table, now);
    process.await_end(before);
    let notices = mem::take(&mut process.table.notices);
    let kept = mem::take(&mut process.table.kept);
    drop(process);
    drop(kept);
    log_all(notices);
    value
}

/// The thread that waits.
fn wait() {
    loop {
        let next = with(|table, _| table.next_end);
        let mut process = lock();
        if process.table.next_end.is_none() {
            process.has_timer = false;
            return;
        }
        let Some(next) = next else {
            continue;
        };
        let left = next.duration_since(SystemTime::now()).unwrap_or_default();
        let still = |process: &mut Process| process.table.next_end == Some(next);
        let waited = CHANGED.wait_timeout_while(process, left.min(LONGEST_WAIT), still);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Reads the environment, if that was not done yet.
pub(crate) fn read_environment() {
    with(|_, _| ());
}

/// Whether nothing leaves this process for now, so that nothing need be said of where it would go.
pub(crate) fn is_isolated() -> bool {
    with(|table, _| table.is_isolated())
}

/// Switches all mirrors off until the process ends, but for what tests capture; `false` if that was
/// done before.
#[cfg(feature = "testing")]
pub(crate) fn isolate() -> bool {
    with(Table::isolate)
}

/// A mirror is made. It is told at once what is in force.
pub(crate) fn register(
    name: &str,
    place: Place,
    entry: Option<&'static MirrorEntry>,
    configured: Configured,
    mirror: Weak<dyn Switched>,
) {
    with(|table, now| {
        let made = Made {
            place,
            entry,
            configured: Arc::new(configured),
            mirror,
        };
        table.register(name, made, now);
    });
}
