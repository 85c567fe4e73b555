//! One mirrored route: its targets, its options, and the way of a request through them.

mod builder;
mod layer;
mod registry;

use std::{fmt, sync::Arc, time::Duration};

use http::request::Parts;

pub use self::{
    builder::{Credentials, Host, MirrorBuilder},
    layer::{MirrorLayer, MirrorService, ResponseFuture},
    registry::{mirror_named, mirrors},
};
use crate::{
    engine::{Callbacks, MirrorTarget, Shared, capturing::Capturing},
    error::ConfigError,
    outcome::SkipReason,
    request::{MIRRORED_FROM, has_any},
    send::Sampled,
    stats::MirrorStats,
    target::Target,
    telemetry::tell_skip,
};
#[cfg(feature = "compare")]
use crate::{exchange::raise, report::Report};

/// A mirrored route: its targets, options and counters.
///
/// The attribute makes one for each handler; [`new`](Self::new) and [`builder`](Self::builder) make one for a
/// [`layer`](Self::layer). Clones share everything.
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
    shared: Arc<Shared>,
}

impl Mirror {
    /// A mirror of all requests to each target, with every option at its default.
    ///
    /// Targets are URLs, as anything string-like, or [`Target`]s.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a URL is not that of a target, or there are none, or one twice.
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

    /// A layer for a router, a method router or a handler, which mirrors each request that passes it.
    #[must_use]
    pub fn layer(&self) -> MirrorLayer {
        MirrorLayer::new(self.clone())
    }

    /// How counters and logs call this mirror.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The counters as they are now.
    ///
    /// A copy is counted when it leaves, on a task of its own: a moment after its request was answered it may be missing
    /// here. [`drain`](crate::drain) waits for those as well.
    #[must_use]
    pub fn stats(&self) -> MirrorStats {
        let targets = self.targets().iter();
        MirrorStats {
            name: self.name().to_owned(),
            targets: targets.map(MirrorTarget::stats).collect(),
            latency: self.shared.latency.snapshot(),
        }
    }

    /// What was compared so far, and whether each target can take over. Without
    /// [`compare`](MirrorBuilder::compare) it is about no target.
    ///
    /// # Panics
    ///
    /// Where the environment variable `MIRROR_RAISE_ON_MISMATCH` is `1` and a mismatch was found. It is for tests.
    #[cfg(feature = "compare")]
    #[must_use]
    pub fn report(&self) -> Report {
        raise(self);
        match &self.shared.comparing {
            Some(comparing) => comparing.report(self.name(), self.targets()),
            None => Report::new(self.name(), Vec::new()),
        }
    }

    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn targets(&self) -> &[MirrorTarget] {
        &self.shared.targets
    }

    pub(crate) fn is_sync(&self) -> bool {
        self.shared.options.sync
    }

    /// The time after which every copy of a request has ended.
    pub(crate) fn longest_timeout(&self) -> Duration {
        let timeouts = self.targets().iter().map(|target| target.timeout);
        timeouts.max().unwrap_or_default()
    }

    pub(crate) fn callbacks(&self) -> &Callbacks {
        &self.shared.callbacks
    }

    /// Decides whether a request is mirrored, from its head alone. Where it is not, that is all it costs.
    pub(crate) fn sample(&self, parts: &Parts) -> Option<Sampled> {
        let shared = &*self.shared;
        if has_any(&parts.headers, [&MIRRORED_FROM]) {
            return self.skip_all(SkipReason::Loop);
        }
        if !shared.options.copies_method(&parts.method) || !shared.callbacks.admits(parts) {
            return self.skip_all(SkipReason::Filtered);
        }
        let (draw, capturing) = (shared.sampler.draw(), Capturing::here());
        let samples = |target: &MirrorTarget| target.share.samples(draw) || capturing.samples_all();
        let mut targets = 0;
        for (index, target) in shared.targets.iter().enumerate() {
            if !capturing.enables(&target.target) {
                self.not_sent(index, SkipReason::Disabled);
            } else if shared.is_baseline(index) && targets == 0
                || !shared.is_baseline(index) && !samples(target)
            {
                self.not_sent(index, SkipReason::NotSampled);
            } else if let Some(reason) = target.gate.refuses() {
                self.not_sent(index, reason.into());
            } else {
                targets |= 1 << index;
            }
        }
        (targets != 0).then(|| Sampled::new(self.clone(), targets))
    }

    fn skip_all(&self, reason: SkipReason) -> Option<Sampled> {
        (0..self.targets().len()).for_each(|index| self.not_sent(index, reason));
        None
    }

    /// Counts and reports that a request is not sent to a target.
    pub(crate) fn not_sent(&self, index: usize, reason: SkipReason) {
        self.targets()[index].counters.not_sent(reason);
        if self.callbacks().on_skip.is_some() {
            tell_skip(self, index, reason);
        }
    }
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
