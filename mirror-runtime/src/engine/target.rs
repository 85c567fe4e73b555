//! A target with what it took over from its mirror.

use std::{sync::Arc, time::Duration};

use crate::{
    bounds::Gate,
    sampling::Share,
    stats::{Counters, TargetStats},
    target::Target,
    transport::Route,
};

/// A target with what it took over from its mirror, and its counters.
#[derive(Debug)]
pub(crate) struct MirrorTarget {
    pub(crate) target: Target,
    pub(crate) share: Share,
    pub(crate) timeout: Duration,
    /// `None` for a target that is off.
    pub(crate) route: Option<Route>,
    pub(crate) gate: Gate,
    pub(crate) counters: Arc<Counters>,
}

impl MirrorTarget {
    /// The counters as they are now.
    pub(crate) fn stats(&self) -> TargetStats {
        let mut stats = self.counters.snapshot(self.target.name());
        stats.floods = self.route.as_ref().map_or(0, Route::floods);
        stats
    }
}
