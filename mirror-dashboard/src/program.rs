//! The mirrors of the program, and what is changed of them.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mirror_runtime::{Control, ControlError, ControlState, Mirror, MirrorInfo, TargetControl};

use crate::{
    change::{Change, Changed},
    snapshot::{Share, Switch, WrittenOption},
};

/// A mirror that the program has, with or without traffic.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) module: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    /// The names of its targets, as they are written.
    pub(crate) targets: Vec<String>,
    pub(crate) options: Vec<WrittenOption>,
    /// `None` until its first request.
    pub(crate) mirror: Option<Mirror>,
    pub(crate) switch: Switch,
    pub(crate) shares: BTreeMap<String, Share>,
}

/// All of them, by name.
pub(crate) fn mirrors() -> Vec<Listed> {
    mirror_runtime::mirrors().into_iter().map(listed).collect()
}

/// The mirror of this name.
pub(crate) fn listed_as(name: &str) -> Option<Listed> {
    let mut mirrors = mirror_runtime::mirrors().into_iter();
    mirrors.find(|info| info.name == name).map(listed)
}

fn listed(info: MirrorInfo) -> Listed {
    let state = info.control().state();
    let mirror = info.mirror();
    let options = info.options.into_iter();
    Listed {
        name: info.name,
        module: info.module,
        file: info.file,
        line: info.line,
        targets: info.targets,
        options: options.map(written).collect(),
        mirror,
        switch: switch(&state),
        shares: shares(&state),
    }
}

/// An option, without what may be secret. The values of headers are left out already.
fn written((name, value): (String, String)) -> WrittenOption {
    let value = (name != "key").then_some(value);
    WrittenOption { name, value }
}

fn switch(state: &ControlState) -> Switch {
    Switch {
        is_enabled: state.is_enabled,
        source: state.source.as_str().to_owned(),
        reason: state.reason.clone(),
        actor: state.actor.clone(),
        since_unix_s: state.since.map(unix_s),
        until_unix_s: state.until.map(unix_s),
    }
}

fn shares(state: &ControlState) -> BTreeMap<String, Share> {
    let share = |target: &TargetControl| {
        // Of a mirror that is off, the switch is why nothing is copied.
        let held = if state.is_enabled {
            target.clone()
        } else {
            let mut held = target.clone();
            held.source = state.source;
            held.reason.clone_from(&state.reason);
            held.actor.clone_from(&state.actor);
            (held.since, held.until) = (state.since, state.until);
            held
        };
        Share {
            percentage: Some(held.percentage),
            configured: Some(held.configured),
            source: held.source.as_str().to_owned(),
            reason: held.reason,
            actor: held.actor,
            since_unix_s: held.since.map(unix_s),
            until_unix_s: held.until.map(unix_s),
        }
    };
    state
        .targets
        .iter()
        .map(|target| (target.name.clone(), share(target)))
        .collect()
}

/// The state of a mirror, as the response to a change has it.
pub(crate) fn changed(name: &str) -> Changed {
    let state = mirror_runtime::control(name).state();
    Changed {
        mirror: name.to_owned(),
        fleet: None,
        control: switch(&state),
        targets: shares(&state),
    }
}

/// Who changes something, why and for how long.
#[derive(Debug)]
pub(crate) struct Setting<'c> {
    actor: &'c str,
    reason: Option<&'c str>,
    lasts: Option<Duration>,
}

impl<'c> Setting<'c> {
    pub(crate) fn new(actor: &'c str, change: &'c Change) -> Self {
        Self {
            actor,
            reason: change.reason.as_deref(),
            lasts: change.for_seconds.map(Duration::from_secs),
        }
    }

    fn control(&self, name: &str) -> Control {
        let mut control = mirror_runtime::control(name).by(self.actor);
        if let Some(reason) = self.reason {
            control = control.because(reason);
        }
        if let Some(lasts) = self.lasts {
            control = control.for_duration(lasts);
        }
        control
    }

    /// Changes one mirror.
    pub(crate) fn apply(&self, name: &str, change: &Change) -> Result<(), ControlError> {
        let control = self.control(name);
        if change.reset {
            control.reset();
        }
        match change.enabled {
            Some(true) => control.enable(),
            Some(false) => control.disable(),
            None => {}
        }
        for (target, percentage) in &change.percentage {
            control.set_percentage(target, *percentage)?;
        }
        if change.restart_report {
            control.restart_report();
        }
        Ok(())
    }

    /// Changes all mirrors.
    pub(crate) fn apply_to_all(&self, change: &Change) {
        let mut control = mirror_runtime::control_all().by(self.actor);
        if let Some(reason) = self.reason {
            control = control.because(reason);
        }
        if let Some(lasts) = self.lasts {
            control = control.for_duration(lasts);
        }
        if change.reset {
            control.reset();
        }
        match change.enabled {
            Some(true) => control.enable(),
            Some(false) => control.disable(),
            None => {}
        }
        if change.restart_report {
            for mirror in mirrors() {
                self.control(&mirror.name).restart_report();
            }
        }
    }
}

/// Milliseconds since 1970.
pub(crate) fn unix_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Seconds since 1970.
pub(crate) fn unix_s(time: SystemTime) -> u64 {
    unix_ms(time) / 1000
}
