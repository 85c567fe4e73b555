//! Reading what all instances know of a mirror.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use crate::bucket::{self, Entry, part, whole};
use crate::state::{
    fleet::run::{Buckets, Heartbeat, Run, TRIES, instance_key, parsed},
    fleet::{FleetReport, Instance, InstancePresence, MISSED},
    snapshot::Snapshot,
    sum::{Known, add_up},
};

/// How long reading may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is read again because a snapshot in parts was just being written.
const TORN: u32 = 3;

/// A snapshot, as it was read.
#[derive(Clone, Debug)]
pub(in crate::state) struct Read {
    /// Without what all keys of the mirror begin with.
    pub(in crate::state) key: String,
    /// Its instance, as a part of keys.
    pub(in crate::state) instance: String,
    pub(in crate::state) snapshot: Snapshot,
    pub(in crate::state) written: SystemTime,
    pub(in crate::state) revision: u64,
}

/// What was read of a mirror.
pub(in crate::state) struct Loaded {
    /// What all keys of the mirror begin with.
    pub(in crate::state) prefix: String,
    /// By their parts of keys: what they say of themselves, and when they were heard of.
    pub(in crate::state) instances: BTreeMap<String, (Heartbeat, SystemTime)>,
    pub(in crate::state) reads: Vec<Read>,
    /// What could not be read.
    pub(in crate::state) unread: Vec<String>,
    /// The time by the clock of the server.
    pub(in crate::state) now: SystemTime,
}

impl Loaded {
    pub(in crate::state) fn presence(&self, instance: &str) -> InstancePresence {
        let known = self.instances.get(instance);
        let Some((of, heard)) = known else {
            return InstancePresence::Missing;
        };
        match present(of, *heard, self.now) {
            InstancePresence::Missing if self.is_replaced(of, *heard) => InstancePresence::Replaced,
            presence => presence,
        }
    }

    /// Whether a process of the same name was started after an instance was heard of last. Two that
    /// have run at the same time do not replace one another.
    fn is_replaced(&self, silent: &Heartbeat, heard: SystemTime) -> bool {
        self.instances.values().any(|(of, heard_of)| {
            let age = Duration::from_millis(of.age_ms);
            // What is written takes a while to arrive.
            let latest = *heard_of + Duration::from_millis(of.interval_ms);
            let started = latest.checked_sub(age).unwrap_or(latest);
            of.name == silent.name && of.run != silent.run && started >= heard
        })
    }

    fn running(&self) -> impl Iterator<Item = &String> {
        let all = self.instances.keys();
        all.filter(|key| self.presence(key) == InstancePresence::Running)
    }

    /// The first of the instances that run, which does what one must do for all.
    pub(in crate::state) fn first_running(&self) -> Option<&String> {
        self.running().next()
    }

    pub(in crate::state) fn is_there(&self, key: &str) -> bool {
        self.reads.iter().any(|read| read.key == key)
    }

    /// The snapshots, with what is known of their instances.
    pub(in crate::state) fn known(&self) -> Vec<Known> {
        let known = self.reads.iter().map(|read| {
            let is_running = self.presence(&read.instance) == InstancePresence::Running;
            Known::new(read.snapshot.clone(), read.written, is_running)
        });
        known.collect()
    }

    /// Leaves out what is in a sum already, and was not removed yet.
    pub(in crate::state) fn counted_once(&mut self) {
        let folded = self.reads.iter().flat_map(|read| &read.snapshot.folded);
        let folded: BTreeSet<_> = folded.cloned().collect();
        self.reads.retain(|read| !folded.contains(&read.key));
    }
}

impl Run {
    /// What all instances know of a mirror, in the epoch that NATS has now: what another instance
    /// has just begun may not have been heard here yet.
    pub(super) async fn read(
        &mut self,
        buckets: &Buckets,
        mirror: &str,
        fresh: Duration,
    ) -> FleetReport {
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
            let mut report = report(self, buckets, mirror).await?;
            // While it was read, a part of it may have been removed.
            report.settings = self.catch_up(buckets, mirror).await?;
            if report.epoch == self.epoch(mirror) {
                return Ok(report);
            }
        }
        Err(format!("the report of `{mirror}` is begun anew too often"))
    }
}

