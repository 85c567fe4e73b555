//! The handle of a mirrored route.

mod builder;
mod layer;
mod registry;
#[cfg(feature = "compare")]
mod server;

#[cfg(feature = "compare")]
use std::time::Duration;
use std::{fmt, sync::Arc};

use http::request::Parts;

#[cfg(feature = "testing")]
pub(crate) use self::registry::made;
#[cfg(feature = "compare")]
pub use self::server::{CompareAtServer, CompareAtServerFuture, CompareAtServerService};
pub use self::{
    builder::{AcceptEncoding, Credentials, Defaults, Host, MirrorBuilder},
    layer::{MirrorLayer, MirrorService, ResponseFuture},
    registry::{MirrorInfo, mirror_named, mirrors},
};
#[cfg(feature = "compare")]
use crate::report::{Report, TargetEvidence, VersionsSeen};
use crate::{
    control::{Control, control},
    engine::{Comparing, Engine, EngineTarget},
    error::ConfigError,
    send::Sampled,
    stats::MirrorStats,
    target::Target,
};

/// A mirrored route: its targets, options and counters.
///
/// The attribute makes one for each handler; [`new`](Self::new) and [`builder`](Self::builder) make
/// one for a [`layer`](Self::layer). Clones share everything.
///
/// ```
/// use axum::{Router, routing::post};
/// use mirror_runtime::Mirror;
///
/// let mirror = Mirror::new(["https://staging.example.com", "https://audit.example.com"])?;
/// let app: Router = Router::new().route("/orders", post(|| async { "created" })).layer(mirror.layer());
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Mirror {
    engine: Arc<Engine>,
}

impl Mirror {
    /// A mirror of all requests to each target, with every option at its default.
    ///
    /// Targets are URLs, as any string type, or [`Target`]s.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a URL is not that of a target, or there is no target, or the same one
    /// twice.
    #[track_caller]
    pub fn new<I>(targets: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: TryInto<Target, Error: Into<ConfigError>>>,
    {
        targets
            .into_iter()
            .fold(Self::builder(), MirrorBuilder::target)
            .build()
    }

    /// A mirror with options.
    pub fn builder() -> MirrorBuilder {
        MirrorBuilder::default()
    }

    /// A layer for a router, a method router or a handler, which mirrors each request that passes
    /// it.
    #[must_use]
    pub fn layer(&self) -> MirrorLayer {
        MirrorLayer::new(self.clone())
    }

    /// The name used in counters and logs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.engine.name
    }

    /// The name of the baseline, if there is one.
    #[must_use]
    pub fn baseline(&self) -> Option<&str> {
        let targets = self.engine.targets.iter().enumerate();
        let mut baselines = targets.filter(|(index, _)| self.engine.is_baseline(*index));
        baselines.next().map(|(_, target)| target.target().name())
    }

    /// Control of this mirror, and of others of its name: what it sends, while the program runs.
    pub fn control(&self) -> Control {
        control(self.name())
    }

    /// The counters as they are now.
    ///
    /// A copy is counted when it leaves, on a task of its own. It may be missing here just after
    /// the response to its request. [`drain`](crate::drain) waits for such copies as well.
    #[must_use]
    pub fn stats(&self) -> MirrorStats {
        let targets = self.engine.targets.iter().enumerate();
        let stats = |(index, target): (usize, &EngineTarget)| {
            let mut stats = target.stats();
            stats.report_since = self
                .engine
                .comparing
                .as_ref()
                .and_then(|comparing| comparing.since(index));
            stats
        };
        MirrorStats {
            name: self.name().to_owned(),
            since: self.engine.since,
            targets: targets.map(stats).collect(),
            latency: self.engine.latency.snapshot(),
        }
    }

