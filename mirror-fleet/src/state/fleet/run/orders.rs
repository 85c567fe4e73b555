//! What is set for all instances: it is heard, applied here, and changed.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use mirror_runtime::mirrors;

use super::{Buckets, Run, TRIES, VERSION, get, parsed, put_if};
use crate::{
    bucket::{part, told},
    state::order::{self, Asked, Order, in_force},
};

/// A clock that differs by more since it was looked at last was set.
const CLOCK_STEP: Duration = Duration::from_secs(1);

impl Run {
    /// Sets in this process what is set for the fleet, of the mirrors that there are by now.
    pub(super) fn apply_orders(&mut self) {
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
    pub(super) fn server_time(&self) -> SystemTime {
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

    pub(super) async fn change(
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

pub(in crate::state) fn order_key(mirror: &str) -> String {
    format!("control.{}", part(mirror))
}

/// So that `order::VERSION` and that of the buckets are one.
const _: () = assert!(order::VERSION == VERSION);
