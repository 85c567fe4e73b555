//! One target of an attribute.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use crate::{
    error::ConfigError,
    target::{Destination, Http2, MapRequest, OffReason, ShadowRequest, Target, Trace},
    transport::check_tls,
    workers::contained,
};

/// One target as it is written in the attribute.
#[must_use]
pub struct TargetOptions {
    pub(super) source: Source,
    percentage: Option<f64>,
    timeout: Option<Duration>,
    name: Option<&'static str>,
    http2: Http2,
    trace: Option<Trace>,
    set_headers: Vec<(&'static str, &'static str)>,
    map_request: Option<MapRequest>,
}

/// The values of headers stay out: they may be secrets of the shadow.
impl fmt::Debug for TargetOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetOptions")
            .field("source", &self.source)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Where the copies of a target go.
#[derive(Debug)]
pub(super) enum Source {
    /// Written in the attribute, or a `const` that it names.
    Url(&'static str),
    /// An environment variable.
    Env(&'static str),
    /// The next of the handlers that are given to `serve_with`, and its name.
    Handler(&'static str),
    /// A transport, a sink or files.
    Made(Target),
}

impl TargetOptions {
    /// `"https://staging.example.com"`, or a `const`
    pub fn url(url: &'static str) -> Self {
        Self::new(Source::Url(url))
    }

    /// `env("SHADOW_URL")`
    pub fn env(variable: &'static str) -> Self {
        Self::new(Source::Env(variable))
    }

    /// `handler(path)`: the next of the handlers that are given to `serve_with`, and its name
    pub fn handler(name: &'static str) -> Self {
        Self::new(Source::Handler(name))
    }

    /// `via(STATIC)`, `sink(STATIC)` and `file("DIRECTORY")`
    pub fn made(target: Target) -> Self {
        Self::new(Source::Made(target))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            percentage: None,
            timeout: None,
            name: None,
            http2: Http2::default(),
            trace: None,
            set_headers: Vec::new(),
            map_request: None,
        }
    }

    /// `percentage`
    pub fn percentage(self, percentage: f64) -> Self {
        let percentage = Some(percentage);
        Self { percentage, ..self }
    }

    /// `timeout`
    pub fn timeout_ms(self, timeout: u64) -> Self {
        let timeout = Some(Duration::from_millis(timeout));
        Self { timeout, ..self }
    }

    /// `name`
    pub fn name(self, name: &'static str) -> Self {
        let name = Some(name);
        Self { name, ..self }
    }

    /// `trace`
    pub fn trace(self, trace: Trace) -> Self {
        let trace = Some(trace);
        Self { trace, ..self }
    }

    /// `http2`
    #[cfg(feature = "http2")]
    pub fn http2(self, http2: Http2) -> Self {
        Self { http2, ..self }
    }

    /// One of `set_headers`
    pub fn set_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.set_headers.push((name, value));
        self
    }

    /// `map_request`
    pub fn map_request<F>(self, map_request: F) -> Self
    where
        F: Fn(&mut ShadowRequest) + Send + Sync + 'static,
    {
        let map_request: Option<MapRequest> = Some(Arc::new(map_request));
        Self {
            map_request,
            ..self
        }
    }

    /// The target, which is off if it is none after all.
    pub(super) fn target(self, mirror: &str, earlier: &[Target]) -> Target {
        let variable = self.source.variable();
        let (target, default_name) = self.source.target(earlier);
        let target = target
            .and_then(|target| distinct(target, earlier))
            .map(|target| target.with_http2(self.http2))
            .and_then(with_choice_of_http2)
            .and_then(|target| with_headers(target, &self.set_headers))
            .unwrap_or_else(|error| {
                let name = self.name.unwrap_or(&default_name);
                off(mirror, name, variable, &error)
            });
        let target = match self.name {
            Some(name) => target.named(name),
            None => target,
        };
        target
            .with_trace(self.trace)
            .overridden(self.percentage, self.timeout)
            .mapped_by(self.map_request)
    }
}

impl Source {
    /// The environment variable that holds the URL, if one does.
    pub(super) fn variable(&self) -> Option<&'static str> {
        match self {
            Self::Env(variable) => Some(variable),
            Self::Url(_) | Self::Handler(_) | Self::Made(_) => None,
        }
    }

    /// The target, and what to call it if there is none.
    pub(super) fn target(
        self,
        earlier: &[Target],
    ) -> (Result<Target, ConfigError>, Cow<'static, str>) {
        match self {
            Self::Url(url) => (Target::new(url).and_then(reachable), url.into()),
            Self::Env(variable) => {
                let target = Target::from_env(variable).and_then(reachable);
                (target, variable.into())
            }
            Self::Handler(name) => {
                let handlers = earlier.iter().filter(|target| target.is_handler());
                let target = Target::handler(name.to_owned(), handlers.count());
                (Ok(target), name.into())
            }
            Self::Made(target) => {
                let name = target.name().to_owned();
                (Ok(target), name.into())
            }
        }
    }
}

/// A target that is not there yet. Two variables may hold the same URL; the attribute cannot see
/// that.
fn distinct(target: Target, earlier: &[Target]) -> Result<Target, ConfigError> {
    if earlier.iter().any(|earlier| earlier.is_same(&target)) {
        return Err(ConfigError::DuplicateTarget(target.name().to_owned()));
    }
    Ok(target)
}

/// A target that can be spoken to as it is chosen. A variable may hold the URL of an `https`
/// target; the attribute cannot see that.
fn with_choice_of_http2(target: Target) -> Result<Target, ConfigError> {
    if target.has_prior_knowledge_over_tls() {
        return Err(ConfigError::PriorKnowledgeOverTls(target.name().to_owned()));
    }
    Ok(target)
}

/// A target that is given headers of its own.
fn with_headers(target: Target, set: &[(&str, &str)]) -> Result<Target, ConfigError> {
    let mut set = set.iter();
    set.try_fold(target, |target, (name, value)| {
        target.set_header(name, *value)
    })
}

/// A target, unless it is one that this program cannot connect to.
fn reachable(target: Target) -> Result<Target, ConfigError> {
    if target.destination().is_some_and(Destination::is_tls) {
        check_tls(&target)?;
    }
    Ok(target)
}

/// A target that is sent nothing, because it was given a value that it cannot work with.
pub(super) fn off(
    mirror: &str,
    target: &str,
    variable: Option<&str>,
    error: &ConfigError,
) -> Target {
    // While the first request waits, and only once: what panics here would keep the handler off for
    // good.
    contained(|| tracing::error!(mirror, target, variable, %error, "target disabled"));
    let target = Target::off(target.to_owned(), OffReason::Invalid);
    match variable {
        Some(variable) => target.of_variable(variable),
        None => target,
    }
}
