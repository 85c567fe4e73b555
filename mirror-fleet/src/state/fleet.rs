//! The handle of a fleet.

pub(super) mod run;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use mirror_dashboard::{Change, snapshot::FleetSetting};
use tokio::sync::mpsc::UnboundedSender;

use self::run::{Command, Run, order_key};
use super::{
    order::{Asked, Order},
    settings::settings,
    sum::Sum,
};
use crate::{
    bucket::{Bounds, unique},
    nats::{Connection, NatsError},
};

/// How often an instance says what it knows. More often is more to send, and a report is no older
/// than this.
const INTERVAL: Duration = Duration::from_secs(10);

/// What all instances may keep: 100 instances with 50 mirrors of one target take some 75 MB.
const MAX_BYTES: u64 = 256 << 20;

/// What is set for all instances, their epochs and circuits: some hundred bytes for each mirror.
const MAX_CONTROL_BYTES: u64 = 8 << 20;

/// How long a change waits until NATS has it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reports of more mirrors than any program has are not kept.
const MAX_REPORTS: usize = 1024;

/// How many intervals without news make an instance a missing one.
pub(super) const MISSED: u32 = 3;

/// Options of a [`Fleet`].
#[derive(Debug)]
#[must_use = "`start` joins the fleet"]
pub struct FleetBuilder {
    connection: Connection,
    instance: Option<String>,
    interval: Duration,
    bucket: String,
    max_bytes: u64,
    replicas: usize,
}

/// This process as an instance of a fleet: what its mirrors know is added to what those of the other
/// instances know, and what is set for the fleet is set here.
///
/// It has a thread of its own, and no request ever waits for it. Dropping it says that the instance
/// has finished, and ends the thread a moment later; [`shutdown`](Self::shutdown) waits for that.
///
/// ```no_run
/// use mirror_fleet::{Fleet, NatsOptions};
///
/// let nats = NatsOptions::new("nats://nats.internal:4222")?.connect()?;
/// let fleet = Fleet::builder(nats).instance("orders-7").start()?;
/// let view = fleet.view();
/// # Ok::<(), mirror_fleet::NatsError>(())
/// ```
#[must_use = "dropping it leaves the fleet"]
pub struct Fleet {
    view: FleetView,
}

/// What is known of a fleet, and how it is changed: for a page, a control router, and programs.
/// Clones are the same. It does not keep the instance in the fleet.
#[derive(Clone)]
pub struct FleetView {
    pub(super) shared: Arc<Shared>,
}

/// What the thread and its handles share.
pub(super) struct Shared {
    pub(super) instance: String,
    /// This process, as a random word.
    pub(super) run: String,
    pub(super) interval: Duration,
    commands: UnboundedSender<Command>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// What was read last, by mirror.
    reports: BTreeMap<String, (FleetReport, Instant)>,
    /// The mirrors that are being read.
    asked: BTreeSet<String>,
    /// What is set for the fleet, as far as this instance has heard, by key.
    orders: BTreeMap<String, Order>,
    /// The time of the server, and when it was so late.
    clock: Option<(SystemTime, Instant)>,
    /// Why nothing goes to or comes from NATS; `None` if it does.
    error: Option<String>,
    /// What of it the log was told.
    told: Option<String>,
    status: FleetStatus,
}

/// How an instance fares in its fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetStatus {
    /// Whether there is a connection, and both buckets are there.
    pub is_connected: bool,
    /// Snapshots that were written.
    pub written: u64,
    /// Snapshots that could not be written: NATS was away, or the bucket is full. What they had is
    /// in the next one.
    pub failed: u64,
    /// What has failed last.
    pub error: Option<String>,
}

/// A mirror in all instances of a fleet.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FleetReport {
    /// The number of the epoch.
    pub epoch: u64,
    /// When it was read; `None` if it could not be read yet.
    pub read: Option<SystemTime>,
    /// Why it could not be read since then.
    pub error: Option<String>,
    /// What is set for the fleet: of this mirror, and of all of them.
    pub settings: Vec<FleetSetting>,
    /// The instances, by name.
    pub instances: Vec<Instance>,
    /// Each target.
    pub targets: Vec<Sum>,
}

/// An instance of a fleet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// Whether it is there.
    pub presence: InstancePresence,
    /// Whether it is this process.
    pub is_this: bool,
    /// When it was heard of last, by the clock of NATS.
    pub heard: SystemTime,
}

