//! Reading what all instances know of a mirror.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use bytes::Bytes;

use super::{
    bucket::{self, Entry},
    fleet::{FleetReport, Instance, InstancePresence, MISSED},
    key::part,
    run::{Buckets, Heartbeat, Run, parsed},
    snapshot::{Snapshot, head},
    sum::{Known, add_up},
};

/// How long reading may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is read again because a snapshot in parts was just being written.
const TORN: u32 = 3;

/// An instance as a part of a key. Two processes of one name, one after the other, are two.
pub(super) fn instance_key(name: &str, run: &str) -> String {
    format!("{}-{run}", part(name))
}

/// What all instances know of a mirror.
pub(super) async fn report(
    run: &Run,
    buckets: &Buckets,
    mirror: &str,
) -> Result<FleetReport, String> {
    let epoch = run.epoch(mirror);
    let prefix = format!("report.{epoch}.{}.", part(mirror));
    let mut left = TORN;
    let (heartbeats, snapshots, unread) = loop {
        let read = |filter: String| async move {
            bucket::read(&buckets.client, &buckets.reports, &filter, PATIENCE).await
        };
        let heartbeats = read("instance.*".to_owned()).await?;
        let entries = read(format!("{prefix}>")).await?;
        let (snapshots, unread) = assembled(&entries, &prefix);
        if unread.is_empty() || left == 0 {
            break (heartbeats, snapshots, unread);
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
    let presence = |key: &str| {
        let known = instances.get(key);
        known.map_or(InstancePresence::Missing, |(of, heard)| {
            present(of, *heard, now)
        })
    };
    let mut wanted: BTreeSet<&str> = instances
        .keys()
        .map(String::as_str)
        .filter(|key| presence(key) == InstancePresence::Running)
        .collect();
    wanted.extend(snapshots.iter().map(|(key, _, _)| &**key));
    let mut all: Vec<_> = wanted
        .into_iter()
        .map(|key| {
            let known = instances.get(key);
            let snapshot = snapshots.iter().find(|(of, _, _)| of == key);
            let name = known.map(|(of, _)| &*of.name);
            let name = name.or(snapshot.map(|(_, of, _)| &*of.instance));
            let heard = known.map(|(_, heard)| *heard);
            let heard = heard.or(snapshot.map(|(_, _, written)| *written));
            Instance {
                name: name.unwrap_or(key).to_owned(),
                presence: presence(key),
                is_this: key == run.instance_key(),
                heard: heard.unwrap_or(now),
            }
        })
        .collect();
    all.sort_by(|one, other| (&one.name, one.heard).cmp(&(&other.name, other.heard)));
    let known: Vec<_> = snapshots
        .into_iter()
        .map(|(key, snapshot, written)| {
            let is_running = presence(&key) == InstancePresence::Running;
            Known::new(snapshot, written, is_running)
        })
        .collect();
    let sums = add_up(&known, run.shared.interval * MISSED);
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
        error: (!unread.is_empty()).then(|| unread.join("; ")),
        instances: all,
        targets: targets.collect(),
    })
}

/// The snapshots, each with the key of its instance and the time at which it was written; and what
/// could not be read.
pub(super) fn assembled(
    entries: &BTreeMap<String, Entry>,
    prefix: &str,
) -> (Vec<(String, Snapshot, SystemTime)>, Vec<String>) {
    let mut snapshots = Vec::new();
    let mut unread = Vec::new();
    for (key, entry) in entries {
        let rest = key.strip_prefix(prefix).unwrap_or_default();
        let mut names = rest.split('.');
        // Others are further parts of a snapshot.
        let (Some(_), Some(instance), None) = (names.next(), names.next(), names.next()) else {
            continue;
        };
        match whole(entries, key, entry).and_then(|parts| Snapshot::decode(&parts)) {
            Ok(snapshot) => snapshots.push((instance.to_owned(), snapshot, entry.written)),
            Err(error) => unread.push(format!("the snapshot of {instance}: {error}")),
        }
    }
    (snapshots, unread)
}

/// All parts of a snapshot.
fn whole(
    entries: &BTreeMap<String, Entry>,
    key: &str,
    first: &Entry,
) -> Result<Vec<Bytes>, String> {
    let value = first.value.clone().unwrap_or_default();
    let first = head(&value)?;
    let mut parts = vec![value];
    for index in 1..first.parts {
        let part = entries.get(&format!("{key}.{}-{index}", first.slot));
        let part = part.and_then(|entry| entry.value.clone());
        let part = part.ok_or("a part of it is missing")?;
        if head(&part)?.number != first.number {
            return Err("it is just being written".to_owned());
        }
        parts.push(part);
    }
    Ok(parts)
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
