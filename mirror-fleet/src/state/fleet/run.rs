//! The thread of an instance: what it says, hears and is asked.

mod circuits;
mod epochs;
pub(in crate::state) mod fold;
mod orders;
pub(in crate::state) mod read;
mod rollback;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, mpsc::SyncSender},
    time::{Duration, Instant, SystemTime},
};

use async_nats::{Client, jetstream::kv::Store};
use mirror_runtime::{Mirror, Thresholds, mirrors};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{MissedTickBehavior, interval, sleep, sleep_until, timeout},
};

use self::{circuits::Opened, epochs::Epoch, write::Written};
pub(in crate::state) use self::{
    orders::order_key,
    write::{Heartbeat, instance_key},
};
use crate::state::{
    fleet::{FleetReport, Shared},
    order::{Asked, InForce, Order},
};
use crate::{
    bucket::{self, Bounds, Entry, Watch, told},
    nats::{Connection, Presence},
};

/// How often it is looked for new mirrors, reports begun anew, and circuits that have opened.
const STEP: Duration = Duration::from_secs(1);

/// How long to wait after something has failed that is no matter of the connection: a bucket that
/// differs, or a file that is missing.
const AGAIN: Duration = Duration::from_secs(2);

/// Who is without NATS for no longer than this need not be told.
const MOMENT: Duration = Duration::from_secs(3);

/// A snapshot of which only the time has changed is written once in so many intervals.
const IDLE: u32 = 6;

/// How often a key is tried to be changed that others change as well.
const TRIES: u32 = 16;

/// How long the last words may take, and how long an instance that is to leave waits for somebody to
/// hear them.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Longer than anything lasts, and not so long that a clock overflows.
const FAR: Duration = Duration::from_hours(24);

/// What the thread is asked for.
pub(in crate::state) enum Command {
    Read {
        mirror: String,
        /// How old what was read in this epoch may be.
        fresh: Duration,
        told: SyncSender<FleetReport>,
    },
    Change {
        mirror: Option<String>,
        asked: Asked,
        told: SyncSender<Result<(), String>>,
    },
    /// Says whether the last words were heard.
    End(Option<SyncSender<bool>>),
}

/// The buckets, and who asks for them.
pub(in crate::state) struct Buckets {
    pub(in crate::state) client: Client,
    pub(in crate::state) reports: Store,
    control: Store,
}

/// The version of the formats of both buckets, but for snapshots, which have their own.
pub(in crate::state) const VERSION: u32 = 1;

/// A target of a mirror, by their names.
type Place = (String, String);

pub(in crate::state) struct Run {
    pub(in crate::state) shared: Arc<Shared>,
    connection: Connection,
    of_reports: Bounds,
    of_control: Bounds,
    commands: UnboundedReceiver<Command>,
    began: Instant,
    began_at: SystemTime,
    /// Whether it was heard once what is set for the fleet.
    has_loaded: bool,
    epochs: BTreeMap<String, u64>,
    /// How often the reports were begun anew, as far as that is known to the fleet.
    restarts: BTreeMap<String, u64>,
    /// Keys of epochs that are over, to be removed once more: some instance may not have heard yet.
    over: Vec<(Instant, String)>,
    /// By key: `control.{mirror}` and `all`.
    orders: BTreeMap<String, Order>,
    /// What was set in this process, by mirror.
    applied: BTreeMap<String, InForce>,
    /// The time of the server, and when it was so late.
    clock: Option<(SystemTime, Instant)>,
    /// What the clock of this process said when it began, by what it says now.
    set_to: SystemTime,
    /// Circuits that are open here, and whether others have opened them.
    open: BTreeMap<Place, bool>,
    written: BTreeMap<Place, Written>,
    pub(in crate::state) thresholds: BTreeMap<Place, Thresholds>,
    /// Where the version of the shadow may be another by what all instances have seen.
    doubtful: BTreeSet<Place>,
    number: u64,
    next_report: Instant,
    /// How often this instance has said what it knows.
    reports: u32,
    /// When it leaves at the latest, if it is to leave, and who waits for that.
    end_by: Option<Instant>,
    ending: Vec<SyncSender<bool>>,
    /// When this instance was heard of last.
    pub(in crate::state) beat: Option<Instant>,
}

