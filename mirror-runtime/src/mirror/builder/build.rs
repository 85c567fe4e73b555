//! From checked options to a mirror.

use std::{
    borrow::Cow,
    collections::HashSet,
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use mirror_grammar::options::{self, Conflict, MAX_TARGETS};

use super::MirrorBuilder;
use crate::{
    bounds::{Gate, limits},
    control::{self, AtomicShare, Configured, ConfiguredTarget, Place, begin},
    engine::{BodyMode, Engine, EngineTarget, MirrorSwitch},
    error::ConfigError,
    key::Key,
    mirror::{Mirror, registry::register},
    sampling::{Sampler, Share},
    stats::{LatencyRecorder, PrimaryMeasured},
    target::{Destination, OffReason, Recipient, Target},
    telemetry::{Audience, Source, prepare_skips},
    transport::{Origin, Pool, Route, check_tls, sink_of, transport_of},
    workers::contained,
};

impl MirrorBuilder {
    /// Builds the mirror.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first wrong value, for options that contradict one another, and for
    /// targets that are missing, given twice, or named alike.
    #[track_caller]
    pub fn build(mut self) -> Result<Mirror, ConfigError> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        self = self.take_defaults();
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        self.check_targets()?;
        self.check_transport()?;
        self.check_conflicts()?;
        self.compare.check(&self.targets)?;
        if let Some(connect_timeout) = self.connect_timeout {
            self.protection.connect_timeout = connect_timeout;
        }
        if self.key.is_none() {
            self.key = Some(Key::of_process()?);
        }
        self.options.body = self.body.unwrap_or_default();
        if let Some(max_body) = self.max_body {
            self.options.max_body = max_body;
        }
        if let Some(read_ahead) = self.read_ahead {
            self.options.read_ahead = read_ahead;
        }
        Ok(self.finish())
    }

    /// Makes the mirror of options that have been checked.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Mirror {
        let place = match self.entry {
            Some(entry) => entry.place(),
            None => Place::from(Location::caller()),
        };
        control::read_environment();
        if self.callbacks.on_skip.is_some() {
            prepare_skips();
        }
        let name = self.name.clone().unwrap_or(Cow::Borrowed("mirror"));
        let baseline = self.compare.baseline.take();
        let is_off = control::is_isolated();
        if !is_off {
            for target in self.targets.iter().chain(&baseline) {
                self.announce(&name, target);
            }
        }
        // One that is off is none.
        let baseline = baseline.filter(Target::is_enabled);
        let has_baseline = baseline.is_some();
        let all: Vec<Target> = self.targets.iter().cloned().chain(baseline).collect();
        if !is_off && all.iter().any(Target::connects) {
            limits::announce();
        }
        let keeps_bodies = self.callbacks.on_success.is_some();
        #[cfg(feature = "compare")]
        {
            self.callbacks.on_mismatch = self.compare.on_mismatch.take();
        }
        let audience = Arc::new(Audience {
            mirror: name.clone(),
            callbacks: std::mem::take(&mut self.callbacks),
            observers: std::mem::take(&mut self.observers).into(),
        });
        let places = all.iter().enumerate();
        let sinks = places.filter(|(_, target)| target.is_sink());
        let sinks = sinks.fold(0, |sinks, (index, _)| sinks | 1 << index);
        // What is masked leaves the process in no other way.
        for pointer in &self.masked {
            self.compare.rules.hide(pointer);
        }
        let redacted = self.compare.rules.clone();
        let configured = self.configured();
        let key = self.key.take().unwrap_or_else(Key::random);
        self.options.headers.signs = !key.is_random();
        let own = all.iter().flat_map(Target::own_headers).cloned();
        let set_headers = self.options.headers.set.iter().cloned().chain(own);
        let set_headers = set_headers.collect();
        let mask = Some(std::mem::take(&mut self.mask));
        let mask = mask.filter(|mask| !mask.is_empty()).map(Arc::new);
        let needs_a_key = mask.is_some() || self.options.sticky.is_some();
        if !is_off && needs_a_key && key.is_random() {
            announce_random_key();
        }
        let resolve = |target: Target| {
            let timeout = target.own_timeout().unwrap_or(self.timeout);
            let gate = Gate::new(&self.protection, target.connects());
            let percentage = target.own_percentage().unwrap_or(self.percentage);
            let share = Share::of_percentage(percentage);
            EngineTarget {
                share: AtomicShare::new(share),
                has_no_share: share.is_zero(),
                timeout,
                trace: target.own_trace().unwrap_or(self.trace),
                route: self.route(&target, timeout),
                gate,
                source: Arc::new(Source::new(&audience, target)),
            }
        };
        let targets = all.into_iter().map(resolve).collect();
        let comparing = self.compare.comparing(&self.targets, has_baseline);
        let mirror = Mirror::new_from(Arc::new(Engine {
            name,
            targets,
            options: self.options,
            when: self.when,
            mask,
            map_request: self.map_request,
            set_headers,
            keeps_bodies,
            comparing,
            sinks,
            redacted,
            is_known_to_be_twice: AtomicBool::new(false),
            switch: MirrorSwitch::default(),
            entry: self.entry,
            place,
            sampler: Sampler::new(),
            key,
            since: SystemTime::now(),
            latency: LatencyRecorder::new(),
            primary: Arc::new(PrimaryMeasured::new()),
        }));
        register(&mirror, configured);
        mirror
    }

    /// What the code says of what can be controlled.
    fn configured(&self) -> Configured {
        let targets = self.targets.iter().map(|target| ConfiguredTarget {
            name: target.name().to_owned(),
            percentage: target.own_percentage().unwrap_or(self.percentage),
        });
        Configured {
            targets: targets.collect(),
            until: self.until.map(begin),
            allow_raise: self.allow_raise.unwrap_or_default(),
        }
    }

    /// How copies get to a target.
    fn route(&self, target: &Target, timeout: Duration) -> Option<Route> {
        // A part of the timeout, even if that is shorter than the default.
        let connect_timeout = self.protection.connect_timeout.min(timeout);
        let destination = match target.recipient()? {
            Recipient::Server(destination) => destination,
            Recipient::Handler(slot) => return Some(Route::Handler(slot)),
            Recipient::Sink(way) => return Some(Route::Sink(sink_of(way)?)),
            Recipient::Via(way) => {
                return Some(Route::Via {
                    transport: transport_of(way)?,
                    connect_timeout,
                });
            }
        };
        if let Some(transport) = &self.transport {
            return Some(Route::Via {
                transport: Arc::clone(transport),
                connect_timeout,
            });
        }
        let preserves_host = self.options.headers.preserve_host;
        let origin = Origin::new(destination, preserves_host, connect_timeout)?;
        Some(Route::Server(Pool::shared(
            origin.with_http2(target.own_http2()),
        )))
    }

    /// Tells the log what its reader should know of a target before it is used.
    fn announce(&self, mirror: &str, target: &Target) {
        if let Some(OffReason::Unset) = target.off_reason() {
            let variable = target.variable();
            contained(|| {
                tracing::warn!(
                    mirror,
                    %target,
                    variable,
                    "target disabled: its environment variable is unset or empty; set it to the URL of the target"
                );
            });
        }
        let forwards = !self.options.headers.strip_credentials;
        if forwards && target.destination().is_some_and(Destination::is_exposed) {
            contained(|| {
                tracing::warn!(
                    mirror,
                    %target,
                    variable = target.variable(),
                    "credentials of requests are sent over plain HTTP: use `https`, or `credentials = \"strip\"`"
                );
            });
        }
    }

    fn check_targets(&self) -> Result<(), ConfigError> {
        let targets = &self.targets;
        if targets.is_empty() {
            return Err(ConfigError::NoTargets);
        }
        let found = targets.len() + usize::from(self.compare.baseline.is_some());
        if found > MAX_TARGETS {
            return Err(ConfigError::TooManyTargets {
                max: MAX_TARGETS,
                found,
            });
        }
        if self.name.as_ref().is_some_and(|name| name.is_empty()) {
            return Err(ConfigError::EmptyName);
        }
        let mut all = targets.iter().chain(&self.compare.baseline);
        if let Some(target) = all.find(|target| target.has_prior_knowledge_over_tls()) {
            return Err(ConfigError::PriorKnowledgeOverTls(target.name().to_owned()));
        }
        let mut names = HashSet::new();
        for (i, target) in targets.iter().enumerate() {
            if target.name().is_empty() {
                return Err(ConfigError::EmptyName);
            }
            if targets[..i].iter().any(|earlier| earlier.is_same(target)) {
                return Err(ConfigError::DuplicateTarget(target.name().to_owned()));
            }
            if !names.insert(target.name()) {
                return Err(ConfigError::DuplicateName(target.name().to_owned()));
            }
        }
        Ok(())
    }

    /// Whether copies can be sent to the targets at all.
    fn check_transport(&self) -> Result<(), ConfigError> {
        let mut all = self.targets.iter().chain(&self.compare.baseline);
        all.try_for_each(|target| match (target.recipient(), &self.transport) {
            (Some(Recipient::Via(way)), _) => match transport_of(way) {
                Some(transport) => transport.check(target),
                None => Ok(()),
            },
            (Some(Recipient::Sink(way)), _) => match sink_of(way) {
                Some(sink) => sink.check(target),
                None => Ok(()),
            },
            (Some(Recipient::Server(_)), Some(transport)) => transport.check(target),
            (Some(Recipient::Server(destination)), None) if destination.is_tls() => {
                check_tls(target)
            }
            (Some(Recipient::Server(_) | Recipient::Handler(_)) | None, _) => Ok(()),
        })
    }

    /// Whether an option that conflicts with another was given.
    fn has(&self, option: &str) -> bool {
        match option {
            "max_body" => self.max_body.is_some(),
            "body" => self.body.is_some(),
            "read_ahead" => self.read_ahead.is_some(),
            "mask" => !self.masked.is_empty(),
            option => self.compare.has(option),
        }
    }

    /// Whether an option has the value that another conflicts with.
    fn says(&self, conflict: &Conflict) -> bool {
        match conflict.option {
            "copy_body" => !self.options.copies_body(),
            "body" => self.body == Some(BodyMode::Tee),
            "compare" => self.compare.is_of_status(),
            _ => false,
        }
    }

    fn check_conflicts(&self) -> Result<(), ConfigError> {
        for spec in options::ALL.iter().filter(|spec| self.has(spec.name)) {
            let conflict = spec.conflicts.iter().find(|with| self.says(with));
            if let Some(Conflict { call, reason, .. }) = conflict {
                return Err(ConfigError::Conflict {
                    option: spec.name,
                    with: call,
                    reason,
                });
            }
        }
        if self
            .connect_timeout
            .is_some_and(|connect_timeout| connect_timeout > self.timeout)
        {
            return Err(ConfigError::ConnectTimeoutTooLong);
        }
        let headers = &self.options.headers;
        match headers
            .set
            .iter()
            .find(|(name, _)| headers.remove.contains(name))
        {
            Some((name, _)) => Err(ConfigError::HeaderSetAndRemoved(name.to_string())),
            None => Ok(()),
        }
    }
}

/// Tells the log once that nothing that rests on a key is the same in another process.
fn announce_random_key() {
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    if IS_TOLD.swap(true, Ordering::Relaxed) {
        return;
    }
    contained(|| {
        tracing::warn!(
            "no key is set, and this process has made one up: `sticky` samples other users in each process, masked values are others in each, and no copy is signed; set the environment variable `MIRROR_KEY` to the same secret in all of them, such as `openssl rand -base64 32` makes"
        );
    });
}

#[cfg(test)]
mod tests;
