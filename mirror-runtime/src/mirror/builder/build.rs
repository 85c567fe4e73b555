//! From checked options to a mirror.

use std::{borrow::Cow, collections::HashSet, sync::Arc, time::Duration};

use mirror_grammar::options::{self, Conflict, MAX_TARGETS};

use super::MirrorBuilder;
use crate::{
    bounds::{Gate, limits},
    engine::{BodyMode, Engine, EngineTarget},
    error::ConfigError,
    mirror::{Mirror, registry::register},
    sampling::{Sampler, Share},
    stats::LatencyRecorder,
    target::{Destination, OffReason, Recipient, Target},
    telemetry::{Audience, Source, prepare_skips},
    transport::{Origin, Pool, Route, check_tls, transport_of},
    workers::contained,
};

impl MirrorBuilder {
    /// Builds the mirror.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first wrong value, for options that contradict one another, and for targets that are
    /// missing, given twice, or named alike.
    pub fn build(mut self) -> Result<Mirror, ConfigError> {
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
    pub(crate) fn finish(mut self) -> Mirror {
        if self.callbacks.on_skip.is_some() {
            prepare_skips();
        }
        let name = self.name.clone().unwrap_or(Cow::Borrowed("mirror"));
        // One that is off is none.
        let baseline = self.compare.baseline.take().filter(Target::is_enabled);
        let all: Vec<Target> = self.targets.iter().cloned().chain(baseline).collect();
        for target in &all {
            self.announce(&name, target);
        }
        if all.iter().any(Target::connects) {
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
        let resolve = |target: Target| {
            let timeout = target.own_timeout().unwrap_or(self.timeout);
            let gate = Gate::new(&self.protection, target.connects());
            EngineTarget {
                share: Share::of_percentage(target.own_percentage().unwrap_or(self.percentage)),
                timeout,
                route: self.route(&target, timeout),
                gate,
                source: Arc::new(Source::new(&audience, target)),
            }
        };
        let targets = all.into_iter().map(resolve).collect();
        let comparing = self.compare.comparing(&self.targets);
        let mirror = Mirror::new_from(Arc::new(Engine {
            name,
            targets,
            options: self.options,
            when: self.when,
            keeps_bodies,
            comparing,
            sampler: Sampler::new(),
            latency: LatencyRecorder::new(),
        }));
        register(&mirror);
        mirror
    }

    /// How copies get to a target.
    fn route(&self, target: &Target, timeout: Duration) -> Option<Route> {
        // A part of the timeout, even if that is shorter than the default.
        let connect_timeout = self.protection.connect_timeout.min(timeout);
        let destination = match target.recipient()? {
            Recipient::Server(destination) => destination,
            Recipient::Handler(slot) => return Some(Route::Handler(slot)),
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
        Some(Route::Server(Pool::of(
            origin.with_http2(target.own_http2()),
        )))
    }

    /// Tells the log what its reader should know of a target before it is used.
    fn announce(&self, mirror: &str, target: &Target) {
        if let Some(OffReason::Unset) = target.off_reason() {
            contained(|| {
                tracing::info!(mirror, %target, "target disabled: its variable is not set");
            });
        }
        let forwards = !self.options.headers.strip_credentials;
        if forwards && target.destination().is_some_and(Destination::is_exposed) {
            contained(|| {
                tracing::warn!(
                    mirror,
                    %target,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CompareMode;
    use crate::{CircuitBreaker, Credentials, Host, Rules, Thresholds};

    type Call = fn(MirrorBuilder) -> MirrorBuilder;

    fn builder() -> MirrorBuilder {
        Mirror::builder().target("http://a.invalid")
    }

    /// A call of each option, with a value that is good.
    const CALLS: [(&str, Call); 36] = [
        ("target", |builder| builder.target("http://b.invalid")),
        ("percentage", |builder| builder.percentage(10.0)),
        ("timeout", |builder| builder.timeout(Duration::from_secs(2))),
        ("connect_timeout", |builder| {
            builder.connect_timeout(Duration::from_secs(1))
        }),
        ("sync", |builder| builder.sync(true)),
        ("copy_body", |builder| builder.copy_body(false)),
        ("max_body", |builder| builder.max_body(1)),
        ("body", |builder| builder.body(BodyMode::Tee)),
        ("read_ahead", |builder| {
            builder.read_ahead(Duration::from_secs(1))
        }),
        ("max_in_flight", |builder| builder.max_in_flight(1)),
        ("rate_limit", |builder| {
            builder.rate_limit(100, Duration::from_secs(1))
        }),
        ("circuit_breaker", |builder| builder.circuit_breaker(None)),
        ("on_success", |builder| builder.on_success(|_, _| ())),
        ("on_error", |builder| builder.on_error(|_, _| ())),
        ("on_skip", |builder| builder.on_skip(|_, _| ())),
        ("methods", |builder| builder.methods([http::Method::GET])),
        ("when", |builder| builder.when(|_| true)),
        ("set_header", |builder| builder.set_header("x-a", "1")),
        ("remove_header", |builder| builder.remove_header("x-a")),
        ("credentials", |builder| {
            builder.credentials(Credentials::Strip)
        }),
        ("host", |builder| builder.host(Host::Preserve)),
        ("name", |builder| builder.name("users.list")),
        ("transport", |builder| builder.transport(Nowhere)),
        ("compare", |builder| builder.compare(CompareMode::Status)),
        ("compare_headers", |builder| {
            builder.compare_headers(["etag"])
        }),
        ("ignore", |builder| builder.ignore(["/a"])),
        ("unordered", |builder| builder.unordered(["/a"])),
        ("tolerance", |builder| builder.tolerance("/a", 1.0)),
        ("redact", |builder| builder.redact(["/a"])),
        ("max_compare_body", |builder| builder.max_compare_body(1)),
        ("on_mismatch", |builder| builder.on_mismatch(|_| ())),
        ("baseline", |builder| builder.baseline("http://old.invalid")),
        ("thresholds", |builder| {
            builder.thresholds(Thresholds::default())
        }),
        ("record", |builder| builder.record("mirror-fixtures")),
        ("max_fixtures", |builder| builder.max_fixtures(1)),
        ("max_fixture_bytes", |builder| builder.max_fixture_bytes(1)),
    ];

    /// Is never asked to send anything.
    #[derive(Debug)]
    struct Nowhere;

    impl crate::Transport for Nowhere {
        fn send(
            &self,
            _: http::Request<crate::CopyBody>,
            _: Duration,
        ) -> Result<crate::Sending, crate::Unsendable> {
            unreachable!("no copy is sent")
        }
    }

    fn call(name: &str) -> Call {
        CALLS.iter().find(|(known, _)| *known == name).unwrap().1
    }

    #[test]
    fn the_builder_has_each_option_of_the_table() {
        let calls: Vec<_> = CALLS.iter().map(|(name, _)| *name).collect();
        let table = options::ALL.iter().filter_map(|spec| spec.builder);
        assert_eq!(calls, table.collect::<Vec<_>>());
    }

    #[test]
    fn what_needs_compare_is_an_error_without_it() {
        for spec in options::ALL {
            let Some(method) = spec.builder.filter(|method| *method != "compare") else {
                continue;
            };
            let without = call(method)(builder()).build();
            let needs_compare = spec.needs != options::Needs::Nothing;
            assert_eq!(
                without.err() == Some(ConfigError::RuleWithoutCompare(spec.name)),
                needs_compare,
                "{method}"
            );
        }
    }

    #[test]
    fn what_needs_json_is_an_error_beside_bytes() {
        for spec in options::ALL
            .iter()
            .filter(|spec| spec.needs != options::Needs::Nothing)
        {
            let call = call(spec.builder.unwrap());
            let bytes = call(builder().compare(CompareMode::Bytes)).build();
            let error = ConfigError::RuleWithoutJson {
                option: spec.name,
                mode: "CompareMode::Bytes",
            };
            let needs_json = spec.needs == options::Needs::Json;
            assert_eq!(bytes.err() == Some(error), needs_json, "{}", spec.name);
        }
    }

    #[test]
    fn every_conflict_of_the_table_is_an_error() {
        for spec in options::ALL {
            for with in spec.conflicts {
                let other = options::find(with.option).unwrap();
                let both = call(spec.builder.unwrap())(builder());
                let both = call(other.builder.unwrap())(both);
                let error = ConfigError::Conflict {
                    option: spec.name,
                    with: with.call,
                    reason: with.reason,
                };
                assert_eq!(both.build().unwrap_err(), error);
            }
        }
    }

    /// The docs of a method, as one line.
    fn docs(method: &str) -> String {
        let sources = [
            include_str!("../builder.rs"),
            include_str!("compare.rs"),
            include_str!("record.rs"),
        ];
        let definition = |line: &str| {
            let rest = line.trim_start().strip_prefix("pub fn ");
            let rest = rest.and_then(|rest| rest.strip_prefix(method));
            rest.is_some_and(|rest| rest.starts_with(['(', '<']))
        };
        let docs = sources.iter().find_map(|source| {
            let lines: Vec<_> = source.lines().collect();
            let end = lines.iter().position(|line| definition(line))?;
            let docs = lines[..end].iter().rev().map(|line| line.trim_start());
            let docs = docs.map_while(|line| line.strip_prefix("///"));
            Some(docs.collect::<Vec<_>>())
        });
        let docs = docs.unwrap_or_else(|| panic!("no method {method}"));
        let words = docs.iter().rev().flat_map(|line| line.split_whitespace());
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_docs_of_the_builder_have_the_defaults_of_the_table() {
        use options::DefaultValue::{Bytes, Count, Percentage, Switch, Time, TimeWithin};
        for spec in options::ALL {
            let default = match spec.default {
                Percentage(percentage) => percentage.to_string(),
                Count(count) => count.to_string(),
                Bytes(bytes) if bytes < 1 << 20 => format!("{} KiB", bytes >> 10),
                Bytes(bytes) => format!("{} MiB", bytes >> 20),
                Time(time) | TimeWithin(time, _) => format!("{} s", time.as_secs()),
                Switch(switch) => format!("`{switch}`"),
                _ => continue,
            };
            let docs = docs(spec.builder.unwrap());
            let default = format!("Default: {default}");
            assert!(
                docs.contains(&default),
                "{}: {default} in {docs}",
                spec.name
            );
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_table() {
        use options::DefaultValue::{
            All, Breaker, Bytes, Count, None as Nothing, Percentage, Switch, Time, TimeWithin, Word,
        };
        let builder = MirrorBuilder::default();
        let protection = &builder.protection;
        let CircuitBreaker { failures, cooldown } = protection.circuit_breaker.unwrap();
        let headers = &builder.options.headers;
        for (spec, default) in [
            (&options::PERCENTAGE, Percentage(builder.percentage)),
            (&options::TIMEOUT, Time(builder.timeout)),
            (
                &options::CONNECT_TIMEOUT,
                TimeWithin(protection.connect_timeout, "timeout"),
            ),
            (&options::SYNC, Switch(builder.options.sync)),
            (&options::COPY_BODY, Switch(!headers.without_body)),
            (&options::MAX_BODY, Bytes(builder.options.max_body)),
            (&options::READ_AHEAD, Time(builder.options.read_ahead)),
            (&options::MAX_IN_FLIGHT, Count(protection.max_in_flight)),
            (&options::CIRCUIT_BREAKER, Breaker(failures, cooldown)),
            (
                &options::MAX_COMPARE_BODY,
                Bytes(Rules::default().max_compare_body()),
            ),
        ] {
            assert_eq!(spec.default, default, "{}", spec.name);
        }
        assert_eq!(options::RATE_LIMIT.default, Nothing);
        assert!(protection.rate_limit.is_none());
        assert_eq!(options::METHODS.default, All);
        assert!(builder.options.methods.is_empty());
        assert_eq!(options::BODY.default, Word("buffer"));
        assert_eq!(BodyMode::default(), BodyMode::Buffer);
        assert_eq!(options::CREDENTIALS.default, Word("forward"));
        assert!(!headers.strip_credentials);
        assert_eq!(options::HOST.default, Word("target"));
        assert!(!headers.preserve_host);
    }
}