/// Whether an instance is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstancePresence {
    /// It is.
    Running,
    /// It has said that it ends.
    Finished,
    /// It has said nothing for three intervals.
    Missing,
    /// It has said nothing for three intervals, and a process that was started since then has its
    /// name.
    Replaced,
}

impl Fleet {
    /// A fleet of all that use these servers and the same [bucket](FleetBuilder::bucket).
    pub fn builder(connection: Connection) -> FleetBuilder {
        FleetBuilder {
            connection,
            instance: None,
            interval: INTERVAL,
            bucket: "mirror".to_owned(),
            max_bytes: MAX_BYTES,
            replicas: 1,
        }
    }

    /// What is known of the fleet, and how it is changed.
    #[must_use]
    pub fn view(&self) -> FleetView {
        self.view.clone()
    }

    /// Leaves the fleet: writes what this instance knows for the last time, says that it has
    /// finished, and waits for that. Returns whether it was done in time.
    ///
    /// It blocks. In async code, call it in `spawn_blocking`, after the server has ended and
    /// [`drain`](mirror_runtime::drain) has returned.
    #[must_use = "what was not written is missing in the report of the fleet"]
    pub fn shutdown(self, patience: Duration) -> bool {
        let (told, done) = mpsc::sync_channel(1);
        let _ = self.view.shared.commands.send(Command::End(Some(told)));
        done.recv_timeout(patience).unwrap_or(false)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.view.shared.commands.send(Command::End(None));
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fleet").field(&self.view).finish()
    }
}

impl FleetBuilder {
    /// The name of this instance, which no other has: `orders-7`. Default: the variable `HOSTNAME`,
    /// which is the name of a pod, or else `pid-` and the number of the process.
    pub fn instance(mut self, name: impl Into<String>) -> Self {
        self.instance = Some(name.into());
        self
    }

    /// How often it says what it knows, from 100 milliseconds on. Default: 10 seconds. An instance
    /// of which nothing was heard for three of its intervals is a missing one.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The name of the fleet: its buckets are `{name}-report` and `{name}-control`. Letters, digits,
    /// `-` and `_`. Default: `mirror`.
    pub fn bucket(mut self, name: impl Into<String>) -> Self {
        self.bucket = name.into();
        self
    }

