//! The options of comparing.

use http::HeaderName;
use mirror_grammar::{
    MAX_COMPARE_BODY, check_comparable,
    options::{self, Needs},
    parse_header_name,
};

use super::MirrorBuilder;
use crate::{
    comparison::{CompareMode, Comparison, Rules},
    engine::{CompareAt, Comparing},
    error::ConfigError,
    report::Thresholds,
    send::MAX_READ,
    target::Target,
};
#[cfg(feature = "record")]
use crate::{engine::Record, record::RecordingOptions};

type OnMismatch = Box<dyn Fn(&Comparison) + Send + Sync>;

/// What is not read cannot be compared.
const _: () = assert!(MAX_COMPARE_BODY == MAX_READ);

/// The comparison options of the builder.
#[derive(Default)]
pub(super) struct CompareOptions {
    mode: Option<CompareMode>,
    at: CompareAt,
    pub(super) rules: Rules,
    thresholds: Thresholds,
    version_header: Option<HeaderName>,
    pub(super) on_mismatch: Option<OnMismatch>,
    pub(super) baseline: Option<Target>,
    #[cfg(feature = "record")]
    pub(super) recording: RecordingOptions,
    /// Options that say nothing without `compare`, by name.
    pub(super) given: Vec<&'static str>,
}

impl MirrorBuilder {
    /// Which parts of the primary's and the shadows' responses must agree. Default: nothing is
    /// compared, and the primary's response is not touched.
    ///
    /// The primary's response streams to the client as before, and is recorded as it passes. When
    /// both responses have arrived, they are compared on threads of the mirrors' own.
    /// [`Mirror::report`](crate::Mirror::report) has the results.
    ///
    /// ```
    /// use mirror_runtime::{CompareMode, Mirror};
    ///
    /// let mirror = Mirror::builder()
    ///     .target("https://staging.example.com")
    ///     .compare(CompareMode::Json)
    ///     .compare_headers(["content-type"])
    ///     .ignore(["/generated_at", "/items/*/id"])
    ///     .unordered(["/tags"])
    ///     .tolerance("/total", 0.01)
    ///     .redact(["/password"])
    ///     .on_mismatch(|comparison| eprintln!("{comparison}"))
    ///     .build()?;
    /// println!("{}", mirror.report());
    /// # Ok::<(), mirror_runtime::ConfigError>(())
    /// ```
    pub fn compare(mut self, mode: CompareMode) -> Self {
        self.compare.mode = Some(mode);
        self
    }

    /// Where the primary's response is taken. Default: [`CompareAt::Handler`].
    ///
    /// A shadow's response has passed the layers of the shadow. If the primary's layers change
    /// responses, such as by an envelope, by headers, or by another body for an error, then its
    /// responses compare as equal only from outside of them:
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use mirror_runtime::{CompareAt, CompareAtServer, CompareMode, Mirror};
    ///
    /// let mirror = Mirror::builder()
    ///     .target("https://staging.example.com")
    ///     .compare(CompareMode::Json)
    ///     .compare_at(CompareAt::Server)
    ///     .build()?;
    /// let app: Router = Router::new()
    ///     .route("/orders", get(|| async { "[]" }))
    ///     .layer(mirror.layer())
    ///     // Other layers, and then, as the last of all:
    ///     .layer(CompareAtServer::new());
    /// # Ok::<(), mirror_runtime::ConfigError>(())
    /// ```
    ///
    /// Without that layer the response is taken where the mirror stands, and the log says so once.
    pub fn compare_at(mut self, at: CompareAt) -> Self {
        self.compare.given.push(options::COMPARE_AT.name);
        self.compare.at = at;
        self
    }

    /// Headers and trailer fields that must agree as well, in every mode. Default: none.
    /// `grpc-status` must always agree, in headers or trailers.
    ///
    /// But in [`CompareMode::Status`], and if a function compares, these must agree in any case, as
    /// far as both statuses are of one class: `access-control-*`, `allow`, `cache-control`,
    /// `content-disposition`, `content-language`, `content-range`, `content-security-policy`,
    /// `content-type`, `link`, `location` of `3xx` and `201`, `proxy-authenticate`, `retry-after`,
    /// the names and attributes of `set-cookie`, `www-authenticate`, and whether there is an `etag`
    /// and a `last-modified`. The report names others that differ.
    ///
    /// What a header means is compared, as far as its syntax is known: parameters, directives and
    /// sets in any order, names without their case. `content-length`, `date` and the headers about
    /// the connection differ between right responses: they make `build` fail.
    ///
    /// An HTTP/1 server sends no trailers unless it was asked for them, so missing trailers are no
    /// difference there.
    pub fn compare_headers<I>(self, names: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.rules(options::COMPARE_HEADERS.name, names, |rules, name| {
            let name = parse_header_name(name).map_err(ConfigError::header)?;
            check_comparable(&name).map_err(ConfigError::header)?;
            rules.compare_header(name);
            Ok::<_, ConfigError>(())
        })
    }

