//! Errors in the options of a mirror.

use std::{convert::Infallible, fmt};

use mirror_compare::{RuleError, ThresholdError};
use mirror_grammar::{
    BaggageError, DurationError, HeaderError, PercentageError, PointerError, StickyError, UrlError,
    options::{self, breaker},
};

/// An invalid option of a mirror or a target. The attribute reports the same mistakes when the
/// program is compiled.
///
/// No message repeats credentials or the value of a header.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The URL of a target is invalid.
    #[error("invalid target `{url}`: {reason}")]
    Url {
        /// The URL as it was given.
        url: String,
        /// The error in it.
        reason: String,
    },
    /// The URL of a target holds a user name or a password.
    #[error(
        "a target must not contain credentials: they would end up in the binary and in the logs"
    )]
    Credentials,
    /// An environment variable does not hold the URL of a target.
    #[error("the environment variable `{variable}` does not hold a target: {error}")]
    Env {
        /// The variable.
        variable: String,
        /// The error in its value.
        error: Box<ConfigError>,
    },
    /// An environment variable is not valid Unicode.
    #[error("invalid target: not valid Unicode")]
    NotUnicode,
    /// A mirror without targets would do nothing.
    #[error("a mirror needs at least one target")]
    NoTargets,
    /// More targets than a mirror serves.
    #[error("a mirror has at most {max} targets, not {found}")]
    TooManyTargets {
        /// How many a mirror serves.
        max: usize,
        /// How many were given.
        found: usize,
    },
    /// A target without a URL, and a transport that needs one.
    #[error(
        "the target `{0}` has no URL, and its transport needs one: use `Target::new` and the mirror's `transport`"
    )]
    WithoutUrl(String),
    /// Two targets have the same URL, in one spelling or another.
    #[error("duplicate target `{0}`")]
    DuplicateTarget(String),
    /// A target with HTTP/2 by prior knowledge and with TLS, over which the server chooses.
    #[error(
        "the target `{0}` is `https`, and HTTP/2 with prior knowledge is for `http`: remove it, the server chooses HTTP/2 by ALPN"
    )]
    PriorKnowledgeOverTls(String),
    /// An `https` target in a build without TLS: without the features `tls`, `tls-aws-lc` and
    /// `tls-ring`.
    #[error(
        "the target `{0}` is `https`, but `mirror-runtime` is built without TLS: enable its feature `tls-aws-lc` or `tls-ring`"
    )]
    WithoutTls(String),
    /// A target that needs TLS, with only the feature `tls`, before the program has installed a
    /// default crypto provider of rustls.
    #[error(
        "the target `{0}` needs a crypto provider of rustls, but none is installed: write `rustls::crypto::ring::default_provider().install_default().unwrap();`, or the same for another provider, at the start of `main`, or enable the feature `tls-aws-lc` or `tls-ring` of `mirror-runtime`"
    )]
    NoCryptoProvider(String),
    /// Two targets have the same name, so their counters could not be told apart.
    #[error("duplicate target name `{0}`")]
    DuplicateName(String),
    /// A mirror or a target has an empty name.
    #[error("a name must not be empty")]
    EmptyName,
    /// Options of a [`FileSink`](crate::FileSink) that cannot be met.
    #[cfg(feature = "log")]
    #[error("the log in `{directory}` cannot be kept: {reason}")]
    Log {
        /// The directory.
        directory: String,
        /// Why not.
        reason: String,
    },
    /// A percentage outside 0 to 100.
    #[error("`percentage` must be {limit}, not {0}", limit = options::PERCENTAGE.limit)]
    Percentage(f64),
    /// A header or a cookie that does not tell users apart.
    #[error("invalid `sticky`: {0}")]
    Sticky(String),
    /// A timeout of zero, or of more than a day.
    #[error("invalid `timeout`: {0}")]
    Timeout(String),
    /// A `max_body` of zero.
    #[error(
        "`max_body` must be {}; to copy no bodies, use `copy_body(false)`",
        options::MAX_BODY.limit
    )]
    MaxBody,
    /// A `max_in_flight` of zero.
    #[error(
        "`max_in_flight` must be {}; to send nothing, use `percentage(0.0)`",
        options::MAX_IN_FLIGHT.limit
    )]
    MaxInFlight,
    /// A connect timeout of zero, or of more than a day.
    #[error("invalid `connect_timeout`: {0}")]
    ConnectTimeout(String),
    /// A connect timeout that is longer than the timeout.
    #[error("`connect_timeout` is a part of `timeout` and cannot be longer")]
    ConnectTimeoutTooLong,
    /// A circuit breaker that opens after no failure, or for no time, or for more than a day.
    #[error(
        "the failures of `circuit_breaker` must be {}, and its cooldown {}",
        breaker::FAILURES.limit,
        breaker::COOLDOWN.limit
    )]
    CircuitBreaker,
    /// A rate of no copies, or in no time, or in more than a day.
    #[error(
        "the copies of `rate_limit` must be {}, and its period {}",
        options::Limit::Count,
        options::Limit::Time
    )]
    RateLimit,
    /// Options that contradict one another.
    #[error("`{option}` conflicts with `{with}`: {reason}")]
    Conflict {
        /// The option.
        option: &'static str,
        /// The call that it cannot stand beside.
        with: &'static str,
        /// Why not.
        reason: &'static str,
    },
    /// A `read_ahead` of zero, or of more than a day.
    #[error("invalid `read_ahead`: {0}")]
    ReadAhead(String),
    /// An `until` that is no date.
    #[error("invalid `until`: {0}")]
    Until(String),
    /// An empty list of methods would mirror nothing.
    #[error("`methods` must name at least one method")]
    NoMethods,
    /// `CONNECT` opens a tunnel, which cannot be mirrored.
    #[error("`CONNECT` cannot be mirrored: it opens a tunnel")]
    Connect,
    /// A key with a secret that is too short or cannot be written so, or with an id that cannot or
    /// is there twice. The message repeats neither.
    #[error("invalid `key`: {0}")]
    Key(String),
    /// An environment variable does not hold a key.
    #[error("the environment variable `{variable}` does not hold a key: {reason}")]
    KeyEnv {
        /// The variable.
        variable: String,
        /// The error in its value.
        reason: String,
    },
    /// A header that cannot be set or removed.
    #[error("{0}")]
    Header(String),
    /// A header that is both set and removed.
    #[error("the header `{0}` is both set and removed")]
    HeaderSetAndRemoved(String),
    /// A `trace` that needs a tracer, without the feature `otel`.
    #[error(
        "`trace` is `Trace::{0}`, which needs the feature `otel` of `mirror-runtime`: add it in `Cargo.toml`, or choose `Trace::Forward` or `Trace::Strip`"
    )]
    TraceWithoutOtel(&'static str),
    /// A member of `baggage` that cannot be sent.
    #[error("{0}")]
    Baggage(String),
    /// Two members of `baggage` with one key.
    #[error("the baggage key `{0}` is there twice")]
    DuplicateBaggage(String),
    /// An invalid JSON pointer.
    #[error("invalid JSON pointer `{pattern}`: {error}")]
    Pointer {
        /// The pattern as it was given.
        pattern: String,
        /// The error in it.
        error: String,
    },
    /// A rule that names an element by its index, of an array whose order does not count.
    #[error(
        "`{pattern}` names an element by its index, and `{unordered}` is `unordered`: write `*`"
    )]
    Index {
        /// The rule with the index.
        pattern: String,
        /// The array that has no order.
        unordered: String,
    },
    /// A comparison option without `compare`.
    #[error("`{0}` needs `compare`: without it, nothing is compared")]
    RuleWithoutCompare(&'static str),
    /// An option that applies to JSON, beside a mode that does not look at any.
    #[error("`{option}` applies to JSON only; `compare` is `{mode}`")]
    RuleWithoutJson {
        /// The option.
        option: &'static str,
        /// The mode.
        mode: &'static str,
    },
    /// A `max_compare_body` of zero, or of more than is read of a response.
    #[error(
        "`max_compare_body` must be {}; to compare no bodies, use `CompareMode::Status`",
        options::MAX_COMPARE_BODY.limit
    )]
    MaxCompareBody,
    /// A threshold that is not a number, or is out of range.
    #[error("`{name}` of the `thresholds` must be {wanted}")]
    Threshold {
        /// The field.
        name: &'static str,
        /// The required value.
        wanted: &'static str,
    },
    /// A baseline that is one of the targets would find everything to be noise.
    #[error("the baseline `{0}` is also a target: every difference would be noise")]
    BaselineIsTarget(String),
    /// An empty path to record to.
    #[error("`record` must name a directory")]
    RecordNowhere,
    /// A `max_fixtures` of zero.
    #[error(
        "`max_fixtures` must be {}; to record nothing, leave `record` out",
        options::MAX_FIXTURES.limit
    )]
    MaxFixtures,
    /// A `max_fixture_bytes` of zero.
    #[error(
        "`max_fixture_bytes` must be {}; to record nothing, leave `record` out",
        options::MAX_FIXTURE_BYTES.limit
    )]
    MaxFixtureBytes,
    /// A tolerance that is negative, infinite or not a number.
    #[error("{0}")]
    Tolerance(String),
}

