//! The thread of an instance: what it says, hears and is asked.

pub(in crate::state) mod fold;
pub(in crate::state) mod read;
mod rollback;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, mpsc::SyncSender},
    time::{Duration, Instant, SystemTime},
};

use async_nats::{Client, jetstream::kv::Store};
use mirror_dashboard::snapshot::FleetSetting;
use mirror_runtime::{Mirror, Thresholds, mirrors};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    sync::mpsc::UnboundedReceiver,
    time::{MissedTickBehavior, interval, sleep, sleep_until, timeout},
};

use crate::state::{
    fleet::{FleetReport, MISSED, Shared},
    order::{self, Asked, By, InForce, Order, in_force},
    settings::settings,
    snapshot::Snapshot,
};
use crate::{
    bucket::{self, BESIDE, Bounds, Entry, Watch, part, told},
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

/// A clock that differs by more since it was looked at last was set.
const CLOCK_STEP: Duration = Duration::from_secs(1);

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

/// What an instance says of itself: the value of `instance.{instance}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::state) struct Heartbeat {
    pub(in crate::state) version: u32,
    pub(in crate::state) name: String,
    pub(in crate::state) run: String,
    pub(in crate::state) interval_ms: u64,
    /// How long ago the process has joined the fleet.
    #[serde(default)]
    pub(in crate::state) age_ms: u64,
    pub(in crate::state) is_finished: bool,
}

/// The value of `epoch.{mirror}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Epoch {
    version: u32,
    mirror: String,
    #[serde(rename = "epoch")]
    number: u64,
    /// Who has begun it, and why.
    #[serde(default)]
    by: By,
}

/// The value of `circuit.{mirror}.{target}`: it has opened in an instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Opened {
    version: u32,
    mirror: String,
    target: String,
    instance: String,
    run: String,
}

/// The version of the formats of both buckets, but for snapshots, which have their own.
pub(in crate::state) const VERSION: u32 = 1;

/// A target of a mirror, by their names.
type Place = (String, String);

