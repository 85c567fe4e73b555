//! Many processes with the same mirrors, which are seen and switched as one.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use mirror_runtime::{TargetReport, TargetStats};

use crate::{actor::Actor, change::Change, snapshot::FleetSetting};

/// What knows of all instances of a program: `FleetView` of the crate `mirror-fleet`, or your own.
///
/// A page that is given one ([`Dashboard::fleet`](crate::Dashboard::fleet)) shows the numbers of all
/// instances beside its own, and a control router that is given one
/// ([`control_router_of_fleet`](crate::control_router_of_fleet)) switches mirrors in all of them.
pub trait Fleet: fmt::Debug + Send + Sync + 'static {
    /// What is known of a mirror in all instances. It may block for `patience` to find out; what it
    /// does not know by then is what it knew before, with an [`error`](FleetMirror::error).
    fn mirror(&self, name: &str, patience: Duration) -> FleetMirror;

    /// What is set for all instances, of a mirror and of all of them, as far as this process knows.
    /// It does not block.
    fn settings(&self, mirror: &str) -> Vec<FleetSetting>;

    /// Changes a mirror, or all of them, in all instances. It may block, for some seconds.
    ///
    /// # Errors
    ///
    /// Why it was not changed, in words.
    fn change(&self, mirror: Option<&str>, actor: &Actor, change: &Change) -> Result<(), String>;
}

/// A mirror in all instances of a fleet.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FleetMirror {
    /// The number of the epoch: it grows when the report begins anew.
    pub epoch: u64,
    /// When it was found out; `None` if it is not known yet.
    pub read: Option<SystemTime>,
    /// Why it could not be found out since then.
    pub error: Option<String>,
    /// What is set for all instances, of this mirror and of all of them.
    pub settings: Vec<FleetSetting>,
    /// The instances, by name.
    pub instances: Vec<FleetInstance>,
    /// The targets, in the order in which they were given.
    pub targets: Vec<FleetTarget>,
}

/// An instance of a fleet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FleetInstance {
    /// Its name.
    pub name: String,
    /// Whether it is there.
    pub state: InstanceState,
    /// Whether it is this process.
    pub is_this: bool,
    /// When it was heard of last.
    pub heard: SystemTime,
}

impl FleetInstance {
    /// An instance that is not this process.
    #[must_use]
    pub fn new(name: impl Into<String>, state: InstanceState, heard: SystemTime) -> Self {
        Self {
            name: name.into(),
            state,
            is_this: false,
            heard,
        }
    }

    /// The same, of this process or not.
    #[must_use]
    pub const fn with_this(mut self, is_this: bool) -> Self {
        self.is_this = is_this;
        self
    }
}

/// Whether an instance is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstanceState {
    /// It is.
    Running,
    /// It has said that it ends. What it knew counts.
    Finished,
    /// Nothing was heard of it for a while. What it knew by then counts.
    Missing,
    /// Nothing was heard of it for a while, and a process that was started since then has its name.
    /// What it knew by then counts.
    Replaced,
}

impl InstanceState {
    /// The state as it is written, like `running`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Missing => "missing",
            Self::Replaced => "replaced",
        }
    }
}

/// A target in all instances of a fleet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FleetTarget {
    /// Its counters, added up.
    pub stats: TargetStats,
    /// The report on all comparisons; `None` if there are none.
    pub report: Option<TargetReport>,
    /// Whether it is the baseline.
    pub is_baseline: bool,
    /// In how many instances its circuit is open.
    pub open_circuits: u64,
    /// Of how many instances what was compared is in the report; of a target that is not compared,
    /// the counts.
    pub instances: u64,
}

impl FleetTarget {
    /// A target of which nothing was compared.
    #[must_use]
    pub const fn new(stats: TargetStats) -> Self {
        Self {
            stats,
            report: None,
            is_baseline: false,
            open_circuits: 0,
            instances: 0,
        }
    }
}