impl Run {
    pub(in crate::state) fn new(
        shared: Arc<Shared>,
        connection: Connection,
        of_reports: Bounds,
        of_control: Bounds,
        commands: UnboundedReceiver<Command>,
    ) -> Self {
        let now = Instant::now();
        Self {
            shared,
            connection,
            of_reports,
            of_control,
            commands,
            began: now,
            began_at: SystemTime::now(),
            has_loaded: false,
            epochs: BTreeMap::new(),
            restarts: BTreeMap::new(),
            over: Vec::new(),
            orders: BTreeMap::new(),
            applied: BTreeMap::new(),
            clock: None,
            set_to: SystemTime::now(),
            open: BTreeMap::new(),
            written: BTreeMap::new(),
            thresholds: BTreeMap::new(),
            doubtful: BTreeSet::new(),
            number: 0,
            next_report: now,
            reports: 0,
            end_by: None,
            ending: Vec::new(),
            beat: None,
        }
    }

    /// Until the instance leaves the fleet.
    pub(in crate::state) async fn live(mut self) {
        let is_heard = loop {
            let Some(buckets) = self.reach().await else {
                break false;
            };
            if self.stay(&buckets).await {
                let words = self.last_words(&buckets);
                let heard = tokio::time::timeout(LAST_WORDS, words).await;
                break heard.unwrap_or(false);
            }
            if self.is_late() {
                break false;
            }
        };
        for told in self.ending {
            // Nobody may wait for it.
            let _ = told.try_send(is_heard);
        }
    }

    /// What this instance knows, and that it was begun anew, if nobody was told yet; whether all of
    /// it was heard.
    async fn last_words(&mut self, buckets: &Buckets) -> bool {
        let is_told = self.tell_restarts(buckets, &made()).await.is_ok();
        self.report(buckets, true).await && is_told
    }

    /// The instance is to leave, as soon as it has said its last words.
    fn end(&mut self, told: Option<SyncSender<bool>>) {
        self.ending.extend(told);
        self.end_by
            .get_or_insert_with(|| Instant::now() + LAST_WORDS);
    }

    /// Whether the time for its last words is over.
    fn is_late(&self) -> bool {
        self.end_by.is_some_and(|end| end <= Instant::now())
    }

    /// When that will be; far in the future if it is not to leave.
    fn last_moment(&self) -> tokio::time::Instant {
        let end = self.end_by;
        end.unwrap_or_else(|| Instant::now() + FAR).into()
    }

