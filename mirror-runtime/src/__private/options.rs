//! The options of an attribute, as the expansion writes them down.

#[cfg(feature = "compare")]
mod compare;
mod target;

use std::{ops::Deref, time::Duration};

use http::{Method, request::Parts};

pub use self::target::TargetOptions;
use super::statics::Static;
use crate::{
    bounds::CircuitBreaker,
    control::MirrorEntry,
    engine::BodyMode,
    key::Key,
    mirror::{AcceptEncoding, Credentials, Defaults, Host, Mirror, MirrorBuilder},
    outcome::{BufferedResponse, MirrorError, SkipReason},
    sampling::Sticky,
    target::{ShadowRequest, Target, Trace},
    transport::Transport,
    workers::{Code, caught, contained},
};

/// Builds the mirror of an attribute. It never fails and never panics, for it runs within a
/// request.
#[derive(Debug)]
pub struct Options {
    name: &'static str,
    entry: Option<&'static MirrorEntry>,
    builder: MirrorBuilder,
    targets: Vec<Target>,
    methods: Vec<Method>,
    #[cfg(feature = "compare")]
    baseline: Option<Target>,
}

/// What options are of.
#[derive(Debug)]
pub enum Of {
    /// An attribute.
    Entry(&'static MirrorEntry),
    /// A name.
    Name(&'static str),
}

impl From<&'static MirrorEntry> for Of {
    fn from(entry: &'static MirrorEntry) -> Self {
        Self::Entry(entry)
    }
}

impl From<&'static str> for Of {
    fn from(name: &'static str) -> Self {
        Self::Name(name)
    }
}

impl Options {
    /// The options of an attribute, or of a name alone.
    #[must_use]
    pub fn new(of: impl Into<Of>) -> Self {
        let (name, entry, builder) = match of.into() {
            Of::Entry(entry) => {
                let builder = Mirror::builder().of_entry(entry);
                (entry.mirror(), Some(entry), builder)
            }
            Of::Name(name) => (name, None, Mirror::builder().name(name)),
        };
        Self {
            name,
            entry,
            builder,
            targets: Vec::new(),
            methods: Vec::new(),
            #[cfg(feature = "compare")]
            baseline: None,
        }
    }

    /// One of `targets`
    #[must_use]
    pub fn target(mut self, target: TargetOptions) -> Self {
        let target = target.target(self.name, &self.targets);
        self.targets.push(target);
        self
    }

    /// `defaults`
    #[must_use]
    pub fn defaults(self, defaults: &'static Defaults) -> Self {
        self.with(|builder| builder.defaults(defaults))
    }

    fn with(mut self, option: impl FnOnce(MirrorBuilder) -> MirrorBuilder) -> Self {
        self.builder = option(self.builder);
        self
    }

    /// `percentage`
    #[must_use]
    pub fn percentage(self, percentage: f64) -> Self {
        self.with(|builder| builder.percentage(percentage))
    }

    /// `sticky = header("..")`
    #[must_use]
    pub fn sticky_header(self, name: &'static str) -> Self {
        self.with(|builder| builder.sticky(Sticky::Header(name)))
    }

    /// `sticky = cookie("..")`
    #[must_use]
    pub fn sticky_cookie(self, name: &'static str) -> Self {
        self.with(|builder| builder.sticky(Sticky::Cookie(name)))
    }

    /// `sticky = path`
    #[must_use]
    pub fn sticky_path(self) -> Self {
        self.with(|builder| builder.sticky(Sticky::Path))
    }

    /// `timeout`
    #[must_use]
    pub fn timeout_ms(self, timeout: u64) -> Self {
        self.with(|builder| builder.timeout(Duration::from_millis(timeout)))
    }

    /// `sync`
    #[must_use]
    pub fn sync(self, sync: bool) -> Self {
        self.with(|builder| builder.sync(sync))
    }

    /// `copy_body`
    #[must_use]
    pub fn copy_body(self, copy_body: bool) -> Self {
        self.with(|builder| builder.copy_body(copy_body))
    }

    /// `max_body`
    #[must_use]
    pub fn max_body(self, bytes: usize) -> Self {
        self.with(|builder| builder.max_body(bytes))
    }

