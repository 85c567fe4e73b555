//! One destination of copies: a base URL and its own overrides.

mod destination;
mod http2;
mod shadow_request;
mod trace;
mod written;

use std::{any::Any, fmt, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue};
use mirror_grammar::{
    HeaderError, check_percentage, check_settable, check_timeout, parse_header_name,
};

pub(crate) use destination::Destination;
pub use http2::Http2;
pub use shadow_request::ShadowRequest;
pub(crate) use shadow_request::{Changed, DIGESTS, MapRequest};
pub use trace::Trace;
pub(crate) use written::check_url;

use crate::error::ConfigError;

/// One destination of copies: a base URL, and the options that differ from those of the mirror.
///
/// ```
/// use mirror_runtime::Target;
///
/// let target = Target::new("https://canary.example.com/base")?.percentage(5.0)?.named("canary");
/// assert_eq!(target.url(), "https://canary.example.com/base");
/// assert_eq!(target.name(), "canary");
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Target {
    name: String,
    /// The environment variable that holds its URL, if one does.
    variable: Option<Box<str>>,
    state: State,
    percentage: Option<f64>,
    timeout: Option<Duration>,
    http2: Http2,
    trace: Option<Trace>,
    set_headers: Vec<(HeaderName, HeaderValue)>,
    map_request: Option<MapRequest>,
}

#[derive(Clone)]
enum State {
    On(Box<Destination>),
    /// Which of the attribute's `handler(..)` targets it is.
    Handler(usize),
    Via(Way),
    Sink(Way),
    Off(OffReason),
}

/// What a target brings along: a transport, or a sink. What it is stands a floor above.
#[derive(Clone)]
pub(crate) struct Way(Arc<dyn Any + Send + Sync>);

impl Way {
    pub(crate) fn new(way: impl Any + Send + Sync) -> Self {
        Self(Arc::new(way))
    }

    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way").finish_non_exhaustive()
    }
}

