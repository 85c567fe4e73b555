//! What the log is told. Never while the table is locked: a log may do anything.

use std::{sync::Arc, time::SystemTime};

use tracing::field::display;

use super::{
    entry::Place,
    environment::VARIABLE,
    layers::Said,
    state::{ControlSource, ControlState, written},
};
use crate::workers::contained;

/// Something that whoever runs the program should know.
#[derive(Debug)]
pub(super) enum Notice {
    /// A switch was set; `in_force` is what holds now, and by whom.
    Switch {
        mirror: String,
        source: ControlSource,
        said: Arc<Said>,
        value: bool,
        in_force: (bool, ControlSource),
    },
    /// All switches were set.
    AllSwitches { said: Arc<Said>, value: bool },
    /// A share was set.
    Share {
        mirror: String,
        target: String,
        source: ControlSource,
        said: Arc<Said>,
        value: f64,
        in_force: (f64, ControlSource),
    },
    /// The overrides of a layer were removed.
    Reset {
        mirror: Option<String>,
        source: ControlSource,
        actor: Option<String>,
        reason: Option<String>,
    },
    /// A file says something else of a mirror than before.
    File {
        said: Option<Arc<Said>>,
        state: ControlState,
    },
    /// A file names a mirror that is not there.
    NoSuchMirror { mirror: String },
    /// An override has ended.
    Ended {
        mirror: String,
        target: Option<String>,
        source: ControlSource,
        said: Arc<Said>,
    },
    /// The `until` of a mirror has come.
    Over { mirror: String, until: SystemTime },
    /// The environment switches all mirrors off, by a value that is known or is not.
    EnvironmentOff { unknown: Option<String> },
    /// It switches some off.
    EnvironmentPattern {
        pattern: String,
        mirrors: Vec<String>,
    },
    /// It switches one off that is made later.
    EnvironmentMirror { mirror: String },
    /// Two mirrors have one name.
    Twice { name: String, places: [Place; 2] },
    /// A share was set for a target that the mirror does not have.
    NoSuchTarget {
        mirror: String,
        target: String,
        source: ControlSource,
        known: String,
    },
    /// So many names were given that no mirror has that no more are remembered.
    TooManyNames { mirror: String },
    /// There is no thread that waits for ends.
    NoTimer,
}

impl Notice {
    pub(super) fn log(self) {
        contained(|| self.write());
    }