    /// One of `methods`
    #[must_use]
    pub fn method(mut self, method: &'static str) -> Self {
        self.methods.extend(Method::from_bytes(method.as_bytes()));
        self
    }

    /// `when`
    #[must_use]
    pub fn when<F>(self, when: F) -> Self
    where
        F: Fn(&Parts) -> bool + Send + Sync + 'static,
    {
        self.with(|builder| builder.when(when))
    }

    /// `on_success`
    #[must_use]
    pub fn on_success<F>(self, on_success: F) -> Self
    where
        F: Fn(&Target, &BufferedResponse) + Send + Sync + 'static,
    {
        self.with(|builder| builder.on_success(on_success))
    }

    /// `on_error`
    #[must_use]
    pub fn on_error<F>(self, on_error: F) -> Self
    where
        F: Fn(&Target, &MirrorError) + Send + Sync + 'static,
    {
        self.with(|builder| builder.on_error(on_error))
    }

    /// `on_skip`
    #[must_use]
    pub fn on_skip<F>(self, on_skip: F) -> Self
    where
        F: Fn(&Target, SkipReason) + Send + Sync + 'static,
    {
        self.with(|builder| builder.on_skip(on_skip))
    }

    /// `max_in_flight`
    #[must_use]
    pub fn max_in_flight(self, copies: usize) -> Self {
        self.with(|builder| builder.max_in_flight(copies))
    }

    /// `connect_timeout`
    #[must_use]
    pub fn connect_timeout_ms(self, timeout: u64) -> Self {
        self.with(|builder| builder.connect_timeout(Duration::from_millis(timeout)))
    }

    /// `circuit_breaker = { failures = .., cooldown = ".." }`
    #[must_use]
    pub fn circuit_breaker(self, failures: u32, cooldown_ms: u64) -> Self {
        let cooldown = Duration::from_millis(cooldown_ms);
        self.with(|builder| builder.circuit_breaker(CircuitBreaker::new(failures, cooldown)))
    }

    /// `circuit_breaker = off`
    #[must_use]
    pub fn no_circuit_breaker(self) -> Self {
        self.with(|builder| builder.circuit_breaker(None))
    }

    /// `rate_limit`
    #[must_use]
    pub fn rate_limit(self, copies: u32, period_ms: u64) -> Self {
        self.with(|builder| builder.rate_limit(copies, Duration::from_millis(period_ms)))
    }

    /// `until`
    #[must_use]
    pub fn until(self, date: &'static str) -> Self {
        self.with(|builder| builder.until(date))
    }

    /// `allow_raise`
    #[must_use]
    pub fn allow_raise(self, allow_raise: bool) -> Self {
        self.with(|builder| builder.allow_raise(allow_raise))
    }

    /// `body = "tee"`
    #[must_use]
    pub fn tee(self) -> Self {
        self.with(|builder| builder.body(BodyMode::Tee))
    }

    /// `body = "buffer"`
    #[must_use]
    pub fn buffer(self) -> Self {
        self.with(|builder| builder.body(BodyMode::Buffer))
    }

    /// `read_ahead`
    #[must_use]
    pub fn read_ahead_ms(self, within: u64) -> Self {
        self.with(|builder| builder.read_ahead(Duration::from_millis(within)))
    }

    /// One of `set_headers`
    #[must_use]
    pub fn set_header(self, name: &'static str, value: &'static str) -> Self {
        self.with(|builder| builder.set_header(name, value))
    }

    /// One of `remove_headers`
    #[must_use]
    pub fn remove_header(self, name: &'static str) -> Self {
        self.with(|builder| builder.remove_header(name))
    }

    /// `credentials = "strip"`
    #[must_use]
    pub fn strip_credentials(self) -> Self {
        self.with(|builder| builder.credentials(Credentials::Strip))
    }

    /// `accept_encoding = "comparable"`
    #[must_use]
    pub fn comparable_encodings(self) -> Self {
        self.with(|builder| builder.accept_encoding(AcceptEncoding::Comparable))
    }

    /// `accept_encoding = "verbatim"`
    #[must_use]
    pub fn verbatim_encodings(self) -> Self {
        self.with(|builder| builder.accept_encoding(AcceptEncoding::Verbatim))
    }