    /// How much the bucket of the reports may hold. Default: 256 MiB. When it is full, instances
    /// keep what they know to themselves, and are missing ones.
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many servers of a cluster keep both buckets. Default: 1.
    pub const fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas;
        self
    }

    /// Joins the fleet. It waits for nothing: NATS may be away.
    ///
    /// # Errors
    ///
    /// [`NatsError`], if an option is out of its bounds, or there is no thread.
    pub fn start(self) -> Result<Fleet, NatsError> {
        self.check()?;
        let (commands, heard) = tokio::sync::mpsc::unbounded_channel();
        let named = self.instance.filter(|name| !name.is_empty());
        let host = || {
            std::env::var("HOSTNAME")
                .ok()
                .filter(|name| !name.is_empty())
        };
        let instance = named
            .or_else(host)
            .unwrap_or_else(|| format!("pid-{}", std::process::id()));
        let shared = Arc::new(Shared {
            instance,
            run: unique(),
            interval: self.interval,
            commands,
            state: Mutex::default(),
        });
        let bounds = |name: &str, description, max_bytes| Bounds {
            name: format!("{}-{name}", self.bucket),
            description,
            max_bytes,
            max_age: Duration::ZERO,
            replicas: self.replicas,
        };
        let run = Run::new(
            Arc::clone(&shared),
            self.connection,
            bounds("report", "What mirrors know", self.max_bytes),
            bounds("control", "What is set for mirrors", MAX_CONTROL_BYTES),
            heard,
        );
        let gone = |error: &dyn fmt::Display| NatsError::Thread {
            reason: error.to_string(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| gone(&error))?;
        thread::Builder::new()
            .name("mirror-fleet".to_owned())
            .spawn(move || runtime.block_on(run.live()))
            .map_err(|error| gone(&error))?;
        Ok(Fleet {
            view: FleetView { shared },
        })
    }

    fn check(&self) -> Result<(), NatsError> {
        let wrong = |option, reason: &str| {
            Err(NatsError::Option {
                option,
                reason: reason.to_owned(),
            })
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if self.bucket.is_empty() || !self.bucket.bytes().all(is_plain) {
            return wrong("bucket", "it must be letters, digits, `-` and `_`");
        }
        if !(Duration::from_millis(100)..=Duration::from_hours(1)).contains(&self.interval) {
            return wrong("interval", "it must be between 100 milliseconds and 1 hour");
        }
        if self.max_bytes < 1 << 20 {
            return wrong("max_bytes", "it must be at least 1 MiB");
        }
        if !(1..=5).contains(&self.replicas) {
            return wrong("replicas", "there are 1 to 5");
        }
        Ok(())
    }
}

impl FleetView {
    /// The name of this instance.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.shared.instance
    }

    /// What is known of a mirror in all instances. If that was read less than half an interval ago,
    /// and NATS says that the epoch is still the same, it is that. Otherwise it is read. This blocks
    /// for `patience` at most; what comes too late is known the next time. Without patience it is
    /// what this instance knows.
    #[must_use]
    pub fn report(&self, mirror: &str, patience: Duration) -> FleetReport {
        let fresh = self.shared.interval / 2;
        if patience.is_zero()
            && let Some(mut kept) = self.shared.kept(mirror, fresh)
        {
            kept.settings = self.settings(mirror);
            return kept;
        }
        self.ask(mirror, patience, fresh)
    }

    /// The same, always read anew.
    #[must_use]
    pub fn read(&self, mirror: &str, patience: Duration) -> FleetReport {
        self.ask(mirror, patience, Duration::ZERO)
    }

    /// `fresh` is how old numbers of this epoch may be.
    fn ask(&self, mirror: &str, patience: Duration, fresh: Duration) -> FleetReport {
        let (told, done) = mpsc::sync_channel(1);
        let mirror = mirror.to_owned();
        let is_new = self.shared.state().asked.insert(mirror.clone());
        // Who does not wait needs not ask twice.
        let is_asked = if is_new || !patience.is_zero() {
            let mirror = mirror.clone();
            let command = Command::Read {
                mirror,
                fresh,
                told,
            };
            self.shared.commands.send(command).is_ok()
        } else {
            drop(told);
            true
        };
        let left = "this instance has left the fleet";
        let answer = if is_asked {
            done.recv_timeout(patience)
        } else {
            Err(RecvTimeoutError::Disconnected)
        };
        let error = match answer {
            Ok(report) => return report,
            Err(RecvTimeoutError::Timeout) => "no response from NATS in time",
            Err(RecvTimeoutError::Disconnected) if is_asked && patience.is_zero() => {
                "it is being read"
            }
            Err(RecvTimeoutError::Disconnected) => left,
        };
        let state = self.shared.state();
        let mut report = match state.reports.get(&mirror) {
            Some((report, _)) => report.clone(),
            None => FleetReport::default(),
        };
        report.settings = state.settings(&mirror);
        // Who does not wait is no worse off than before.
        if !patience.is_zero() || report.read.is_none() {
            let known = state.error.clone().or(report.error);
            report.error = Some(known.unwrap_or_else(|| error.to_owned()));
        }
        report
    }

    /// Changes a mirror, or all of them, in all instances, whether the change says
    /// [`fleet`](Change::fleet) or not. It blocks until NATS has it, for some seconds at most.
    ///
    /// # Errors
    ///
    /// Why nothing was changed, in words: NATS is away.
    pub fn change(
        &self,
        mirror: Option<&str>,
        actor: impl Into<String>,
        change: Change,
    ) -> Result<(), String> {
        for (target, percentage) in &change.percentage {
            if !(0.0..=100.0).contains(percentage) {
                return Err(format!(
                    "the percentage of `{target}` must be between 0 and 100, not {percentage}"
                ));
            }
        }
        if mirror.is_none() && !change.percentage.is_empty() {
            return Err("name a mirror: its targets are its own".to_owned());
        }
        let (told, done) = mpsc::sync_channel(1);
        let mirror = mirror.map(str::to_owned);
        let by = actor.into();
        let command = Command::Change {
            mirror,
            asked: Asked { by, change },
            told,
        };
        let left = || "this instance has left the fleet".to_owned();
        self.shared.commands.send(command).map_err(|_| left())?;
        match done.recv_timeout(PATIENCE) {
            Ok(changed) => changed,
            Err(RecvTimeoutError::Timeout) => Err(
                "no response from NATS in time: whether the fleet was changed is not known"
                    .to_owned(),
            ),
            Err(RecvTimeoutError::Disconnected) => Err(left()),
        }
    }

    /// What is set for the fleet, of a mirror and of all of them, as far as this instance has heard.
    #[must_use]
    pub fn settings(&self, mirror: &str) -> Vec<FleetSetting> {
        self.shared.state().settings(mirror)
    }

    /// How this instance fares.
    #[must_use]
    pub fn status(&self) -> FleetStatus {
        self.shared.state().status.clone()
    }
}