/// A snapshot that was written.
struct Written {
    counts: BTreeMap<String, u64>,
    compared: u64,
    at: Instant,
}

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

    /// Sets in this process what is set for the fleet, of the mirrors that there are by now.
    fn apply_orders(&mut self) {
        let now = self.server_time();
        self.shared.heard_orders(&self.orders, now);
        let is_set = self.is_clock_set();
        let local = |time: SystemTime| {
            let left = time.duration_since(now).unwrap_or_default();
            let local = SystemTime::now();
            local.checked_add(left).unwrap_or(local)
        };
        let all = self.orders.get("all");
        let mut names: BTreeSet<_> = self.applied.keys().cloned().collect();
        let ordered = self.orders.values().map(|order| order.mirror.clone());
        names.extend(ordered.filter(|name| !name.is_empty()));
        if all.is_some() {
            names.extend(mirrors().into_iter().map(|mirror| mirror.name));
        }
        for name in names {
            let own = self.orders.get(&order_key(&name));
            let order = in_force(own, all, now);
            let before = self.applied.get(&name).cloned().unwrap_or_default();
            if order == before && !is_set {
                continue;
            }
            let by = own.and_then(|own| own.reset.as_ref());
            let by = by.or(all.and_then(|all| all.reset.as_ref()));
            let by = by.cloned().unwrap_or_default();
            order.apply(&name, &before, now, local, &by);
            if order.is_empty() {
                self.applied.remove(&name);
            } else {
                self.applied.insert(name, order);
            }
        }
    }

    /// The time by the clock of the server, which is that of no instance.
    fn server_time(&self) -> SystemTime {
        let now = self
            .clock
            .and_then(|(then, at)| then.checked_add(at.elapsed()));
        // Without it, nothing was heard that has an end.
        now.unwrap_or_else(SystemTime::now)
    }

    /// Whether the clock of this process was set: the ends are other times by it then.
    fn is_clock_set(&mut self) -> bool {
        let now = SystemTime::now();
        let began = now.checked_sub(self.began.elapsed()).unwrap_or(now);
        let before = std::mem::replace(&mut self.set_to, began);
        let by = began.duration_since(before);
        by.unwrap_or_else(|behind| behind.duration()) > CLOCK_STEP
    }

    fn heard_epoch(&mut self, epoch: &Epoch, entry: &Entry) {
        let name = &epoch.mirror;
        let is_after_all = self.has_loaded || entry.written > self.began_at;
        let own = if is_after_all {
            self.epoch(name)
        } else {
            epoch.number
        };
        if epoch.number > own {
            self.restart(name, &epoch.by);
        }
        let known = self.epochs.entry(name.clone()).or_insert(1);
        *known = epoch.number.max(*known);
    }

    pub(in crate::state) fn epoch(&self, mirror: &str) -> u64 {
        self.epochs.get(mirror).copied().unwrap_or(1)
    }

    /// Begins the report of this instance anew.
    fn restart(&mut self, name: &str, by: &By) {
        by.control(name).restart_report();
        if let Some(mirror) = made().get(name) {
            let restarts = self.restarts.entry(name.to_owned()).or_default();
            // One that was not told yet is still to be told.
            *restarts = (*restarts + 1).min(mirror.report_restarts());
        }
        self.forget(name);
    }

    fn forget(&mut self, name: &str) {
        self.shared.drop_report(name);
        self.written.retain(|(mirror, _), _| mirror != name);
    }

    /// Notes how often the report of a mirror that is new was begun anew: it is from before anybody
    /// was told of it.
    fn note_restarts(&mut self) {
        for (name, mirror) in made() {
            let restarts = mirror.report_restarts();
            self.restarts.entry(name).or_insert(restarts);
        }
    }

    /// Begins a new epoch for each mirror whose report was begun anew in this process.
    async fn tell_restarts(
        &mut self,
        buckets: &Buckets,
        made: &BTreeMap<String, Mirror>,
    ) -> Result<(), String> {
        for (name, mirror) in made {
            let now = mirror.report_restarts();
            let known = self.restarts.get(name).copied().unwrap_or(now);
            if now > known {
                self.forget(name);
                // The log of this process has who has done it.
                let by = By {
                    actor: format!("instance {}", self.shared.instance),
                    reason: None,
                };
                self.begin_epoch(buckets, name, by).await?;
            }
            self.restarts.insert(name.clone(), now);
        }
        Ok(())
    }

    /// Begins a new epoch, unless another instance has just done so.
    async fn begin_epoch(&mut self, buckets: &Buckets, mirror: &str, by: By) -> Result<(), String> {
        let own = self.epoch(mirror);
        let key = format!("epoch.{}", part(mirror));
        for _ in 0..TRIES {
            let (value, revision, _) = get(&buckets.control, &key).await?;
            let current = match value {
                Some(value) => parsed::<Epoch>(&value, |epoch| epoch.version)?.number,
                None => 1,
            };
            let next = if current > own { current } else { own + 1 };
            let epoch = Epoch {
                version: VERSION,
                mirror: mirror.to_owned(),
                number: next,
                by: by.clone(),
            };
            if current == next || put_if(&buckets.control, &key, revision, &epoch).await? {
                self.epochs.insert(mirror.to_owned(), next);
                let (now, later) = (Instant::now(), self.shared.interval * MISSED);
                // And of those before, if whoever began this one had no time for it.
                for over in own.saturating_sub(2)..=own {
                    let filter = format!("report.{over}.{}.>", part(mirror));
                    self.over.push((now, filter.clone()));
                    self.over.push((now + later, filter));
                }
                tracing::info!(mirror, epoch = next, "a new epoch of the fleet's report");
                return Ok(());
            }
        }
        Err(format!(
            "the epoch of `{mirror}` is changed by too many at once"
        ))
    }

    async fn remove_what_is_over(&mut self, buckets: &Buckets) {
        let now = Instant::now();
        let due = self.over.extract_if(.., |(at, _)| *at <= now);
        let due: Vec<_> = due.collect();
        for (at, filter) in due {
            if bucket::remove(&buckets.reports, &filter).await.is_err() {
                self.over.push((at, filter));
            }
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

    /// Tells the others which circuits have opened here.
    async fn tell_circuits(&mut self, buckets: &Buckets, made: &BTreeMap<String, Mirror>) {
        for (name, mirror) in made {
            for target in mirror.stats().targets {
                let place = (name.clone(), target.name.clone());
                if !target.is_circuit_open {
                    self.open.remove(&place);
                    continue;
                }
                if self.open.contains_key(&place) {
                    continue;
                }
                let key = format!("circuit.{}.{}", part(name), part(&target.name));
                let opened = Opened {
                    version: VERSION,
                    mirror: name.clone(),
                    target: target.name,
                    instance: self.shared.instance.clone(),
                    run: self.shared.run.clone(),
                };
                let value = serde_json::to_vec(&opened).unwrap_or_default();
                // A hint: one that is lost is found out by each instance for itself.
                if buckets.control.put(&key, value.into()).await.is_ok() {
                    self.open.insert(place, false);
                }
            }
        }
    }

    /// A circuit has opened elsewhere.
    fn heard_opened(&mut self, opened: &Opened) {
        if opened.run == self.shared.run {
            return;
        }
        let made = made();
        let Some(mirror) = made.get(&opened.mirror) else {
            return;
        };
        if mirror.open_circuit(&opened.target) {
            let place = (opened.mirror.clone(), opened.target.clone());
            self.open.insert(place, true);
            // Where it has opened first there is a warning.
            tracing::info!(
                mirror = opened.mirror,
                target = opened.target,
                instance = opened.instance,
                "circuit opened for one cooldown: it has opened in another instance"
            );
        }
    }

    /// Writes what this instance knows; whether all of it was.
    async fn report(&mut self, buckets: &Buckets, is_last: bool) -> bool {
        let made = made();
        let (mut written, mut failed, mut why) = (0, 0, None);
        for (name, mirror) in &made {
            let snapshots = self.snapshots(name, mirror, is_last);
            for snapshot in snapshots {
                let place = (snapshot.mirror.clone(), snapshot.target.clone());
                let put = if why.is_none() {
                    self.write(buckets, &snapshot).await
                } else {
                    Err(String::new())
                };
                match put {
                    Ok(()) => {
                        written += 1;
                        let compared = snapshot.compared.as_ref();
                        let compared = compared.map_or(0, |of| of.evidence.count());
                        let at = Instant::now();
                        let counts = snapshot.counts;
                        let of = Written {
                            counts,
                            compared,
                            at,
                        };
                        self.written.insert(place, of);
                    }
                    Err(error) => {
                        failed += 1;
                        why.get_or_insert(error);
                    }
                }
            }
        }
        let heartbeat = Heartbeat {
            version: VERSION,
            name: self.shared.instance.clone(),
            run: self.shared.run.clone(),
            interval_ms: millis(self.shared.interval),
            age_ms: millis(self.began.elapsed()),
            is_finished: is_last,
        };
        // An instance that cannot say what it knows is a missing one.
        if why.is_none() {
            let key = format!("instance.{}", self.instance_key());
            let value = serde_json::to_vec(&heartbeat).unwrap_or_default();
            match buckets.reports.put(&key, value.into()).await {
                Ok(_) => self.beat = Some(Instant::now()),
                Err(error) => why = Some(error.to_string()),
            }
        }
        let is_whole = why.is_none();
        let why = why.map(|error| self.connection.explain(error));
        self.shared.wrote(written, failed, why.as_deref());
        is_whole
    }

    /// What has changed since it was written last.
    fn snapshots(&mut self, name: &str, mirror: &Mirror, is_all: bool) -> Vec<Snapshot> {
        let stats = mirror.stats();
        let mut evidence: BTreeMap<_, _> = mirror
            .evidence()
            .into_iter()
            .map(|of| (of.name.clone(), of))
            .collect();
        let baseline = mirror.baseline();
        let mut changed = Vec::new();
        for (index, target) in stats.targets.iter().enumerate() {
            let place = (name.to_owned(), target.name.clone());
            let evidence = evidence.remove(&target.name);
            let compared = evidence.as_ref().map_or(0, |of| of.evidence.count());
            if let Some(of) = &evidence {
                self.thresholds.insert(place.clone(), of.thresholds);
                if of.versions.is_doubtful(self.shared.interval * MISSED) {
                    self.doubtful.insert(place.clone());
                }
            }
            let mut snapshot = Snapshot::new(name, target, &self.shared.instance, &self.shared.run);
            snapshot.index = index;
            snapshot.is_baseline = baseline == Some(&*target.name);
            if let Some(evidence) = evidence {
                snapshot = snapshot.with_evidence(evidence);
            }
            let is_same = self.written.get(&place).is_some_and(|before| {
                before.counts == snapshot.counts
                    && before.compared == compared
                    && before.at.elapsed() < self.shared.interval * IDLE
            });
            if is_all || !is_same {
                changed.push(snapshot);
            }
        }
        changed
    }

    async fn write(&mut self, buckets: &Buckets, snapshot: &Snapshot) -> Result<(), String> {
        self.number += 1;
        let longest = buckets.client.max_payload().saturating_sub(BESIDE);
        let parts = snapshot.encode(self.number, longest)?;
        let key = format!(
            "report.{}.{}.{}.{}",
            self.epoch(&snapshot.mirror),
            part(&snapshot.mirror),
            part(&snapshot.target),
            self.instance_key()
        );
        bucket::write(&buckets.reports, &key, self.number % 2, parts).await
    }

    /// This process as a part of a key.
    pub(in crate::state) fn instance_key(&self) -> String {
        read::instance_key(&self.shared.instance, &self.shared.run)
    }

    /// What all instances know of a mirror, in the epoch that NATS has now: what another instance
    /// has just begun may not have been heard here yet.
    async fn read(&mut self, buckets: &Buckets, mirror: &str, fresh: Duration) -> FleetReport {
        let settings = match self.catch_up(buckets, mirror).await {
            Ok(settings) => settings,
            Err(error) => {
                let error = self.connection.explain(error);
                return self.shared.took(mirror, Err(error));
            }
        };
        if let Some(mut kept) = self.shared.kept(mirror, fresh) {
            self.shared.is_read(mirror);
            kept.settings = settings;
            return kept;
        }
        let read = self.read_now(buckets, mirror).await;
        let read = read.map_err(|error| self.connection.explain(error));
        self.shared.took(mirror, read)
    }

    async fn read_now(&mut self, buckets: &Buckets, mirror: &str) -> Result<FleetReport, String> {
        for _ in 0..TRIES {
            let mut report = read::report(self, buckets, mirror).await?;
            // While it was read, a part of it may have been removed.
            report.settings = self.catch_up(buckets, mirror).await?;
            if report.epoch == self.epoch(mirror) {
                return Ok(report);
            }
        }
        Err(format!("the report of `{mirror}` is begun anew too often"))
    }

    /// Tells the fleet that the report was begun anew here, and asks whether it was elsewhere, and
    /// what is set for the fleet.
    async fn catch_up(
        &mut self,
        buckets: &Buckets,
        mirror: &str,
    ) -> Result<Vec<FleetSetting>, String> {
        let mut made = made();
        made.retain(|name, _| name == mirror);
        self.tell_restarts(buckets, &made).await?;
        let key = format!("epoch.{}", part(mirror));
        let own = order_key(mirror);
        let newest = |key| bucket::newest(&buckets.control, key);
        let (epoch, own, all) = tokio::try_join!(newest(&key), newest(&own), newest("all"))?;
        if let Some(entry) = epoch
            && let Some(value) = &entry.value
        {
            let epoch = parsed::<Epoch>(value, |epoch| epoch.version)?;
            self.heard_epoch(&epoch, &entry);
        }
        let order = |entry: Option<Entry>| {
            let entry = entry?;
            let order = parsed::<Order>(&entry.value?, |order| order.version).ok()?;
            Some(order.written(entry.written))
        };
        let (own, all) = (order(own), order(all));
        Ok(settings(own.as_ref(), all.as_ref(), self.server_time()))
    }

    async fn change(
        &mut self,
        buckets: &Buckets,
        mirror: Option<&str>,
        asked: &Asked,
    ) -> Result<(), String> {
        if asked.sets() {
            match mirror {
                Some(mirror) => {
                    self.write_order(buckets, &order_key(mirror), mirror, asked)
                        .await?;
                }
                None => self.write_order_for_all(buckets, asked).await?,
            }
            self.apply_orders();
        }
        if asked.change.restart_report {
            let names = match mirror {
                Some(mirror) => BTreeSet::from([mirror.to_owned()]),
                None => self.all_names(),
            };
            for name in names {
                // One more than the newest: another may have just been begun, for another build.
                self.catch_up(buckets, &name).await?;
                self.begin_epoch(buckets, &name, asked.by()).await?;
                self.restart(&name, &asked.by());
            }
        }
        Ok(())
    }

    /// The mirrors of this process, and those of others that it has heard of.
    fn all_names(&self) -> BTreeSet<String> {
        let here = mirrors().into_iter().map(|mirror| mirror.name);
        here.chain(self.epochs.keys().cloned()).collect()
    }

    /// What is set for mirrors themselves stays, unless all is to be removed: what counts is decided
    /// by whoever reads both.
    async fn write_order_for_all(
        &mut self,
        buckets: &Buckets,
        asked: &Asked,
    ) -> Result<(), String> {
        self.write_order(buckets, "all", "", asked).await?;
        if asked.change.reset {
            let own: Vec<_> = self.orders.keys().cloned().collect();
            for key in own.iter().filter(|key| *key != "all") {
                let purged = buckets.control.purge(key).await;
                purged.map_err(|error| told(&error))?;
                self.orders.remove(key);
            }
        }
        Ok(())
    }

    async fn write_order(
        &mut self,
        buckets: &Buckets,
        key: &str,
        mirror: &str,
        asked: &Asked,
    ) -> Result<(), String> {
        for _ in 0..TRIES {
            let (value, revision, written) = get(&buckets.control, key).await?;
            let before = match value {
                Some(value) => parsed::<Order>(&value, |order| order.version)?.written(written),
                None => Order::default(),
            };
            let order = before.changed(mirror, asked, self.server_time());
            // One that says who has removed what was set stays.
            if order.is_empty() && order.reset.is_none() {
                let purged = buckets.control.purge(key).await;
                purged.map_err(|error| told(&error))?;
                self.orders.remove(key);
                return Ok(());
            }
            if put_if(&buckets.control, key, revision, &order).await? {
                // It ends by the time that it has there. If that cannot be had now, it is heard.
                if let Ok((Some(value), _, written)) = get(&buckets.control, key).await
                    && let Ok(order) = parsed::<Order>(&value, |order| order.version)
                {
                    self.orders.insert(key.to_owned(), order.written(written));
                }
                return Ok(());
            }
        }
        Err("the same is changed by too many at once".to_owned())
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

pub(in crate::state) fn order_key(mirror: &str) -> String {
    format!("control.{}", part(mirror))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
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

/// So that `order::VERSION` and that of the buckets are one.
const _: () = assert!(order::VERSION == VERSION);
