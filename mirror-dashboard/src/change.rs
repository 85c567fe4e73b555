//! What the control router is sent, and what it sends back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::snapshot::{FleetSetting, Share, Switch};

/// What to change of a mirror: the body of a `PUT`. What is not named stays as it is.
///
/// ```
/// use mirror_dashboard::Change;
///
/// let change = Change::default().enabled(false).for_seconds(3600);
/// # #[cfg(feature = "page")]
/// assert_eq!(serde_json::to_string(&change)?, r#"{"enabled":false,"for_seconds":3600}"#);
/// # #[cfg(feature = "page")]
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Change {
    /// Changes the mirror in all instances of the fleet, and not in this process alone.
    #[serde(skip_serializing_if = "is_false")]
    pub fleet: bool,
    /// First removes what was set by this router, or by `Mirror::control`; of a fleet, what was set
    /// for it.
    #[serde(skip_serializing_if = "is_false")]
    pub reset: bool,
    /// Switches the mirror on or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The share of the requests that is copied to each target, from 0 to 100.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub percentage: BTreeMap<String, f64>,
    /// Begins the report anew.
    #[serde(skip_serializing_if = "is_false")]
    pub restart_report: bool,
    /// Why, for those who see the switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// After how many seconds the switch and the shares are again what they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<u64>,
}

impl Change {
    /// In all instances of the fleet.
    #[must_use]
    pub const fn for_fleet(mut self) -> Self {
        self.fleet = true;
        self
    }

    /// Removes what was set before, first.
    #[must_use]
    pub const fn reset(mut self) -> Self {
        self.reset = true;
        self
    }

    /// Switches the mirror on or off.
    #[must_use]
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// Copies this share of the requests to a target, from 0 to 100.
    #[must_use]
    pub fn percentage(mut self, target: impl Into<String>, percentage: f64) -> Self {
        self.percentage.insert(target.into(), percentage);
        self
    }

    /// Begins the report anew.
    #[must_use]
    pub const fn restart_report(mut self) -> Self {
        self.restart_report = true;
        self
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// For so many seconds only.
    #[must_use]
    pub const fn for_seconds(mut self, seconds: u64) -> Self {
        self.for_seconds = Some(seconds);
        self
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The state of a mirror after a change: the body of the response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Changed {
    /// The name of the mirror.
    pub mirror: String,
    /// What is now set for the fleet, after a change of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<Vec<FleetSetting>>,
    /// Its switch, in the process that was asked.
    pub control: Switch,
    /// The share of each target, in the process that was asked.
    pub targets: BTreeMap<String, Share>,
}

/// Why nothing was changed: the body of a response with an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refused {
    /// Why, and what to do.
    pub error: String,
}