    /// Waits for NATS and for both buckets. `None` if the instance is to leave, and cannot wait.
    async fn reach(&mut self) -> Option<Buckets> {
        let reaching = reach(
            self.connection.clone(),
            Arc::clone(&self.shared),
            self.of_reports.clone(),
            self.of_control.clone(),
        );
        tokio::pin!(reaching);
        let mut steps = interval(STEP);
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                buckets = &mut reaching => return Some(buckets),
                () = sleep_until(self.last_moment()) => return None,
                _ = steps.tick() => {
                    self.apply_orders();
                    self.note_restarts();
                }
                command = self.commands.recv() => match command {
                    Some(Command::Read { mirror, told, .. }) => {
                        let error = self.shared.why();
                        let _ = told.try_send(self.shared.took(&mirror, Err(error)));
                    }
                    Some(Command::Change { told, .. }) => {
                        let error = format!(
                            "{}: nothing was changed; without `fleet`, this instance alone is",
                            self.shared.why()
                        );
                        let _ = told.try_send(Err(error));
                    }
                    Some(Command::End(told)) => self.end(told),
                    None => return None,
                },
            }
        }
    }

    /// Until the connection is another one, or the instance is to leave, and has heard what there is
    /// to hear before: then it is `true`.
    async fn stay(&mut self, buckets: &Buckets) -> bool {
        let mut presence = self.connection.presence();
        let number = presence.borrow_and_update().number;
        let watch = Watch::new(&buckets.client, &buckets.control, ">").await;
        let mut watch = match watch {
            Ok(watch) => watch,
            Err(error) => {
                self.shared.failed(&self.connection.explain(error));
                sleep(AGAIN).await;
                return false;
            }
        };
        self.clock = Some((watch.began, Instant::now()));
        self.shared.works();
        let mut steps = interval(STEP.min(self.shared.interval));
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if !watch.is_loading() {
                self.has_loaded = true;
                if self.end_by.is_some() {
                    return true;
                }
            }
            tokio::select! {
                // What is heard comes before what is said.
                biased;
                heard = watch.next() => match heard {
                    Ok(entry) => self.heard(&entry),
                    Err(error) => {
                        self.shared.failed(&self.connection.explain(error));
                        sleep(AGAIN).await;
                        return false;
                    }
                },
                changed = presence.changed() => {
                    let is_another = presence.borrow_and_update().number != number;
                    if changed.is_err() || is_another {
                        return false;
                    }
                    if presence.borrow().away().is_some() {
                        self.shared.lacks(AWAY);
                        return false;
                    }
                }
                () = sleep_until(self.last_moment()) => return false,
                command = self.commands.recv() => match command {
                    Some(Command::Read { mirror, fresh, told }) => {
                        let report = self.read(buckets, &mirror, fresh).await;
                        let _ = told.try_send(report);
                    }
                    Some(Command::Change { mirror, asked, told }) => {
                        let changed = self.change(buckets, mirror.as_deref(), &asked).await;
                        let changed = changed.map_err(|error| self.connection.explain(error));
                        let _ = told.try_send(changed);
                    }
                    Some(Command::End(told)) => self.end(told),
                    None => return true,
                },
                _ = steps.tick(), if !watch.is_loading() => self.step(buckets).await,
            }
        }
    }

    async fn step(&mut self, buckets: &Buckets) {
        self.apply_orders();
        let made = made();
        if let Err(error) = self.tell_restarts(buckets, &made).await {
            let error = self.connection.explain(error);
            return self.shared.wrote(0, 0, Some(&error));
        }
        self.tell_circuits(buckets, &made).await;
        if Instant::now() >= self.next_report {
            self.next_report = Instant::now() + self.shared.interval;
            self.report(buckets, false).await;
            self.follow_versions(buckets, &made).await;
            self.remove_what_is_over(buckets).await;
            self.tidy(buckets, &made).await;
        }
    }

    fn heard(&mut self, entry: &Entry) {
        let key = &*entry.key;
        if key == "all" || key.starts_with("control.") {
            match &entry.value {
                None => {
                    self.orders.remove(key);
                }
                Some(value) => match parsed::<Order>(value, |order| order.version) {
                    Ok(order) => {
                        let order = order.written(entry.written);
                        self.orders.insert(key.to_owned(), order);
                    }
                    Err(error) => tracing::warn!(key, error, "not understood: nothing is changed"),
                },
            }
            self.apply_orders();
        } else if let (true, Some(value)) = (key.starts_with("epoch."), &entry.value) {
            match parsed::<Epoch>(value, |epoch| epoch.version) {
                Ok(epoch) => self.heard_epoch(&epoch, entry),
                Err(error) => tracing::warn!(key, error, "not understood: the epoch goes on"),
            }
        } else if let (true, false, Some(value)) =
            (key.starts_with("circuit."), entry.is_old, &entry.value)
            && let Ok(opened) = parsed::<Opened>(value, |opened| opened.version)
        {
            self.heard_opened(&opened);
        }
    }

    /// Takes together what has finished, now and then.
    async fn tidy(&mut self, buckets: &Buckets, made: &BTreeMap<String, Mirror>) {
        self.reports += 1;
        if !self.reports.is_multiple_of(IDLE) {
            return;
        }
        let mut all = Ok(());
        for name in made.keys() {
            if all.is_ok() {
                all = fold::fold(self, buckets, name).await;
            }
        }
        if all.is_ok() && self.reports.is_multiple_of(IDLE * IDLE) {
            all = fold::forget(self, buckets).await;
        }
        if let Err(error) = all {
            let error = self.connection.explain(error);
            self.shared.wrote(0, 0, Some(&error));
        }
    }
}