/// Reads what all instances know of a mirror.
pub(in crate::state) async fn load(
    run: &Run,
    buckets: &Buckets,
    mirror: &str,
) -> Result<Loaded, String> {
    let prefix = format!("report.{}.{}.", run.epoch(mirror), part(mirror));
    let mut left = TORN;
    let (heartbeats, reads, unread) = loop {
        let read = |filter: String| async move {
            bucket::read(&buckets.client, &buckets.reports, &filter, PATIENCE).await
        };
        let heartbeats = read("instance.*".to_owned()).await?;
        let entries = read(format!("{prefix}>")).await?;
        let (reads, unread) = assembled(&entries, &prefix);
        if unread.is_empty() || left == 0 {
            break (heartbeats, reads, unread);
        }
        left -= 1;
    };
    let mut instances = BTreeMap::new();
    for entry in heartbeats.values() {
        let heartbeat = entry.value.as_deref();
        let heartbeat = heartbeat
            .and_then(|value| parsed::<Heartbeat>(value, |heartbeat| heartbeat.version).ok());
        if let Some(heartbeat) = heartbeat {
            let key = instance_key(&heartbeat.name, &heartbeat.run);
            instances.insert(key, (heartbeat, entry.written));
        }
    }
    let now = now(run, &instances);
    Ok(Loaded {
        prefix,
        instances,
        reads,
        unread,
        now,
    })
}

/// What all instances know of a mirror.
pub(in crate::state) async fn report(
    run: &Run,
    buckets: &Buckets,
    mirror: &str,
) -> Result<FleetReport, String> {
    let epoch = run.epoch(mirror);
    let mut loaded = load(run, buckets, mirror).await?;
    loaded.counted_once();
    let of_one = loaded.reads.iter().filter(|read| read.snapshot.of == 0);
    let mut wanted: BTreeSet<&String> = loaded.running().collect();
    wanted.extend(of_one.map(|read| &read.instance));
    let mut all: Vec<_> = wanted
        .into_iter()
        .map(|key| {
            let known = loaded.instances.get(key);
            let read = loaded.reads.iter().find(|read| read.instance == *key);
            let name = known.map(|(of, _)| &*of.name);
            let name = name.or(read.map(|read| &*read.snapshot.instance));
            let heard = known.map(|(_, heard)| *heard);
            let heard = heard.or(read.map(|read| read.written));
            Instance {
                name: name.unwrap_or(key).to_owned(),
                presence: loaded.presence(key),
                is_this: *key == run.instance_key(),
                heard: heard.unwrap_or(loaded.now),
            }
        })
        .collect();
    all.sort_by(|one, other| (&one.name, one.heard).cmp(&(&other.name, other.heard)));
    let known = loaded.known();
    let sums = add_up(&known, run.shared.interval * MISSED, loaded.now);
    let targets = sums.into_iter().map(|sum| {
        let place = (mirror.to_owned(), sum.stats.name.clone());
        match run.thresholds.get(&place) {
            Some(thresholds) => sum.with_thresholds(*thresholds),
            None => sum,
        }
    });
    Ok(FleetReport {
        epoch,
        read: Some(SystemTime::now()),
        error: (!loaded.unread.is_empty()).then(|| loaded.unread.join("; ")),
        settings: Vec::new(),
        instances: all,
        targets: targets.collect(),
    })
}

/// The snapshots, and what could not be read.
pub(in crate::state) fn assembled(
    entries: &BTreeMap<String, Entry>,
    prefix: &str,
) -> (Vec<Read>, Vec<String>) {
    let mut reads = Vec::new();
    let mut unread = Vec::new();
    for (key, entry) in entries {
        let rest = key.strip_prefix(prefix).unwrap_or_default();
        let mut names = rest.split('.');
        // Others are further parts of a snapshot.
        let (Some(_), Some(instance), None) = (names.next(), names.next(), names.next()) else {
            continue;
        };
        match whole(entries, key, entry).and_then(|parts| Snapshot::decode(&parts)) {
            Ok(snapshot) => reads.push(Read {
                key: rest.to_owned(),
                instance: instance.to_owned(),
                snapshot,
                written: entry.written,
                revision: entry.revision,
            }),
            Err(error) => unread.push(format!("the snapshot of {instance}: {error}")),
        }
    }
    (reads, unread)
}

/// The time by the clock of the server, as far as this instance can know it.
fn now(run: &Run, instances: &BTreeMap<String, (Heartbeat, SystemTime)>) -> SystemTime {
    let own = instances.get(&run.instance_key());
    let own = own
        .zip(run.beat)
        .map(|((_, heard), beat)| *heard + beat.elapsed());
    let last = instances.values().map(|(_, heard)| *heard).max();
    own.max(last).unwrap_or_else(SystemTime::now)
}

fn present(heartbeat: &Heartbeat, heard: SystemTime, now: SystemTime) -> InstancePresence {
    let longest = Duration::from_millis(heartbeat.interval_ms).saturating_mul(MISSED);
    if heartbeat.is_finished {
        InstancePresence::Finished
    } else if now.duration_since(heard).unwrap_or_default() > longest {
        InstancePresence::Missing
    } else {
        InstancePresence::Running
    }
}
