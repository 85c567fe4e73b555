//! Writing what this instance knows.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use mirror_runtime::Mirror;
use serde::{Deserialize, Serialize};

use super::{Buckets, IDLE, Run, VERSION, made};
use crate::{
    bucket::{self, BESIDE, part},
    state::{fleet::MISSED, snapshot::Snapshot},
};

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

/// A snapshot that was written.
pub(super) struct Written {
    counts: BTreeMap<String, u64>,
    compared: u64,
    at: Instant,
}

impl Run {
    /// Writes what this instance knows; whether all of it was.
    pub(super) async fn report(&mut self, buckets: &Buckets, is_last: bool) -> bool {
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
        instance_key(&self.shared.instance, &self.shared.run)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// An instance as a part of a key. Two processes of one name, one after the other, are two.
pub(in crate::state) fn instance_key(name: &str, run: &str) -> String {
    format!("{}-{run}", part(name))
}