impl ConfigError {
    pub(crate) fn url(url: &str, error: UrlError<'_>) -> Self {
        match error {
            UrlError::Credentials => Self::Credentials,
            // A query or a fragment may hold a token.
            error => Self::Url {
                url: without_query(url).to_owned(),
                reason: error.to_string(),
            },
        }
    }

    /// A URL that the grammar takes and that is none for `http`.
    pub(crate) fn unusable_url(url: &str, error: &dyn fmt::Display) -> Self {
        Self::Url {
            url: without_query(url).to_owned(),
            reason: error.to_string(),
        }
    }
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

impl From<Infallible> for ConfigError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[expect(clippy::needless_pass_by_value, reason = "they are given to `map_err`")]
impl ConfigError {
    pub(crate) fn percentage(error: PercentageError) -> Self {
        Self::Percentage(error.0)
    }

    pub(crate) fn timeout(error: DurationError) -> Self {
        Self::Timeout(error.to_string())
    }

    pub(crate) fn sticky(error: StickyError) -> Self {
        Self::Sticky(error.to_string())
    }

    pub(crate) fn baggage(error: BaggageError) -> Self {
        Self::Baggage(error.to_string())
    }

    pub(crate) fn mask(pattern: &str, error: PointerError) -> Self {
        Self::Pointer {
            pattern: pattern.to_owned(),
            error: error.to_string(),
        }
    }

    pub(crate) fn header(error: HeaderError) -> Self {
        Self::Header(error.to_string())
    }
}

impl From<RuleError> for ConfigError {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::Pointer { pattern, error } => Self::Pointer { pattern, error },
            RuleError::Index { pattern, unordered } => Self::Index { pattern, unordered },
            RuleError::Tolerance(error) => Self::Tolerance(error),
        }
    }
}

impl From<ThresholdError> for ConfigError {
    fn from(error: ThresholdError) -> Self {
        Self::Threshold {
            name: error.name,
            wanted: error.wanted,
        }
    }
}
