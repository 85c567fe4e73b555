//! A target with what it took over from its mirror.

use std::{sync::Arc, time::Duration};

use crate::{
    bounds::Gate,
    control::AtomicShare,
    stats::TargetStats,
    target::{Target, Trace},
    telemetry::Source,
    transport::Route,
};

/// A target with what it took over from its mirror.
#[derive(Debug)]
pub(crate) struct EngineTarget {
    /// The target itself, its counters, and who is told of what happens to its requests.
    pub(crate) source: Arc<Source>,
    /// What is in force now.
    pub(crate) share: AtomicShare,
    /// Whether it has no share by the code: of all that it is not sent, nobody has switched it off.
    pub(crate) has_no_share: bool,
    pub(crate) timeout: Duration,
    pub(crate) trace: Trace,
    /// `None` for a target that is off.
    pub(crate) route: Option<Route>,
    pub(crate) gate: Gate,
}

impl EngineTarget {
    pub(crate) fn target(&self) -> &Target {
        self.source.target()
    }

    /// The sum of its counters: if it is as it was, so is each.
    pub(crate) fn sum(&self) -> u64 {
        let floods = self.route.as_ref().map_or(0, Route::floods);
        self.source.counters().sum() + floods
    }

    /// The counters as they are now.
    pub(crate) fn stats(&self) -> TargetStats {
        let mut stats = self.source.stats();
        stats.floods = self.route.as_ref().map_or(0, Route::floods);
        stats.max_in_flight = self.gate.max_in_flight();
        stats.is_circuit_open = self.gate.is_open();
        stats
    }
}