    /// `map_request`
    #[must_use]
    pub fn map_request<F>(self, map_request: F) -> Self
    where
        F: Fn(&mut ShadowRequest) + Send + Sync + 'static,
    {
        self.with(|builder| builder.map_request(map_request))
    }

    /// One of `mask`
    #[must_use]
    pub fn mask(self, pointer: &'static str) -> Self {
        self.with(|builder| builder.mask([pointer]))
    }

    /// `credentials = "forward"`
    #[must_use]
    pub fn forward_credentials(self) -> Self {
        self.with(|builder| builder.credentials(Credentials::Forward))
    }

    /// `trace`
    #[must_use]
    pub fn trace(self, trace: Trace) -> Self {
        self.with(|builder| builder.trace(trace))
    }

    /// One of `baggage`
    #[must_use]
    pub fn baggage(self, key: &'static str, value: &'static str) -> Self {
        self.with(|builder| builder.baggage(key, value))
    }

    /// `transport = STATIC`
    #[must_use]
    pub fn transport<L>(self, transport: &'static L) -> Self
    where
        L: Deref<Target: Transport> + Sync,
    {
        self.with(|builder| builder.transport(Static(transport)))
    }

    /// `key = env("VARIABLE")`
    #[must_use]
    pub fn key_from_env(self, variable: &'static str) -> Self {
        self.with(|builder| builder.key_or_mistake(Key::from_env(variable)))
    }

    /// `key = STATIC`
    #[must_use]
    pub fn key<L>(self, key: &'static L) -> Self
    where
        L: Deref<Target = Key> + Sync,
    {
        // It is made here at the latest, by code of the user's, within a request.
        match caught(Code::new("key").of(self.name), || Key::clone(key)) {
            Some(key) => self.with(|builder| builder.key(key)),
            None => self,
        }
    }

    /// `host = "preserve"`
    #[must_use]
    pub fn preserve_host(self) -> Self {
        self.with(|builder| builder.host(Host::Preserve))
    }

    /// `host = "target"`
    #[must_use]
    pub fn target_host(self) -> Self {
        self.with(|builder| builder.host(Host::Target))
    }

    /// The mirror. If its options turn out wrong after all, it has no targets, and the log says
    /// why.
    #[must_use]
    pub fn build(self) -> Mirror {
        let Self {
            name,
            entry,
            mut builder,
            targets,
            methods,
            #[cfg(feature = "compare")]
            baseline,
        } = self;
        #[cfg(feature = "compare")]
        if let Some(baseline) = baseline {
            // Two variables may hold the same URL. Without its noise a target can still be
            // compared.
            if targets.iter().any(|target| target.is_same(&baseline)) {
                let error = crate::error::ConfigError::BaselineIsTarget(baseline.name().to_owned());
                let variable = baseline.variable();
                contained(|| {
                    tracing::error!(
                        mirror = name,
                        target = baseline.name(),
                        variable,
                        %error,
                        "baseline disabled: differences are told without knowing what is noise"
                    );
                });
            } else {
                builder = builder.baseline(baseline);
            }
        }
        if !methods.is_empty() {
            builder = builder.methods(methods);
        }
        targets
            .into_iter()
            .fold(builder, MirrorBuilder::target)
            .build()
            .unwrap_or_else(|error| {
                contained(|| {
                    tracing::error!(mirror = name, %error, "mirror disabled: nothing is sent");
                });
                let builder = Mirror::builder().name(name);
                match entry {
                    Some(entry) => builder.of_entry(entry).finish(),
                    None => builder.finish(),
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Http2;

    #[test]
    fn prior_knowledge_turns_off_a_target_of_the_environment_that_has_tls() {
        let grpc = |url| TargetOptions::url(url).http2(Http2::PriorKnowledge);
        let mirror = Options::new("prior_knowledge")
            .target(grpc("https://a.invalid").name("tls"))
            .target(grpc("http://a.invalid").name("plain"))
            .build();
        let targets = mirror
            .engine()
            .targets
            .iter()
            .map(crate::engine::EngineTarget::target);
        let targets = targets.map(|target| (target.name(), target.is_enabled()));
        assert_eq!(
            targets.collect::<Vec<_>>(),
            [("tls", false), ("plain", true)]
        );
    }
}