    #[expect(clippy::too_many_lines, reason = "one piece for each kind")]
    fn write(self) {
        match self {
            Self::Switch {
                mirror,
                source,
                said,
                value,
                in_force: (is_enabled, by),
            } => {
                let (actor, reason) = (said.actor.as_deref(), said.reason.as_deref());
                let until = said.until.map(|until| display(written(until)));
                let source = source.as_str();
                if is_enabled != value {
                    let asked = if value { "on" } else { "off" };
                    let decides = by.as_str();
                    tracing::warn!(
                        mirror,
                        source,
                        actor,
                        reason,
                        until,
                        asked,
                        is_enabled,
                        decides,
                        "mirror stays as it is: another layer decides"
                    );
                } else if value {
                    tracing::warn!(mirror, source, actor, reason, until, "mirror switched on");
                } else {
                    tracing::warn!(
                        mirror,
                        source,
                        actor,
                        reason,
                        until,
                        "mirror switched off: no new copies are sent, and those under way end"
                    );
                }
            }
            Self::AllSwitches { said, value } => {
                let (actor, reason) = (said.actor.as_deref(), said.reason.as_deref());
                let until = said.until.map(|until| display(written(until)));
                let source = ControlSource::Api.as_str();
                if value {
                    tracing::warn!(source, actor, reason, until, "all mirrors switched on");
                } else {
                    tracing::warn!(
                        source,
                        actor,
                        reason,
                        until,
                        "all mirrors switched off: no new copies are sent, and those under way end"
                    );
                }
            }
            Self::Share {
                mirror,
                target,
                source,
                said,
                value,
                in_force: (percentage, by),
            } => {
                let (actor, reason) = (said.actor.as_deref(), said.reason.as_deref());
                let until = said.until.map(|until| display(written(until)));
                let (source, decides) = (source.as_str(), by.as_str());
                tracing::warn!(
                    mirror,
                    target,
                    source,
                    actor,
                    reason,
                    until,
                    asked = value,
                    percentage,
                    decides,
                    "percentage set"
                );
            }
            Self::Reset {
                mirror,
                source,
                actor,
                reason,
            } => {
                let source = source.as_str();
                tracing::warn!(
                    mirror,
                    source,
                    actor,
                    reason,
                    "overrides removed: the layers below decide"
                );
            }
            Self::File { said, state } => {
                let said = said.as_deref();
                let (actor, reason) = (
                    said.and_then(|said| said.actor.as_deref()),
                    said.and_then(|said| said.reason.as_deref()),
                );
                let until = said.and_then(|said| said.until);
                let until = until.map(|until| display(written(until)));
                let shares = state.targets.iter();
                let shares =
                    shares.map(|target| format!("{} {} %", target.name, target.percentage));
                tracing::warn!(
                    mirror = state.mirror,
                    source = ControlSource::File.as_str(),
                    actor,
                    reason,
                    until,
                    is_enabled = state.is_enabled,
                    decides = state.source.as_str(),
                    targets = shares.collect::<Vec<_>>().join(", "),
                    "the control file has changed for this mirror"
                );
            }
            Self::NoSuchMirror { mirror } => tracing::warn!(
                mirror,
                source = ControlSource::File.as_str(),
                "the control file names a mirror that is not known yet: what it says applies when one of this name is made"
            ),
            Self::Ended {
                mirror,
                target,
                source,
                said,
            } => {
                let (actor, reason) = (said.actor.as_deref(), said.reason.as_deref());
                let until = said.until.map(|until| display(written(until)));
                let source = source.as_str();
                tracing::warn!(
                    mirror,
                    target,
                    source,
                    actor,
                    reason,
                    until,
                    "override ended: the layers below decide"
                );
            }
            Self::Over { mirror, until } => tracing::warn!(
                mirror,
                source = ControlSource::Code.as_str(),
                until = %written(until),
                "mirror switched off: its `until` has come; remove the mirror, or give it a later date"
            ),
            Self::EnvironmentOff { unknown: None } => tracing::warn!(
                source = VARIABLE,
                "all mirrors are switched off, and no copies are sent: unset the variable, or write `MIRROR_DISABLED=0`, to send them"
            ),
            Self::EnvironmentOff {
                unknown: Some(value),
            } => tracing::warn!(
                source = VARIABLE,
                value,
                "all mirrors are switched off by a value that is not known: write `MIRROR_DISABLED=1` to switch them off, or `MIRROR_DISABLED=0` to send copies"
            ),
            Self::EnvironmentPattern { pattern, mirrors } if mirrors.is_empty() => tracing::warn!(
                source = VARIABLE,
                pattern,
                "no mirror that is known yet has such a name; one that is made later is switched off"
            ),
            Self::EnvironmentPattern { pattern, mirrors } => tracing::warn!(
                source = VARIABLE,
                pattern,
                mirrors = mirrors.join(", "),
                "mirrors switched off: no copies are sent"
            ),
            Self::EnvironmentMirror { mirror } => tracing::warn!(
                source = VARIABLE,
                mirror,
                "mirror switched off: no copies are sent"
            ),
            Self::Twice {
                name,
                places: [one, other],
            } => tracing::error!(
                mirror = name,
                first = %one,
                second = %other,
                "two mirrors have one name, and are counted and controlled as one: give one of them another `name`"
            ),
            Self::NoSuchTarget {
                mirror,
                target,
                source,
                known,
            } => tracing::warn!(
                mirror,
                target,
                source = source.as_str(),
                known,
                "the mirror has no target of this name: its percentage counts for nothing"
            ),
            Self::TooManyNames { mirror } => tracing::error!(
                mirror,
                "nothing is set: too many names are controlled that no mirror has"
            ),
            Self::NoTimer => tracing::error!(
                "no thread could be started to wait for the ends of overrides: they end when mirrors are controlled or looked at next"
            ),
        }
    }
}
