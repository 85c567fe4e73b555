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

/// So many mirrors are named in one line: enough to know which change it was.
const MAX_NAMED: usize = 20;

/// A mirror of which a line tells, and what else it says if it is the only one.
#[derive(Debug)]
pub(super) struct Told {
    mirror: String,
    target: Option<String>,
    /// The shares in force, as they are read.
    shares: String,
    /// Whether the line is about them.
    has_shares: bool,
}

impl Told {
    pub(super) fn new(mirror: &str) -> Self {
        Self::of_target(mirror, None)
    }

    pub(super) fn of_target(mirror: &str, target: Option<&String>) -> Self {
        Self {
            mirror: mirror.to_owned(),
            target: target.cloned(),
            shares: String::new(),
            has_shares: false,
        }
    }

    pub(super) fn with_shares(state: &ControlState, has_shares: bool) -> Self {
        let shares = state.targets.iter();
        let shares = shares.map(|target| format!("{} {} %", target.name, target.percentage));
        Self {
            shares: shares.collect::<Vec<_>>().join(", "),
            has_shares,
            ..Self::new(&state.mirror)
        }
    }

    /// One of many.
    fn among_others(&self) -> String {
        let mirror = &self.mirror;
        match &self.target {
            Some(target) => format!("{mirror} ({target})"),
            None if self.has_shares => format!("{mirror} ({})", self.shares),
            None => mirror.clone(),
        }
    }
}

/// The first of many names, and how many more there are.
fn named(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(MAX_NAMED);
    let mut named = names.take(MAX_NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    named
}

/// Tells the log what came of one change. What is the same for many mirrors is one line.
pub(super) fn log_all(notices: Vec<Notice>) {
    joined(notices).into_iter().for_each(Notice::log);
}

pub(super) fn joined(notices: Vec<Notice>) -> Vec<Notice> {
    let mut all: Vec<Notice> = Vec::new();
    for notice in notices {
        let mut left = Some(notice);
        for one in &mut all {
            left = left.and_then(|notice| one.join(notice));
        }
        all.extend(left);
    }
    all
}

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
        mirrors: Vec<Told>,
        said: Option<Arc<Said>>,
        is_enabled: bool,
        decides: ControlSource,
    },
    /// A file names a mirror that is not there.
    NoSuchMirror { mirrors: Vec<Told> },
    /// An override has ended.
    Ended {
        mirrors: Vec<Told>,
        source: ControlSource,
        said: Arc<Said>,
    },
    /// The `until` of a mirror has come.
    Over {
        mirrors: Vec<Told>,
        until: SystemTime,
    },
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
    /// Takes in what another says, if that is the same of other mirrors. Otherwise it is left.
    fn join(&mut self, other: Self) -> Option<Self> {
        match (self, other) {
            (
                Self::File {
                    mirrors,
                    said,
                    is_enabled,
                    decides,
                },
                Self::File {
                    mirrors: more,
                    said: other,
                    is_enabled: is_other_enabled,
                    decides: other_decides,
                },
            ) if (*is_enabled, *decides) == (is_other_enabled, other_decides)
                && is_said_alike(said.as_deref(), other.as_deref()) =>
            {
                mirrors.extend(more);
            }
            (Self::NoSuchMirror { mirrors }, Self::NoSuchMirror { mirrors: more }) => {
                mirrors.extend(more);
            }
            (
                Self::Ended {
                    mirrors,
                    source,
                    said,
                },
                Self::Ended {
                    mirrors: more,
                    source: other_source,
                    said: other,
                },
            ) if *source == other_source && is_said_alike(Some(said), Some(&other)) => {
                mirrors.extend(more);
            }
            (
                Self::Over { mirrors, until },
                Self::Over {
                    mirrors: more,
                    until: other,
                },
            ) if *until == other => {
                mirrors.extend(more);
            }
            (_, other) => return Some(other),
        }
        None
    }

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
            Self::File {
                mirrors,
                said,
                is_enabled,
                decides,
            } => {
                let said = said.as_deref();
                let (actor, reason) = (
                    said.and_then(|said| said.actor.as_deref()),
                    said.and_then(|said| said.reason.as_deref()),
                );
                let until = said.and_then(|said| said.until);
                let until = until.map(|until| display(written(until)));
                let (source, decides) = (ControlSource::File.as_str(), decides.as_str());
                if let [only] = &mirrors[..] {
                    tracing::warn!(
                        mirror = only.mirror,
                        source,
                        actor,
                        reason,
                        until,
                        is_enabled,
                        decides,
                        targets = only.shares,
                        "the control file has changed for this mirror"
                    );
                } else {
                    tracing::warn!(
                        mirrors = mirrors.len(),
                        named = named(mirrors.iter().map(Told::among_others)),
                        source,
                        actor,
                        reason,
                        until,
                        is_enabled,
                        decides,
                        "the control file has changed for these mirrors"
                    );
                }
            }
            Self::NoSuchMirror { mirrors } => tracing::warn!(
                mirrors = mirrors.len(),
                named = named(mirrors.iter().map(Told::among_others)),
                source = ControlSource::File.as_str(),
                "the control file names mirrors that are not known yet: what it says applies when they are made"
            ),
            Self::Ended {
                mirrors,
                source,
                said,
            } => {
                let (actor, reason) = (said.actor.as_deref(), said.reason.as_deref());
                let until = said.until.map(|until| display(written(until)));
                let source = source.as_str();
                if let [only] = &mirrors[..] {
                    tracing::warn!(
                        mirror = only.mirror,
                        target = only.target,
                        source,
                        actor,
                        reason,
                        until,
                        "override ended: the layers below decide"
                    );
                } else {
                    tracing::warn!(
                        overrides = mirrors.len(),
                        named = named(mirrors.iter().map(Told::among_others)),
                        source,
                        actor,
                        reason,
                        until,
                        "overrides ended: the layers below decide"
                    );
                }
            }
            Self::Over { mirrors, until } => {
                let (source, until) = (ControlSource::Code.as_str(), written(until));
                if let [only] = &mirrors[..] {
                    tracing::warn!(
                        mirror = only.mirror,
                        source,
                        %until,
                        "mirror switched off: its `until` has come; remove the mirror, or give it a later date"
                    );
                } else {
                    tracing::warn!(
                        mirrors = mirrors.len(),
                        named = named(mirrors.iter().map(Told::among_others)),
                        source,
                        %until,
                        "mirrors switched off: their `until` has come; remove them, or give them a later date"
                    );
                }
            }
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
                mirrors = mirrors.len(),
                named = named(mirrors.into_iter()),
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

/// Whether two overrides say the same of who, why and until when.
fn is_said_alike(one: Option<&Said>, other: Option<&Said>) -> bool {
    let said = |said: Option<&Said>| {
        said.map(|said| (said.actor.clone(), said.reason.clone(), said.until))
    };
    said(one) == said(other)
}