    /// A number that changes whenever something is counted in [`stats`](Self::stats), and when the
    /// report begins anew: for those who look often at many mirrors, of which most stand still.
    ///
    /// It takes some dozen loads for each target, and no memory. A request is counted piece by
    /// piece, so whoever sees that it has changed should look once more after that.
    #[must_use]
    pub fn activity(&self) -> u64 {
        let targets = self.engine.targets.iter().map(EngineTarget::sum);
        let restarts = self.engine.comparing.as_ref().map(Comparing::changes);
        targets.sum::<u64>() + restarts.unwrap_or_default()
    }

    /// The results of all comparisons so far, since the process began, since
    /// [`restart_report`](Self::restart_report), or of this version of the shadow, and whether each
    /// target can take over. Without [`compare`](MirrorBuilder::compare) it has no targets.
    #[cfg(feature = "compare")]
    #[must_use]
    pub fn report(&self) -> Report {
        match &self.engine.comparing {
            Some(comparing) => comparing.report(self.name(), &self.engine.targets),
            None => Report::new(self.name(), Vec::new()),
        }
    }

    /// Begins the report anew: all that was compared so far counts for nothing. The counters of
    /// [`stats`](Self::stats) go on.
    ///
    /// For a shadow that was repaired, or deployed anew, and does not say its version
    /// ([`version_header`](MirrorBuilder::version_header)). Responses to copies that are under way
    /// may still be those of the old one.
    #[cfg(feature = "compare")]
    pub fn restart_report(&self) {
        if let Some(comparing) = &self.engine.comparing {
            comparing.restart(&self.engine.targets);
            #[cfg(feature = "metrics")]
            self.engine.switch.note_change();
        }
    }

    /// How often the report was begun anew, by [`restart_report`](Self::restart_report).
    #[cfg(feature = "compare")]
    #[must_use]
    pub fn report_restarts(&self) -> u64 {
        let comparing = self.engine.comparing.as_ref();
        comparing.map_or(0, Comparing::restarts)
    }

    /// What the [report](Self::report) on each target is made of, to be kept, or sent to another
    /// process and [merged](crate::Evidence::merge) with that of others. Without
    /// [`compare`](MirrorBuilder::compare) there are none.
    #[cfg(feature = "compare")]
    #[must_use]
    pub fn evidence(&self) -> Vec<TargetEvidence> {
        match &self.engine.comparing {
            Some(comparing) => comparing.evidence(&self.engine.targets),
            None => Vec::new(),
        }
    }

    /// Begins the report on a target anew, if its shadow is of another version by what several
    /// processes have [seen](TargetEvidence::versions), this one among them: it was rolled back, and
    /// too few of the responses came here to tell. `wait` is how long it takes until each of them
    /// has said what it has seen. Returns whether it was begun anew.
    #[cfg(feature = "compare")]
    #[must_use = "it says whether the version was another"]
    pub fn follow_versions(&self, target: &str, all: &VersionsSeen, wait: Duration) -> bool {
        let Some(comparing) = &self.engine.comparing else {
            return false;
        };
        let follows = comparing.follow_versions(target, all, wait, &self.engine.targets);
        #[cfg(feature = "metrics")]
        if follows {
            self.engine.switch.note_change();
        }
        follows
    }

    /// Opens the circuit of a target of this name for one of its cooldowns, if it is closed: for who
    /// knows from elsewhere that the target is down. After that a copy finds out, as always. Returns
    /// whether it was opened. A target without a
    /// [circuit breaker](MirrorBuilder::circuit_breaker) is left as it is.
    #[must_use = "it says whether the circuit was closed before"]
    pub fn open_circuit(&self, target: &str) -> bool {
        let mut targets = self.engine.targets.iter();
        let found = targets.find(|of| of.target().name() == target);
        found.is_some_and(|target| target.gate.open())
    }

    pub(crate) fn new_from(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Decides whether a request is mirrored, from its head alone.
    #[inline]
    pub(crate) fn sample(&self, parts: &mut Parts) -> Option<Sampled> {
        Sampled::choose(&self.engine, parts)
    }
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.engine.fmt(f)
    }
}