    /// Headers that may differ, of those that must agree if nobody says so. Default: none.
    pub fn ignore_headers<I>(self, names: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.rules(options::IGNORE_HEADERS.name, names, |rules, name| {
            rules.ignore_header(parse_header_name(name).map_err(ConfigError::header)?);
            Ok::<_, ConfigError>(())
        })
    }

    /// JSON pointers (RFC 6901, with `*` for any index or key) to values that may differ, including
    /// everything inside them. Default: none.
    pub fn ignore<I>(self, pointers: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.rules(options::IGNORE.name, pointers, Rules::ignore)
    }

    /// JSON pointers to arrays whose elements may be in any order. Default: none.
    pub fn unordered<I>(self, pointers: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.rules(options::UNORDERED.name, pointers, Rules::unordered)
    }

    /// A JSON pointer to numbers that may differ by at most this much. Can be given several times.
    /// Default: none.
    pub fn tolerance(self, pointer: impl AsRef<str>, difference: f64) -> Self {
        self.rules(options::TOLERANCE.name, [pointer], |rules, pointer| {
            rules.tolerance(pointer, difference)
        })
    }

    /// Whether `5.0` is the same as `5`. Default: `false`, because a client that reads an integer
    /// there may refuse it. `1.50` is the same as `1.5`, and `1.5E2` as `150`, in any case.
    pub fn ignore_zero_fraction(mut self, ignore: bool) -> Self {
        self.compare.given.push(options::IGNORE_ZERO_FRACTION.name);
        self.compare.rules.set_ignore_zero_fraction(ignore);
        self
    }

    /// Whether a byte order mark before JSON or text is no difference. Default: `false`, because
    /// many clients read no JSON behind one.
    pub fn ignore_bom(mut self, ignore: bool) -> Self {
        self.compare.given.push(options::IGNORE_BOM.name);
        self.compare.rules.set_ignore_bom(ignore);
        self
    }

    /// The largest body that is compared, in bytes. Responses with a larger body are counted as
    /// [`TooLarge`](crate::NotComparedReason::TooLarge). At most 1 MiB, which is how much of a
    /// response is read. Default: 256 KiB.
    pub fn max_compare_body(mut self, bytes: usize) -> Self {
        if !(1..=MAX_COMPARE_BODY).contains(&bytes) {
            self.mistaken(ConfigError::MaxCompareBody);
        }
        self.compare.given.push(options::MAX_COMPARE_BODY.name);
        self.compare.rules.set_max_compare_body(bytes);
        self
    }

    /// Called for each comparison that found a difference ([`Mismatch`](crate::Verdict::Mismatch)
    /// and [`SchemaMismatch`](crate::Verdict::SchemaMismatch)), on a thread of the mirrors' own. If
    /// 64 calls are waiting, further ones are dropped. A panic in it is caught and logged.
    pub fn on_mismatch<F>(mut self, on_mismatch: F) -> Self
    where
        F: Fn(&Comparison) + Send + Sync + 'static,
    {
        self.compare.given.push(options::ON_MISMATCH.name);
        self.compare.on_mismatch = Some(Box::new(on_mismatch));
        self
    }

    /// A server that runs the old version and gets copies of the same requests. In the counters it
    /// is a target like any other. If its responses differ from the primary's, that difference is
    /// noise, not a mismatch of a target. Default: none.
    ///
    /// It gets every request that one of the targets gets, whatever its own percentage. Comparisons
    /// wait for its response, or for the end of its `timeout`.
    pub fn baseline<T>(mut self, baseline: T) -> Self
    where
        T: TryInto<Target, Error: Into<ConfigError>>,
    {
        self.compare.given.push(options::BASELINE.name);
        match baseline.try_into() {
            Ok(baseline) => self.compare.baseline = Some(baseline),
            Err(error) => self.mistaken(error),
        }
        self
    }

    /// The header in which shadows say their version, such as `x-version`. The first response of
    /// another version begins the report anew, so that what an old build did promotes no new one,
    /// and a repaired shadow need not make up for what it did before. Default: none, and
    /// [`Mirror::restart_report`](crate::Mirror::restart_report) does the same.
    pub fn version_header(mut self, name: impl AsRef<str>) -> Self {
        self.compare.given.push(options::VERSION_HEADER.name);
        match parse_header_name(name.as_ref()) {
            Ok(name) => self.compare.version_header = Some(name),
            Err(error) => self.mistaken(ConfigError::header(error)),
        }
        self
    }

