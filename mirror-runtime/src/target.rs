//! One destination of copies: a base URL and its own overrides.

mod destination;
mod http2;

use std::{fmt, time::Duration};

use mirror_grammar::{check_percentage, check_timeout};

pub(crate) use destination::Destination;
pub use http2::Http2;

use crate::error::ConfigError;

/// One destination of copies: a base URL, and options of its own where it needs them.
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
    state: State,
    percentage: Option<f64>,
    timeout: Option<Duration>,
    http2: Http2,
}

#[derive(Clone)]
enum State {
    On(Box<Destination>),
    /// Which of the attribute's `handler(..)` targets it is.
    Handler(usize),
    Off(OffReason),
}

/// Who gets the copies for a target.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Recipient<'a> {
    /// A server.
    Server(&'a Destination),
    /// A handler of this program: which of the attribute's `handler(..)` targets.
    Handler(usize),
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
    /// A target at a base URL: `http` or `https`, a host, and where needed a port and a base path.
    ///
    /// The path and query of each copy are joined to the base path. The target's name is its URL until
    /// [`named`](Self::named) gives it another.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Url`] when the URL is not absolute, has another scheme, or carries credentials, a query or a
    /// fragment.
    pub fn new(url: impl AsRef<str>) -> Result<Self, ConfigError> {
        let destination = Destination::parse(url.as_ref())?;
        Ok(Self {
            name: destination.url().to_owned(),
            state: State::On(Box::new(destination)),
            percentage: None,
            timeout: None,
            http2: Http2::default(),
        })
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
    /// Where the variable is unset or empty the target is *off*: it is sent nothing, and its requests are counted as
    /// skipped. Its name is the variable's.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Env`] when the variable is set to something that is not the URL of a target. The attribute's
    /// `env("..")` logs that error and leaves the target off.
    pub fn from_env(variable: impl Into<String>) -> Result<Self, ConfigError> {
        let name = variable.into();
        let Some(url) = std::env::var_os(&name).filter(|url| !url.is_empty()) else {
            return Ok(Self::off(name, OffReason::Unset));
        };
        let target = url
            .to_str()
            .ok_or(ConfigError::NotUnicode)
            .and_then(Self::new);
        match target {
            Ok(target) => Ok(target.named(name)),
            Err(error) => Err(ConfigError::Env {
                variable: name,
                error: Box::new(error),
            }),
        }
    }

    /// A handler of this program. Only an attribute can name one.
    pub(crate) fn handler(name: String, slot: usize) -> Self {
        Self {
            name,
            state: State::Handler(slot),
            percentage: None,
            timeout: None,
            http2: Http2::default(),
        }
    }

    /// A target that is sent nothing.
    pub(crate) fn off(name: String, reason: OffReason) -> Self {
        Self {
            name,
            state: State::Off(reason),
            percentage: None,
            timeout: None,
            http2: Http2::default(),
        }
    }

    /// The share of requests that this target gets, in percent; without it, the mirror's.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Percentage`] outside 0 to 100.
    pub fn percentage(mut self, percentage: f64) -> Result<Self, ConfigError> {
        self.percentage = Some(check_percentage(percentage)?);
        Ok(self)
    }

    /// The time that a copy to this target may take, from leaving to the last byte of the answer; without it, the
    /// mirror's.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Timeout`] for zero and for more than a day.
    pub fn timeout(mut self, timeout: Duration) -> Result<Self, ConfigError> {
        self.timeout = Some(check_timeout(timeout)?);
        Ok(self)
    }

    /// How HTTP/2 is agreed upon with this target. Default: [`Http2::Alpn`].
    ///
    /// It is about the mirrors' own connections: another [`Transport`](crate::Transport) decides for itself.
    #[must_use]
    pub fn http2(mut self, http2: Http2) -> Self {
        self.http2 = http2;
        self
    }

    /// How counters and logs call this target.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The name: what [`named`](Self::named) gave, or the URL, or the environment variable, or `handler(path)`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The base URL as copies use it, or `""` where the target is off or a handler.
    #[must_use]
    pub fn url(&self) -> &str {
        self.destination().map_or("", Destination::url)
    }

    /// Whether copies are sent to this target at all. Only [`from_env`](Self::from_env) makes one that is off.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.recipient().is_some()
    }

    pub(crate) fn destination(&self) -> Option<&Destination> {
        match &self.state {
            State::On(destination) => Some(destination),
            State::Handler(_) | State::Off(_) => None,
        }
    }

    /// Who gets the copies; nobody, where the target is off.
    pub(crate) fn recipient(&self) -> Option<Recipient<'_>> {
        match &self.state {
            State::On(destination) => Some(Recipient::Server(destination)),
            State::Handler(slot) => Some(Recipient::Handler(*slot)),
            State::Off(_) => None,
        }
    }

    pub(crate) fn is_handler(&self) -> bool {
        matches!(self.state, State::Handler(_))
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
            State::On(_) | State::Handler(_) => None,
            State::Off(reason) => Some(reason),
        }
    }

    pub(crate) fn own_percentage(&self) -> Option<f64> {
        self.percentage
    }

    pub(crate) fn own_http2(&self) -> Http2 {
        self.http2
    }

    /// Whether it asks for HTTP/2 with prior knowledge over TLS, where the server has a say.
    pub(crate) fn has_prior_knowledge_over_tls(&self) -> bool {
        self.http2 == Http2::PriorKnowledge && self.destination().is_some_and(Destination::is_tls)
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
        f.debug_struct("Target")
            .field("name", &self.name)
            .field("url", &self.url())
            .field("percentage", &self.percentage)
            .field("timeout", &self.timeout)
            .field("http2", &self.http2)
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
