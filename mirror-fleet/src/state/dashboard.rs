//! The fleet as `mirror-dashboard` asks for it.

use std::time::Duration;

use mirror_dashboard::{
    Actor, Change, Fleet, FleetInstance, FleetMirror, FleetTarget, InstanceState,
    snapshot::FleetSetting,
};

use super::{FleetReport, FleetView, InstancePresence, Sum};

impl Fleet for FleetView {
    fn mirror(&self, name: &str, patience: Duration) -> FleetMirror {
        shown(self.report(name, patience))
    }

    fn settings(&self, mirror: &str) -> Vec<FleetSetting> {
        self.settings(mirror)
    }

    fn change(&self, mirror: Option<&str>, actor: &Actor, change: &Change) -> Result<(), String> {
        self.change(mirror, actor.as_str(), change.clone())
    }
}

fn shown(report: FleetReport) -> FleetMirror {
    let instances = report.instances.into_iter().map(|instance| {
        let state = match instance.presence {
            InstancePresence::Running => InstanceState::Running,
            InstancePresence::Finished => InstanceState::Finished,
            InstancePresence::Missing => InstanceState::Missing,
            InstancePresence::Replaced => InstanceState::Replaced,
        };
        FleetInstance::new(instance.name, state, instance.heard).with_this(instance.is_this)
    });
    let mut mirror = FleetMirror::default();
    mirror.epoch = report.epoch;
    mirror.read = report.read;
    mirror.error = report.error;
    mirror.settings = report.settings;
    mirror.instances = instances.collect();
    mirror.targets = report.targets.iter().map(target).collect();
    mirror
}

fn target(sum: &Sum) -> FleetTarget {
    let mut target = FleetTarget::new(sum.stats.clone());
    target.report = sum.report();
    target.is_baseline = sum.is_baseline;
    target.open_circuits = sum.open_circuits;
    target.instances = sum.instances;
    target
}