impl fmt::Debug for FleetView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetView")
            .field("instance", &self.shared.instance)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl State {
    /// What is set for the fleet.
    fn settings(&self, mirror: &str) -> Vec<FleetSetting> {
        let now = self
            .clock
            .and_then(|(then, at)| then.checked_add(at.elapsed()));
        let own = self.orders.get(&order_key(mirror));
        let now = now.unwrap_or_else(SystemTime::now);
        settings(own, self.orders.get("all"), now)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the fleet is out of reach.
    pub(super) fn why(&self) -> String {
        let error = self.state().error.clone();
        error.unwrap_or_else(|| "NATS is not reached yet".to_owned())
    }

    /// What was read of a mirror, unless it is older than that, or could not be read since then.
    pub(super) fn kept(&self, mirror: &str, fresh: Duration) -> Option<FleetReport> {
        let state = self.state();
        let (report, read) = state.reports.get(mirror)?;
        let is_fresh = read.elapsed() < fresh && report.error.is_none();
        is_fresh.then(|| report.clone())
    }

    /// What was read of a mirror is of an epoch that is over.
    pub(super) fn drop_report(&self, mirror: &str) {
        self.state().reports.remove(mirror);
    }

    /// What is set for the fleet, and the time of the server.
    pub(super) fn heard_orders(&self, orders: &BTreeMap<String, Order>, now: SystemTime) {
        let mut state = self.state();
        state.clock = Some((now, Instant::now()));
        if state.orders != *orders {
            state.orders.clone_from(orders);
        }
    }

    /// Nobody waits any more for what is read of a mirror: it was read.
    pub(super) fn is_read(&self, mirror: &str) {
        self.state().asked.remove(mirror);
    }

    /// What goes wrong now, perhaps for a moment only.
    pub(super) fn lacks(&self, error: &str) {
        let mut state = self.state();
        state.status.is_connected = false;
        state.status.error = Some(error.to_owned());
        state.error = Some(error.to_owned());
    }

    /// What goes wrong now. The log is told once of what goes on.
    pub(super) fn failed(&self, error: &str) {
        self.lacks(error);
        let mut state = self.state();
        if state.told.as_deref() != Some(error) {
            state.told = Some(error.to_owned());
            drop(state);
            tracing::warn!(instance = self.instance, error, "the fleet is out of reach");
        }
    }

    pub(super) fn works(&self) {
        let mut state = self.state();
        state.status.is_connected = true;
        state.error = None;
        if state.told.take().is_some() {
            drop(state);
            tracing::info!(instance = self.instance, "the fleet is within reach");
        }
    }

    /// Snapshots were written, or were not.
    pub(super) fn wrote(&self, written: u64, failed: u64, error: Option<&str>) {
        let mut state = self.state();
        state.status.written += written;
        state.status.failed += failed;
        if error.is_some() && error != state.status.error.as_deref() {
            state.status.error = error.map(str::to_owned);
            drop(state);
            tracing::warn!(
                instance = self.instance,
                error,
                "what this instance knows could not be written"
            );
        }
    }

    /// What was read of a mirror, or why it was not.
    pub(super) fn took(&self, mirror: &str, read: Result<FleetReport, String>) -> FleetReport {
        let mut state = self.state();
        state.asked.remove(mirror);
        let report = match read {
            Ok(report) => report,
            Err(error) => {
                let before = state.reports.get(mirror);
                let mut report = before.map(|(report, _)| report.clone()).unwrap_or_default();
                report.error = Some(error);
                report.settings = state.settings(mirror);
                report
            }
        };
        let entry = (report.clone(), Instant::now());
        if state.reports.len() >= MAX_REPORTS {
            state.reports.clear();
        }
        state.reports.insert(mirror.to_owned(), entry);
        report
    }
}
