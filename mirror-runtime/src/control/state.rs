//! What is in force, and who has said so.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use mirror_grammar::{Moment, labels};
use serde::{Serialize, Serializer};

labels! {
    /// Who says what a mirror does. A later one counts before an earlier one: see the chapter
    /// [control](crate::guide::control).
    pub enum ControlSource {
        /// The options of the mirror.
        Code = "code",
        /// The environment variable `MIRROR_DISABLED`.
        Env = "env",
        /// A file that the program has applied: [`ControlFile`](crate::ControlFile).
        File = "file",
        /// Many processes that are controlled as one: [`Control::as_fleet`](crate::Control::as_fleet).
        Fleet = "fleet",
        /// This process: [`control`](crate::control), and what calls it.
        Api = "api",
    }
}

impl Serialize for ControlSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a mirror does now, and who has said so.
///
/// Times are serialized as `2027-01-31T14:30:00Z`.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ControlState {
    /// The mirror's name.
    pub mirror: String,
    /// Whether copies are made of its requests.
    pub is_enabled: bool,
    /// Who has decided that.
    pub source: ControlSource,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// Who did it, if that was said.
    pub actor: Option<String>,
    /// Since when; `None` for what the code says.
    #[serde(serialize_with = "serialize_moment_if_any")]
    pub since: Option<SystemTime>,
    /// When it ends. Of a mirror that is on because the code says so, when the option `until`
    /// switches it off.
    #[serde(serialize_with = "serialize_moment_if_any")]
    pub until: Option<SystemTime>,
    /// Its targets, without the baseline. Of a mirror that nobody knows yet, those that were named.
    pub targets: Vec<TargetControl>,
}

/// The share of a target, and who has said so.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TargetControl {
    /// The target's name.
    pub name: String,
    /// The share of the requests that it gets now, in percent: 0 if the mirror is switched off.
    pub percentage: f64,
    /// The share that it has by the code.
    pub configured: f64,
    /// Who has decided the share that it gets while the mirror is on.
    pub source: ControlSource,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// Who did it, if that was said.
    pub actor: Option<String>,
    /// Since when; `None` for what the code says.
    #[serde(serialize_with = "serialize_moment_if_any")]
    pub since: Option<SystemTime>,
    /// When it ends.
    #[serde(serialize_with = "serialize_moment_if_any")]
    pub until: Option<SystemTime>,
}

impl ControlState {
    /// The target of this name.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&TargetControl> {
        self.targets.iter().find(|target| target.name == name)
    }
}

/// In one line, and one for each target.
impl fmt::Display for ControlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = if self.is_enabled { "on" } else { "off" };
        write!(f, "{}: {is}, says {}", self.mirror, self.source)?;
        said(f, self.actor.as_ref(), self.reason.as_ref(), self.until)?;
        for target in &self.targets {
            let TargetControl {
                name,
                percentage,
                configured,
                source,
                ..
            } = target;
            write!(
                f,
                "\n  {name}: {percentage} % of {configured} %, says {source}"
            )?;
            said(
                f,
                target.actor.as_ref(),
                target.reason.as_ref(),
                target.until,
            )?;
        }
        Ok(())
    }
}

fn said(
    f: &mut fmt::Formatter<'_>,
    actor: Option<&String>,
    reason: Option<&String>,
    until: Option<SystemTime>,
) -> fmt::Result {
    if let Some(actor) = actor {
        write!(f, " ({actor})")?;
    }
    if let Some(until) = until {
        write!(f, ", until {}", written(until))?;
    }
    if let Some(reason) = reason {
        write!(f, ": {reason}")?;
    }
    Ok(())
}

/// A moment as RFC 3339 writes it.
pub(super) fn written(moment: SystemTime) -> Moment {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH);
    Moment(since.unwrap_or(Duration::ZERO))
}

/// For serde: as RFC 3339 writes it.
pub(crate) fn serialize_moment<S: Serializer>(
    moment: &SystemTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&written(*moment))
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
pub(crate) fn serialize_moment_if_any<S: Serializer>(
    moment: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => serialize_moment(moment, serializer),
        None => serializer.serialize_none(),
    }
}
