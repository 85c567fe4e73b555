//! The epochs of the reports: each begins anew for all instances.

use std::{collections::BTreeMap, time::Instant};

use mirror_dashboard::snapshot::FleetSetting;
use mirror_runtime::Mirror;
use serde::{Deserialize, Serialize};

use super::{Buckets, Run, TRIES, VERSION, get, made, order_key, parsed, put_if};
use crate::{
    bucket::{self, Entry, part},
    state::{
        fleet::MISSED,
        order::{By, Order},
        settings::settings,
    },
};

/// The value of `epoch.{mirror}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Epoch {
    pub(super) version: u32,
    mirror: String,
    #[serde(rename = "epoch")]
    number: u64,
    /// Who has begun it, and why.
    #[serde(default)]
    by: By,
}

impl Run {
    /// Tells the fleet that the report was begun anew here, and asks whether it was elsewhere, and
    /// what is set for the fleet.
    pub(super) async fn catch_up(
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

    pub(super) fn heard_epoch(&mut self, epoch: &Epoch, entry: &Entry) {
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
    pub(super) fn restart(&mut self, name: &str, by: &By) {
        by.control(name).restart_report();
        if let Some(mirror) = made().get(name) {
            let restarts = self.restarts.entry(name.to_owned()).or_default();
            // One that was not told yet is still to be told.
            *restarts = (*restarts + 1).min(mirror.report_restarts());
        }
        self.forget(name);
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.shared.drop_report(name);
        self.written.retain(|(mirror, _), _| mirror != name);
    }

    /// Notes how often the report of a mirror that is new was begun anew. Nobody is told of those
    /// times: the fleet had not heard of the mirror.
    pub(super) fn note_restarts(&mut self) {
        for (name, mirror) in made() {
            let restarts = mirror.report_restarts();
            self.restarts.entry(name).or_insert(restarts);
        }
    }

    /// Begins a new epoch for each mirror whose report was begun anew in this process.
    pub(super) async fn tell_restarts(
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
    pub(super) async fn begin_epoch(
        &mut self,
        buckets: &Buckets,
        mirror: &str,
        by: By,
    ) -> Result<(), String> {
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

    pub(super) async fn remove_what_is_over(&mut self, buckets: &Buckets) {
        let now = Instant::now();
        let due = self.over.extract_if(.., |(at, _)| *at <= now);
        let due: Vec<_> = due.collect();
        for (at, filter) in due {
            if bucket::remove(&buckets.reports, &filter).await.is_err() {
                self.over.push((at, filter));
            }
        }
    }
}
