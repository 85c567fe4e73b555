//! The layer `file`: what a file says, which the program has read.

use std::{collections::BTreeMap, time::SystemTime};

use mirror_grammar::{check_percentage, parse_moment};
use serde::Deserialize;

use super::{
    error::ControlError,
    layers::{Applied, FileSays as Said, Order, shortened},
    process::with,
};

/// What a file says of the mirrors of a program. [`apply`](Self::apply) puts it in force, in place
/// of what the file said before.
///
/// The program reads the file, whenever it wants, in any format that `serde` has. Nothing here
/// watches a file, and no field holds a URL: a file can switch what is written in the code, and send
/// nothing elsewhere.
///
/// In TOML:
///
/// ```toml
/// # Of all mirrors that say nothing themselves.
/// enabled = true
/// reason = "incident 4711"
/// by = "ada"
///
/// [mirrors.orders]
/// enabled = false
/// reason = "the shadow is being repaired"
/// until = "2027-01-31T14:30:00Z"
///
/// [mirrors."shop::Users::list".targets]
/// rewrite = 5
/// "https://staging.example.com" = 0
/// ```
///
/// In JSON:
///
/// ```
/// use mirror_runtime::{ControlFile, ControlSource, control};
///
/// let file: ControlFile = serde_json::from_str(
///     r#"{
///         "mirrors": {
///             "orders": { "enabled": false, "reason": "the shadow is being repaired" },
///             "users": { "targets": { "rewrite": 5 } }
///         }
///     }"#,
/// )?;
/// file.apply()?;
/// let state = control("orders").state();
/// assert_eq!((state.is_enabled, state.source), (false, ControlSource::File));
///
/// // An empty file says nothing.
/// ControlFile::default().apply()?;
/// assert!(control("orders").state().is_enabled);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A field that is not known is an error of `serde`. A mirror that is not known is no error, for it
/// may be made later; the log is told of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ControlFile {
    /// Whether mirrors are on of which the file says nothing else. Default: the layers below
    /// decide.
    pub enabled: Option<bool>,
    /// Why, for all that has no reason of its own.
    pub reason: Option<String>,
    /// Who says so, for all that names nobody itself.
    pub by: Option<String>,
    /// When all ends that has no end of its own: `2027-01-31`, which is 00:00 UTC of that day, or
    /// `2027-01-31T14:30:00Z`.
    pub until: Option<String>,
    /// Mirrors, by name.
    pub mirrors: BTreeMap<String, ControlFileMirror>,
}

/// What a [`ControlFile`] says of one mirror.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ControlFileMirror {
    /// Whether it is on. Default: what the file says of all mirrors.
    pub enabled: Option<bool>,
    /// Why.
    pub reason: Option<String>,
    /// Who says so.
    pub by: Option<String>,
    /// When it ends: as [`ControlFile::until`].
    pub until: Option<String>,
    /// The shares of targets, by name, in percent.
    pub targets: BTreeMap<String, f64>,
}

impl ControlFile {
    /// Puts the file in force: all that a file said before counts no more. What has not changed
    /// stays as it is, so that a file may be applied as often as it is read; the log is told of what
    /// has, with a warning: one for all mirrors of which the file says the same.
    ///
    /// The layers `fleet` and `api` count before it.
    ///
    /// # Errors
    ///
    /// [`ControlError`], for the first percentage that is not between 0 and 100, the first `until`
    /// that is no date, and the first target that a known mirror does not have. Nothing changes
    /// then.
    pub fn apply(&self) -> Result<(), ControlError> {
        let all = self.order(None, "all mirrors")?;
        let mut mirrors = BTreeMap::new();
        for (name, mirror) in &self.mirrors {
            for (target, percentage) in &mirror.targets {
                check_percentage(*percentage)
                    .map_err(|error| ControlError::percentage(name, target, &error))?;
            }
            mirrors.insert(
                name.clone(),
                Said {
                    order: self.order(Some(mirror), name)?,
                    enabled: mirror.enabled.or(self.enabled),
                    targets: mirror.targets.clone(),
                },
            );
        }
        let all = Said {
            order: all,
            enabled: self.enabled,
            targets: BTreeMap::new(),
        };
        with(|table, now| table.apply(Applied { all, mirrors }, now))
    }

    /// Who says something, why and until when.
    fn order(&self, mirror: Option<&ControlFileMirror>, of: &str) -> Result<Order, ControlError> {
        let own = |own: fn(&ControlFileMirror) -> &Option<String>, shared: &Option<String>| {
            let own = mirror.and_then(|mirror| own(mirror).clone());
            own.or_else(|| shared.clone())
        };
        let until = own(|mirror| &mirror.until, &self.until);
        let until = until.map(|until| parse_moment(until.trim())).transpose();
        let until = until.map_err(|error| ControlError::Until {
            of: of.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Order {
            actor: own(|mirror| &mirror.by, &self.by).map(shortened),
            reason: own(|mirror| &mirror.reason, &self.reason).map(shortened),
            until: until.map(|until| SystemTime::UNIX_EPOCH + until),
        })
    }
}