    /// The thresholds at which the report says `promote`. Default: [`Thresholds::default`]. Values
    /// that are not numbers, or not shares if they must be, make `build` fail.
    pub fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.compare.given.push(options::THRESHOLDS.name);
        self.compare.thresholds = thresholds;
        self
    }

    fn rules<I, E>(
        mut self,
        option: &'static str,
        values: I,
        mut add: impl FnMut(&mut Rules, &str) -> Result<(), E>,
    ) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
        E: Into<ConfigError>,
    {
        self.compare.given.push(option);
        for value in values {
            if let Err(error) = add(&mut self.compare.rules, value.as_ref()) {
                self.mistaken(error.into());
            }
        }
        self
    }
}

impl CompareOptions {
    /// Whether an option was given.
    pub(super) fn has(&self, option: &str) -> bool {
        self.given.contains(&option)
    }

    /// Whether anything is compared.
    pub(super) const fn compares(&self) -> bool {
        self.mode.is_some()
    }

    /// Whether bodies are compared as JSON, or could be.
    pub(super) const fn looks_at_json(&self) -> bool {
        !matches!(self.mode, Some(CompareMode::Status | CompareMode::Bytes))
    }

    /// Whether only statuses are compared.
    pub(super) const fn is_of_status(&self) -> bool {
        matches!(self.mode, Some(CompareMode::Status))
    }

    pub(super) fn check(&self, targets: &[Target]) -> Result<(), ConfigError> {
        // What sinks are given is redacted, compared or not.
        let has_sinks = targets.iter().any(Target::is_sink);
        let needs_compare =
            |option: &&&'static str| !(has_sinks && **option == options::REDACT.name);
        let mode = match (&self.mode, self.given.iter().find(needs_compare)) {
            (None, Some(option)) => return Err(ConfigError::RuleWithoutCompare(option)),
            (Some(CompareMode::Status), _) => Some("CompareMode::Status"),
            (Some(CompareMode::Bytes), _) => Some("CompareMode::Bytes"),
            _ => None,
        };
        let needs_json = |option: &&&'static str| {
            needs_compare(option)
                && options::find(option).is_some_and(|spec| spec.needs == Needs::Json)
        };
        if let (Some(mode), Some(option)) = (mode, self.given.iter().find(needs_json)) {
            return Err(ConfigError::RuleWithoutJson { option, mode });
        }
        let mut compared = self.rules.compare_headers().iter();
        if compared.any(|name| self.rules.ignore_headers().contains(name)) {
            return Err(ConfigError::Conflict {
                option: options::IGNORE_HEADERS.name,
                with: "compare_headers",
                reason: "one header is in both",
            });
        }
        self.thresholds.check()?;
        let Some(baseline) = &self.baseline else {
            return Ok(());
        };
        if baseline.is_sink() {
            return Err(ConfigError::Conflict {
                option: options::BASELINE.name,
                with: "Target::sink",
                reason: "a sink gives no responses to compare",
            });
        }
        if baseline.name().is_empty() {
            return Err(ConfigError::EmptyName);
        }
        if targets.iter().any(|target| target.is_same(baseline)) {
            return Err(ConfigError::BaselineIsTarget(baseline.name().to_owned()));
        }
        if targets
            .iter()
            .any(|target| target.name() == baseline.name())
        {
            return Err(ConfigError::DuplicateName(baseline.name().to_owned()));
        }
        Ok(())
    }

    /// The parts of a mirror that compares; `None` if it does not.
    pub(super) fn comparing(self, targets: &[Target], has_baseline: bool) -> Option<Comparing> {
        let names = targets.iter().map(Target::name);
        let comparing = Comparing::new(self.mode?, self.rules, self.thresholds, names)
            .with_compare_at(self.at)
            .with_baseline(has_baseline)
            .with_version_header(self.version_header);
        #[cfg(feature = "record")]
        let comparing = {
            let recording = self.recording.recording();
            comparing
                .with_recording(recording.map(|recording| Box::new(recording) as Box<dyn Record>))
        };
        Some(comparing)
    }
}

impl std::fmt::Debug for CompareOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut all = f.debug_struct("CompareOptions");
        all.field("mode", &self.mode)
            .field("at", &self.at)
            .field("rules", &self.rules)
            .field("thresholds", &self.thresholds)
            .field("version_header", &self.version_header)
            .field("on_mismatch", &self.on_mismatch.is_some())
            .field("baseline", &self.baseline);
        #[cfg(feature = "record")]
        all.field("recording", &self.recording);
        all.finish_non_exhaustive()
    }
}
