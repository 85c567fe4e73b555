//! Instances that have finished, taken together, so that there are not ever more of them.
//!
//! Only those that have said that they end are taken: one of which nothing is heard may come back
//! with more. What takes them together is one key for each target and version, which is changed by
//! its revision, so that nobody takes an instance twice; whoever reads leaves out what is in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use crate::bucket::{self, BESIDE, part};
use crate::state::{
    fleet::run::read::{Loaded, Read, load},
    fleet::run::{Buckets, Run},
    fleet::{InstancePresence, MISSED},
    snapshot::Snapshot,
};

/// So many of each target that have finished are kept by name: those that have ended last.
const KEPT: usize = 8;

/// An instance of which nothing was heard for so long is not waited for.
const GONE: Duration = Duration::from_hours(24);

/// How long listing may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The sum of snapshots, as one. `now` is when it is written.
pub(in crate::state) fn sum<'r>(
    reads: impl Iterator<Item = &'r Read>,
    now: SystemTime,
) -> Option<Snapshot> {
    let mut sum: Option<Snapshot> = None;
    for read in reads {
        let later = now.duration_since(read.written).unwrap_or_default();
        let more = read.snapshot.clone().later(later);
        match &mut sum {
            None => sum = Some(more.into_sum()),
            Some(sum) => sum.add(&more),
        }
    }
    sum
}

/// Takes together those of a mirror that have finished, if this instance is the first of those that
/// run.
pub(in crate::state) async fn fold(
    run: &Run,
    buckets: &Buckets,
    mirror: &str,
) -> Result<(), String> {
    let loaded = load(run, buckets, mirror).await?;
    if !loaded.unread.is_empty() || loaded.first_running() != Some(&run.instance_key()) {
        return Ok(());
    }
    for (key, reads) in groups(&loaded) {
        let before = loaded.reads.iter().find(|read| read.key == key);
        let all = before.into_iter().chain(reads.iter().copied());
        let Some(mut all) = sum(all, loaded.now) else {
            continue;
        };
        // What is there no more cannot be counted twice.
        let mut folded: BTreeSet<_> = before
            .into_iter()
            .flat_map(|read| &read.snapshot.folded)
            .filter(|key| loaded.is_there(key))
            .cloned()
            .collect();
        folded.extend(reads.iter().map(|read| read.key.clone()));
        all.folded = folded.into_iter().collect();
        let longest = buckets.client.max_payload().saturating_sub(BESIDE);
        let mut parts = all.encode(0, longest)?;
        let (Some(value), true) = (parts.pop(), parts.is_empty()) else {
            // Its tables are full: the instances stay as they are.
            continue;
        };
        let key = format!("{}{key}", loaded.prefix);
        let revision = before.map_or(0, |read| read.revision);
        if !bucket::put_if(&buckets.reports, &key, revision, value).await? {
            continue;
        }
        for gone in &all.folded {
            for rest in ["", ".>"] {
                let key = format!("{}{gone}{rest}", loaded.prefix);
                bucket::remove(&buckets.reports, &key).await?;
            }
        }
    }
    Ok(())
}

/// Those that are to be taken together, by the rest of the key that they are to have.
fn groups(loaded: &Loaded) -> BTreeMap<String, Vec<&Read>> {
    let mut by_target = BTreeMap::<&str, Vec<&Read>>::new();
    for read in &loaded.reads {
        let has_finished = loaded.presence(&read.instance) == InstancePresence::Finished;
        if has_finished && read.snapshot.of == 0 {
            by_target
                .entry(&read.snapshot.target)
                .or_default()
                .push(read);
        }
    }
    let mut groups = BTreeMap::<_, Vec<&Read>>::new();
    for (target, mut reads) in by_target {
        reads.sort_by_key(|read| std::cmp::Reverse(read.written));
        for read in reads.into_iter().skip(KEPT) {
            let compared = read.snapshot.compared.as_ref();
            let version = compared.and_then(|of| of.evidence.version());
            let of = version.map_or(String::new(), |version| format!("-{}", part(version)));
            groups
                .entry(format!("{}.==finished{of}", part(target)))
                .or_default()
                .push(read);
        }
    }
    groups
}

/// Forgets instances that are there no more, and of which nothing is left.
pub(in crate::state) async fn forget(run: &Run, buckets: &Buckets) -> Result<(), String> {
    let loaded = load(run, buckets, "").await?;
    if loaded.first_running() != Some(&run.instance_key()) {
        return Ok(());
    }
    let keys = bucket::keys(&buckets.client, &buckets.reports, "report.>", PATIENCE).await?;
    let left: BTreeSet<_> = keys
        .iter()
        .filter_map(|key| key.split('.').nth(4))
        .collect();
    for (instance, (heartbeat, heard)) in &loaded.instances {
        let silent = loaded.now.duration_since(*heard).unwrap_or_default();
        let patience = if heartbeat.is_finished {
            run.shared.interval * MISSED
        } else {
            GONE
        };
        if silent > patience && !left.contains(&**instance) {
            bucket::remove(&buckets.reports, &format!("instance.{instance}")).await?;
        }
    }
    Ok(())
}