/// Why nothing goes to or comes from NATS.
const AWAY: &str = "NATS is away";

/// Waits for NATS and for both buckets.
async fn reach(
    connection: Connection,
    shared: Arc<Shared>,
    of_reports: Bounds,
    of_control: Bounds,
) -> Buckets {
    let mut presence = connection.presence();
    loop {
        let client = match connection.client().await {
            Ok(client) => client,
            Err(error) => {
                shared.failed(&error.to_string());
                sleep(AGAIN).await;
                continue;
            }
        };
        if presence.borrow_and_update().away().is_some() {
            // At the start, and when a server is started again, there will be one in a moment.
            if presence.borrow().number > 0 {
                shared.lacks(AWAY);
            }
            let connected = |now: &Presence| now.away().is_none();
            if let Err(_late) = timeout(MOMENT, presence.wait_for(connected)).await {
                shared.failed(AWAY);
            }
            if presence.wait_for(connected).await.is_err() {
                sleep(AGAIN).await;
                continue;
            }
        }
        let both = async {
            let control = bucket::ensure(&client, &of_control).await?;
            Ok((control, bucket::ensure(&client, &of_reports).await?))
        };
        let both: Result<_, crate::NatsError> = both.await;
        match both {
            Ok((control, reports)) => {
                return Buckets {
                    client,
                    reports,
                    control,
                };
            }
            Err(error) => {
                shared.failed(&presence.borrow().explain(error));
                sleep(AGAIN).await;
            }
        }
    }
}

/// The mirrors that were made, by name.
fn made() -> BTreeMap<String, Mirror> {
    let made = mirrors().into_iter().rev();
    let made = made.filter_map(|info| Some((info.name.clone(), info.mirror()?)));
    made.collect()
}

/// A value of a version that this process knows.
pub(in crate::state) fn parsed<T: DeserializeOwned>(
    value: &[u8],
    version: impl Fn(&T) -> u32,
) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let of = serde_json::from_slice::<Versioned>(value).map(|of| of.version);
    if let Ok(of) = of
        && of != VERSION
    {
        return Err(format!(
            "it is of version {of}, and this process reads version {VERSION}"
        ));
    }
    let value: T = serde_json::from_slice(value).map_err(|error| error.to_string())?;
    debug_assert_eq!(version(&value), VERSION);
    Ok(value)
}

/// The value of a key, the revision that a change of it is to name, and when it was written.
async fn get(store: &Store, key: &str) -> Result<(Option<bytes::Bytes>, u64, SystemTime), String> {
    use async_nats::jetstream::kv::Operation;
    let entry = store.entry(key).await.map_err(|error| told(&error))?;
    Ok(match entry {
        Some(entry) => {
            let is_there = entry.operation == Operation::Put;
            let value = is_there.then_some(entry.value);
            (value, entry.revision, entry.created.into())
        }
        None => (None, 0, SystemTime::UNIX_EPOCH),
    })
}

/// Puts a value in the place of that with the revision; `false` if there is another one by now.
async fn put_if(
    store: &Store,
    key: &str,
    revision: u64,
    value: &impl Serialize,
) -> Result<bool, String> {
    let value = serde_json::to_vec(value).map_err(|error| error.to_string())?;
    bucket::put_if(store, key, revision, value.into()).await
}