/// The receiver of the copies for a target.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Recipient<'a> {
    /// A server.
    Server(&'a Destination),
    /// A handler of this program: which of the attribute's `handler(..)` targets.
    Handler(usize),
    /// Whatever the target's own transport reaches.
    Via(&'a Way),
    /// A sink, which is sent no copies.
    Sink(&'a Way),
}

/// Why a target is off.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OffReason {
    /// The environment variable is not set, or empty: the target is meant to be off.
    Unset,
    /// The environment variable holds something that is not the URL of a target.
    Invalid,
}

impl Target {
    /// A target at a base URL: `http` or `https`, a host, and optionally a port and a base path.
    ///
    /// The path and query of each copy are joined to the base path. The target's name is its URL
    /// until [`named`](Self::named) gives it another.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] if the URL is not absolute, has another scheme, or carries credentials,
    /// a query or a fragment.
    pub fn new(url: impl AsRef<str>) -> Result<Self, ConfigError> {
        let destination = Destination::parse(url.as_ref())?;
        let name = destination.url().to_owned();
        Ok(Self::in_state(name, State::On(Box::new(destination))))
    }

    /// [`Target::new`] with a [`percentage`](Self::percentage).
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] and [`ConfigError::Percentage`].
    pub fn with_percentage(url: impl AsRef<str>, percentage: f64) -> Result<Self, ConfigError> {
        Self::new(url)?.percentage(percentage)
    }

    /// A target whose URL is in an environment variable, which is read now.
    ///
    /// If the variable is unset or empty, the target is *disabled*: nothing is sent to it, its
    /// requests are counted as skipped, and the log has a warning when the mirror is built. Its name
    /// is that of the variable.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Env`] if the variable is set to something other than the URL of a target. The
    /// attribute's `env("..")` logs that error and disables the target.
    pub fn from_env(variable: impl Into<String>) -> Result<Self, ConfigError> {
        let name = variable.into();
        let Some(url) = std::env::var_os(&name).filter(|url| !url.is_empty()) else {
            let target = Self::off(name.clone(), OffReason::Unset);
            return Ok(target.of_variable(&name));
        };
        let target = url
            .to_str()
            .ok_or(ConfigError::NotUnicode)
            .and_then(Self::new);
        match target {
            Ok(target) => Ok(target.of_variable(&name).named(name)),
            Err(error) => Err(ConfigError::Env {
                variable: name,
                error: Box::new(error),
            }),
        }
    }

    /// A handler of this program. Only the attribute can name one.
    pub(crate) fn handler(name: String, slot: usize) -> Self {
        Self::in_state(name, State::Handler(slot))
    }

    /// A target that is reached by something of its own.
    pub(crate) fn by_way(name: String, way: Way) -> Self {
        Self::in_state(name, State::Via(way))
    }

    /// A target that keeps requests with their responses.
    pub(crate) fn of_sink(name: String, way: Way) -> Self {
        Self::in_state(name, State::Sink(way))
    }

    /// A target that is sent nothing.
    pub(crate) fn off(name: String, reason: OffReason) -> Self {
        Self::in_state(name, State::Off(reason))
    }

    fn in_state(name: String, state: State) -> Self {
        Self {
            name,
            variable: None,
            state,
            percentage: None,
            timeout: None,
            http2: Http2::default(),
            trace: None,
            set_headers: Vec::new(),
            map_request: None,
        }
    }

    /// The share of requests that this target gets, in percent. Default: that of the mirror.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Percentage`] outside 0 to 100.
    pub fn percentage(mut self, percentage: f64) -> Result<Self, ConfigError> {
        self.percentage = Some(check_percentage(percentage).map_err(ConfigError::percentage)?);
        Ok(self)
    }

    /// The time that a copy to this target may take, from leaving to the last byte of the response.
    /// Default: that of the mirror.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Timeout`] for zero and for more than a day.
    pub fn timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.timeout = Some(check_timeout(timeout).map_err(ConfigError::timeout)?);
        Ok(self)
    }

    /// How HTTP/2 is negotiated with this target. Default: [`Http2::Alpn`].
    ///
    /// It applies to the mirrors' own connections. Another [`Transport`](crate::Transport) decides
    /// for itself.
    #[must_use]
    #[cfg(feature = "http2")]
    pub fn http2(self, http2: Http2) -> Self {
        self.with_http2(http2)
    }

    pub(crate) fn with_http2(mut self, http2: Http2) -> Self {
        self.http2 = http2;
        self
    }

    /// What becomes of the trace context of requests in the copies for this target. Default: that of
    /// the mirror. A [sink](Self::sink) is sent no copies, and is given the request as it arrived.
    ///
    /// # Errors
    ///
    /// [`ConfigError::TraceWithoutOtel`] for what needs a tracer, without the feature `otel`.
    pub fn trace(self, trace: Trace) -> Result<Self, ConfigError> {
        let trace = trace.check()?;
        Ok(self.with_trace(Some(trace)))
    }

    pub(crate) fn with_trace(mut self, trace: Option<Trace>) -> Self {
        self.trace = trace;
        self
    }

    /// Sets a header on each copy to this target, in place of any that the original carried, or that
    /// the mirror sets on all copies.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Header`] for a name or a value that is none, and for headers that the mirror
    /// decides about.
    pub fn set_header<N, V>(mut self, name: N, value: V) -> Result<Self, ConfigError>
    where
        N: AsRef<str>,
        V: TryInto<HeaderValue>,
    {
        let name = parse_header_name(name.as_ref()).map_err(ConfigError::header)?;
        check_settable(&name).map_err(ConfigError::header)?;
        let value = value.try_into();
        let value = value.map_err(|_| ConfigError::header(HeaderError::Value))?;
        self.set_headers.retain(|(set, _)| *set != name);
        self.set_headers.push((name, value));
        Ok(self)
    }

    /// Changes each copy to this target before it leaves, after the mirror's own
    /// [`map_request`](crate::MirrorBuilder::map_request). A sink is sent no copies.
    #[must_use]
    pub fn map_request<F>(mut self, map_request: F) -> Self
    where
        F: Fn(&mut ShadowRequest) + Send + Sync + 'static,
    {
        self.map_request = Some(Arc::new(map_request));
        self
    }

    /// The name of this target in counters and logs.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The name: as given to [`named`](Self::named), or the URL, the environment variable, or
    /// `handler(path)`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The environment variable that holds its URL, if it was made by [`from_env`](Self::from_env)
    /// or the attribute's `env(..)`.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        self.variable.as_deref()
    }

    pub(crate) fn of_variable(mut self, variable: &str) -> Self {
        self.variable = Some(variable.into());
        self
    }

    /// The base URL of copies, or `""` if the target has none: it is disabled, a handler, a sink,
    /// or has a transport of its own.
    #[must_use]
    pub fn url(&self) -> &str {
        self.destination().map_or("", Destination::url)
    }

    /// Whether copies are sent to this target. Only [`from_env`](Self::from_env) makes a disabled
    /// target.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.recipient().is_some()
    }

    pub(crate) fn destination(&self) -> Option<&Destination> {
        match &self.state {
            State::On(destination) => Some(destination),
            State::Handler(_) | State::Via(_) | State::Sink(_) | State::Off(_) => None,
        }
    }

    /// The host and port of the server that gets the copies, if it is known.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    pub(crate) fn server(&self) -> Option<(&str, u16)> {
        self.destination().map(Destination::host_and_port)
    }

    /// Who gets the copies; nobody, if the target is disabled.
    pub(crate) fn recipient(&self) -> Option<Recipient<'_>> {
        match &self.state {
            State::On(destination) => Some(Recipient::Server(destination)),
            State::Handler(slot) => Some(Recipient::Handler(*slot)),
            State::Via(way) => Some(Recipient::Via(way)),
            State::Sink(way) => Some(Recipient::Sink(way)),
            State::Off(_) => None,
        }
    }

    /// Whether copies to it may each hold a connection.
    pub(crate) fn connects(&self) -> bool {
        matches!(self.state, State::On(_) | State::Via(_))
    }

    pub(crate) fn is_handler(&self) -> bool {
        matches!(self.state, State::Handler(_))
    }

    /// Whether it keeps requests with their responses.
    pub(crate) fn is_sink(&self) -> bool {
        matches!(self.state, State::Sink(_))
    }

    /// Takes over values that were checked when the program was compiled.
    pub(crate) fn overridden(self, percentage: Option<f64>, timeout: Option<Duration>) -> Self {
        Self {
            percentage,
            timeout,
            ..self
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self.destination(), other.destination()) {
            (Some(a), Some(b)) => a.is_same(b),
            _ => false,
        }
    }

    pub(crate) fn off_reason(&self) -> Option<OffReason> {
        match self.state {
            State::Off(reason) => Some(reason),
            _ => None,
        }
    }

    pub(crate) fn own_percentage(&self) -> Option<f64> {
        self.percentage
    }

    pub(crate) fn own_trace(&self) -> Option<Trace> {
        self.trace
    }

    pub(crate) fn own_http2(&self) -> Http2 {
        self.http2
    }

    /// Whether it asks for HTTP/2 with prior knowledge over TLS, in which the server has a say.
    pub(crate) fn has_prior_knowledge_over_tls(&self) -> bool {
        self.http2 == Http2::PriorKnowledge && self.destination().is_some_and(Destination::is_tls)
    }

    pub(crate) fn mapped_by(mut self, map_request: Option<MapRequest>) -> Self {
        self.map_request = map_request.or(self.map_request);
        self
    }

    pub(crate) fn own_headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.set_headers
    }

    pub(crate) fn own_map(&self) -> Option<&MapRequest> {
        self.map_request.as_ref()
    }

    pub(crate) fn own_timeout(&self) -> Option<Duration> {
        self.timeout
    }
}

/// The target's name.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Their values may be secrets of the shadow.
        let names: Vec<_> = self.set_headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Target")
            .field("name", &self.name)
            .field("variable", &self.variable)
            .field("url", &self.url())
            .field("percentage", &self.percentage)
            .field("timeout", &self.timeout)
            .field("http2", &self.http2)
            .field("trace", &self.trace)
            .field("set_headers", &names)
            .finish_non_exhaustive()
    }
}

impl TryFrom<&str> for Target {
    type Error = ConfigError;

    fn try_from(url: &str) -> Result<Self, ConfigError> {
        Self::new(url)
    }
}

impl TryFrom<String> for Target {
    type Error = ConfigError;

    fn try_from(url: String) -> Result<Self, ConfigError> {
        Self::new(url)
    }
}

impl TryFrom<&String> for Target {
    type Error = ConfigError;

    fn try_from(url: &String) -> Result<Self, ConfigError> {
        Self::new(url)
    }
}
