//! What is set for all instances of a program.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mirror_dashboard::Change;
use mirror_runtime::{Control, control};
use serde::{Deserialize, Serialize};

/// What is set for a mirror, or for all of them: the value of `control.{mirror}`, or of `all`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Order {
    /// The version of the format. What is of another is left as it was.
    pub(super) version: u32,
    /// The name of the mirror; empty for all of them.
    pub(super) mirror: String,
    pub(super) switch: Option<Said<bool>>,
    /// By the names of targets.
    pub(super) shares: BTreeMap<String, Said<f64>>,
    /// Who has removed what was set before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reset: Option<By>,
}

/// Who has done something, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct By {
    pub(super) actor: String,
    pub(super) reason: Option<String>,
}

impl By {
    /// The fleet's control of a mirror, in this name.
    pub(super) fn control(&self, mirror: &str) -> Control {
        let control = control(mirror).as_fleet();
        let control = match &*self.actor {
            "" => control.by("fleet"),
            actor => control.by(actor),
        };
        match &self.reason {
            Some(reason) => control.because(reason),
            None => control,
        }
    }
}

/// A value, and who has set it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Said<T> {
    pub(super) value: T,
    pub(super) actor: String,
    #[serde(default)]
    pub(super) reason: Option<String>,
    /// When it ends, in milliseconds since 1970.
    #[serde(default)]
    pub(super) until_unix_ms: Option<u64>,
}

/// The version of [`Order`].
pub(super) const VERSION: u32 = 1;

/// What is to be changed in all instances, and by whom.
pub(super) struct Asked {
    pub(super) by: String,
    pub(super) change: Change,
}

impl Asked {
    /// Whether anything of the switch or of the shares is changed.
    pub(super) fn sets(&self) -> bool {
        let change = &self.change;
        change.reset || change.enabled.is_some() || !change.percentage.is_empty()
    }

    pub(super) fn by(&self) -> By {
        By {
            actor: self.by.clone(),
            reason: self.change.reason.clone(),
        }
    }

    fn said<T>(&self, value: T) -> Said<T> {
        let lasts = self.change.for_seconds.map(Duration::from_secs);
        let until = lasts.and_then(|lasts| SystemTime::now().checked_add(lasts));
        Said {
            value,
            actor: self.by.clone(),
            reason: self.change.reason.clone(),
            until_unix_ms: until.map(unix_ms),
        }
    }
}

impl Order {
    /// The same, changed.
    pub(super) fn changed(mut self, mirror: &str, asked: &Asked) -> Self {
        let change = &asked.change;
        if change.reset {
            self = Self::default();
            self.reset = Some(asked.by());
        }
        self.version = VERSION;
        mirror.clone_into(&mut self.mirror);
        if let Some(enabled) = change.enabled {
            self.switch = Some(asked.said(enabled));
        }
        for (target, percentage) in &change.percentage {
            self.shares.insert(target.clone(), asked.said(*percentage));
        }
        self.without_ended(SystemTime::now())
    }

    /// The same, for a mirror of which nothing else is said if it says nothing itself.
    pub(super) fn over(&self, all: Option<&Self>) -> Self {
        let mut order = self.clone();
        if order.switch.is_none() {
            order.switch = all.and_then(|all| all.switch.clone());
        }
        if order.reset.is_none() {
            order.reset = all.and_then(|all| all.reset.clone());
        }
        order
    }

    pub(super) fn is_empty(&self) -> bool {
        self.switch.is_none() && self.shares.is_empty()
    }

    fn without_ended(mut self, now: SystemTime) -> Self {
        self.switch = self.switch.filter(|said| !said.is_over(now));
        self.shares.retain(|_, said| !said.is_over(now));
        self
    }

    /// Sets it in this process, where `before` was set. What has ended since then has ended here,
    /// too, by itself.
    pub(super) fn apply(&self, mirror: &str, before: &Self) {
        let now = SystemTime::now();
        let current = self.clone().without_ended(now);
        let before = before.clone().without_ended(now);
        let is_removed = before.switch.is_some() && current.switch.is_none()
            || before
                .shares
                .keys()
                .any(|target| !current.shares.contains_key(target));
        if is_removed {
            let by = self.reset.clone().unwrap_or_default();
            by.control(mirror).reset();
        }
        if let Some(said) = &current.switch {
            let control = said.control(mirror);
            if said.value {
                control.enable();
            } else {
                control.disable();
            }
        }
        for (target, said) in &current.shares {
            if let Err(error) = said.control(mirror).set_percentage(target, said.value) {
                tracing::warn!(mirror, target, %error, "the fleet's share is not set here");
            }
        }
    }
}

impl<T> Said<T> {
    pub(super) fn is_over(&self, now: SystemTime) -> bool {
        self.until().is_some_and(|until| until <= now)
    }

    pub(super) fn until(&self) -> Option<SystemTime> {
        let until = Duration::from_millis(self.until_unix_ms?);
        UNIX_EPOCH.checked_add(until)
    }

    fn control(&self, mirror: &str) -> Control {
        let mut control = control(mirror).as_fleet().by(&self.actor);
        if let Some(reason) = &self.reason {
            control = control.because(reason);
        }
        match self.until() {
            Some(until) => control.until(until),
            None => control,
        }
    }
}

/// Milliseconds since 1970.
pub(super) fn unix_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
