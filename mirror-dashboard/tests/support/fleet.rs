//! A fleet of three, of which one is missing.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use mirror_dashboard::{
    Actor, Change, Fleet, FleetInstance, FleetMirror, FleetTarget, InstanceState,
    snapshot::FleetSetting,
};

/// Which mirror was changed, by whom, and how.
pub(crate) type Changed = (Option<String>, String, Change);

/// Three instances that know what this process knows, thrice.
#[derive(Clone, Debug, Default)]
pub(crate) struct Three {
    pub(crate) changes: Arc<Mutex<Vec<Changed>>>,
    pub(crate) is_away: bool,
}

impl Fleet for Three {
    fn mirror(&self, name: &str, _: Duration) -> FleetMirror {
        let now = SystemTime::now();
        let instances = [
            ("pod-1", InstanceState::Running, 0),
            ("pod-2", InstanceState::Missing, 700),
            ("pod-3", InstanceState::Finished, 90),
        ];
        let mut all = FleetMirror::default();
        all.epoch = 2;
        all.read = Some(now);
        all.settings = self.settings(name);
        all.error = self.is_away.then(|| "NATS is away".to_owned());
        all.instances = instances
            .map(|(name, state, ago)| {
                let heard = now - Duration::from_secs(ago);
                FleetInstance::new(name, state, heard).with_this(name == "pod-1")
            })
            .into();
        let Some(mirror) = mirror_runtime::mirror_named(name) else {
            return all;
        };
        let reports = mirror.evidence();
        for stats in mirror.stats().targets {
            let counts = stats.to_counts().into_iter();
            let counts = counts.map(|(name, count)| (name, 3 * count));
            let mut thrice =
                mirror_runtime::TargetStats::from_counts(&stats.name, &counts.collect());
            thrice.latency = stats.latency;
            let of = reports.iter().find(|of| of.name == stats.name);
            let mut target = FleetTarget::new(thrice);
            target.instances = 3;
            target.open_circuits = 1;
            target.report = of.map(|of| {
                let mut evidence = of.evidence.clone();
                evidence.merge(&of.evidence);
                evidence.merge(&of.evidence);
                evidence.report(&of.name, &of.thresholds, of.standing)
            });
            all.targets.push(target);
        }
        all
    }

    fn settings(&self, _: &str) -> Vec<FleetSetting> {
        let mut off = FleetSetting::default();
        off.is_enabled = Some(false);
        off.actor = Some("ada".to_owned());
        off.reason = Some("too slow".to_owned());
        off.until_unix_s = Some(1_795_766_600);
        let mut share = FleetSetting::default();
        share.is_for_all = true;
        share.target = Some("rewrite".to_owned());
        share.percentage = Some(5.0);
        vec![off, share]
    }

    fn change(&self, mirror: Option<&str>, actor: &Actor, change: &Change) -> Result<(), String> {
        if self.is_away {
            return Err("NATS is away: nothing was changed".to_owned());
        }
        let mirror = mirror.map(str::to_owned);
        let change = (mirror, actor.to_string(), change.clone());
        self.changes.lock().unwrap().push(change);
        Ok(())
    }
}
