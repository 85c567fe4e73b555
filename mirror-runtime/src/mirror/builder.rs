//! Building a mirror without the attribute: the same options, defaults and checks.

// In this order the documentation shows their methods.
mod copying;

#[cfg(feature = "compare")]
mod compare;
#[cfg(feature = "record")]
mod record;

mod build;
mod defaults;
#[cfg(not(feature = "compare"))]
mod no_compare;

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use mirror_grammar::{
    Date,
    options::{DEFAULT_PERCENTAGE, DEFAULT_TIMEOUT},
};

#[cfg(feature = "compare")]
use self::compare::CompareOptions;
pub use self::defaults::Defaults;
#[cfg(not(feature = "compare"))]
use self::no_compare::CompareOptions;
use crate::{
    bounds::Protection,
    control::MirrorEntry,
    engine::{BodyMode, Options, When},
    error::ConfigError,
    key::Key,
    mask::Mask,
    target::{MapRequest, Target, Trace},
    telemetry::{Callbacks, Observer},
    transport::Transport,
};

/// Whether copies carry the credentials of their originals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// `Authorization`, `Cookie` and `X-Api-Key` travel like any other header.
    #[default]
    Forward,
    /// `Authorization`, `Cookie` and `X-Api-Key` are left out, and `Baggage`, which may carry what is
    /// not for others (W3C Baggage, section 4).
    Strip,
}

/// The encodings that copies ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AcceptEncoding {
    /// Those of the original.
    #[default]
    Verbatim,
    /// Those of the original that can be undone to compare a body: `gzip`, `deflate`, `br`, `zstd`.
    Comparable,
}

/// The `Host` of copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// The target's.
    #[default]
    Target,
    /// The original request's. Such copies travel over HTTP/1.1.
    Preserve,
}

/// Builds a [`Mirror`](crate::Mirror). The first mistake is remembered and returned by
/// [`build`](Self::build).
///
/// ```
/// use std::time::Duration;
/// use mirror_runtime::{Mirror, MirrorError, Target};
///
/// let mirror = Mirror::builder()
///     .name("orders")
///     .target(Target::new("https://staging.example.com")?.percentage(50.0)?)
///     .target(Target::with_percentage("https://canary.example.com", 5.0)?)
///     .timeout(Duration::from_secs(2))
///     .on_error(|target: &Target, error: &MirrorError| eprintln!("{target}: {error}"))
///     .build()?;
/// assert_eq!(mirror.name(), "orders");
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct MirrorBuilder {
    name: Option<Cow<'static, str>>,
    targets: Vec<Target>,
    percentage: f64,
    timeout: Duration,
    max_body: Option<usize>,
    body: Option<BodyMode>,
    read_ahead: Option<Duration>,
    protection: Protection,
    connect_timeout: Option<Duration>,
    trace: Trace,
    until: Option<Date>,
    allow_raise: Option<bool>,
    options: Options,
    when: Option<When>,
    map_request: Option<MapRequest>,
    mask: Mask,
    /// The fields as they are written.
    masked: Vec<String>,
    callbacks: Callbacks,
    observers: Vec<Arc<dyn Observer>>,
    compare: CompareOptions,
    /// That of the process, if there is none.
    key: Option<Key>,
    /// Connections of our own, if there is none.
    transport: Option<Arc<dyn Transport>>,
    /// The options of the mirror itself count before these.
    shared: Option<Box<Defaults>>,
    /// The attribute that it is of.
    entry: Option<&'static MirrorEntry>,
    /// The options that were given, by name, as far as their values do not show it.
    given: Vec<&'static str>,
    mistake: Option<ConfigError>,
}

impl Default for MirrorBuilder {
    fn default() -> Self {
        Self {
            name: None,
            targets: Vec::new(),
            percentage: DEFAULT_PERCENTAGE,
            timeout: DEFAULT_TIMEOUT,
            max_body: None,
            body: None,
            read_ahead: None,
            protection: Protection::default(),
            connect_timeout: None,
            trace: Trace::by_default(),
            until: None,
            allow_raise: None,
            options: Options::default(),
            when: None,
            map_request: None,
            mask: Mask::default(),
            masked: Vec::new(),
            callbacks: Callbacks::default(),
            observers: Vec::new(),
            compare: CompareOptions::default(),
            key: None,
            transport: None,
            shared: None,
            entry: None,
            given: Vec::new(),
            mistake: None,
        }
    }
}

impl MirrorBuilder {
    /// The key, or what is wrong with it.
    pub(crate) fn key_or_mistake(mut self, key: Result<Key, ConfigError>) -> Self {
        match key {
            Ok(key) => self.key = Some(key),
            Err(error) => self.mistaken(error),
        }
        self
    }

    /// The mirror of an attribute.
    pub(crate) fn of_entry(mut self, entry: &'static MirrorEntry) -> Self {
        self.name = Some(Cow::Borrowed(entry.mirror()));
        self.entry = Some(entry);
        self
    }

    fn mistaken(&mut self, mistake: impl Into<ConfigError>) {
        self.mistake.get_or_insert(mistake.into());
    }
}

impl fmt::Debug for MirrorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MirrorBuilder")
            .field("name", &self.name)
            .field("targets", &self.targets)
            .field("options", &self.options)
            .field("mask", &self.masked)
            .field("callbacks", &self.callbacks)
            .field("compare", &self.compare)
            .field("transport", &self.transport)
            .field("key", &self.key)
            .field("shared", &self.shared)
            .field("mistake", &self.mistake)
            .finish_non_exhaustive()
    }
}
