//! The options of comparing.

use mirror_grammar::{MAX_COMPARE_BODY, parse_header_name};

use super::MirrorBuilder;
use crate::{
    comparison::{CompareMode, Comparison, Rules},
    engine::{Comparing, Record},
    error::ConfigError,
    record::RecordingOptions,
    report::Thresholds,
    send::MAX_READ,
    target::Target,
};

type OnMismatch = Box<dyn Fn(&Comparison) + Send + Sync>;

/// What is not read cannot be compared.
const _: () = assert!(MAX_COMPARE_BODY == MAX_READ);

/// What the builder was told of comparing.
#[derive(Default)]
pub(super) struct CompareOptions {
    mode: Option<CompareMode>,
    rules: Rules,
    thresholds: Thresholds,
    pub(super) on_mismatch: Option<OnMismatch>,
    pub(super) baseline: Option<Target>,
    pub(super) recording: RecordingOptions,
    /// Options that say nothing without `compare`, by name.
    pub(super) given: Vec<&'static str>,
}

/// The options that are about JSON, and say nothing where bodies are not compared as JSON.
const ABOUT_JSON: [&str; 3] = ["ignore", "unordered", "tolerance"];

impl MirrorBuilder {
    /// What of the primary's and the shadows' answers must agree. Default: nothing is compared, and the primary's answer
    /// is not touched.
    ///
    /// The primary's answer streams to the client as before, and is noted while it does. Answers are compared on threads
    /// of the mirrors' own, when both are there; [`Mirror::report`](crate::Mirror::report) says what was found.
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

    /// Headers that must agree too, whatever is compared, and trailer fields of these names. Default: none; `grpc-status`,
    /// in headers or trailers, must agree in any case.
    ///
    /// A server that speaks HTTP/1 sends no trailers that it was not asked for: those that it does not send are not missed.
    pub fn compare_headers<I>(self, names: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.rules("compare_headers", names, |rules, name| {
            rules.compare_header(parse_header_name(name)?);
            Ok::<_, ConfigError>(())
        })
    }

    /// JSON pointers (RFC 6901, with `*` for any index or key) to values that may differ, with all in them. Default: none.
    pub fn ignore<I>(self, pointers: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.rules("ignore", pointers, Rules::ignore)
    }

    /// JSON pointers to arrays whose elements may be in any order. Default: none.
    pub fn unordered<I>(self, pointers: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.rules("unordered", pointers, Rules::unordered)
    }

    /// A JSON pointer to numbers that may differ by so much, and no more. Can be given several times. Default: none.
    pub fn tolerance(self, pointer: impl AsRef<str>, difference: f64) -> Self {
        self.rules("tolerance", [pointer], |rules, pointer| {
            rules.tolerance(pointer, difference)
        })
    }

    /// JSON pointers to values that leave the process in no comparison, report or log, wherever else they stand: in
    /// another field, a header or the path. Of values of up to three bytes, only what equals them as a whole is hidden
    /// elsewhere; of `null`, `true`, `false` and single digits, nothing. See [`Rules::redact`]. That they differ is still
    /// told. Default: none.
    pub fn redact<I>(self, pointers: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.rules("redact", pointers, Rules::redact)
    }

    /// The largest body that is compared, in bytes; answers with a larger one are counted as
    /// [`TooLarge`](crate::NotComparedReason::TooLarge). At most 1 MiB, as much as is read of an answer. Default: 256 KiB.
    pub fn max_compare_body(mut self, bytes: usize) -> Self {
        if !(1..=MAX_COMPARE_BODY).contains(&bytes) {
            self.mistaken(ConfigError::MaxCompareBody);
        }
        self.compare.given.push("max_compare_body");
        self.compare.rules.set_max_compare_body(bytes);
        self
    }

    /// Called for each comparison that found a difference ([`Mismatch`](crate::Verdict::Mismatch) and
    /// [`SchemaMismatch`](crate::Verdict::SchemaMismatch)), on a thread of the mirrors' own, some time after: when 64
    /// calls wait, further ones are left out. A panic in it is caught and logged.
    pub fn on_mismatch<F>(mut self, on_mismatch: F) -> Self
    where
        F: Fn(&Comparison) + Send + Sync + 'static,
    {
        self.compare.given.push("on_mismatch");
        self.compare.on_mismatch = Some(Box::new(on_mismatch));
        self
    }

    /// A server that runs the old version and gets a copy of the same requests, in the counters a target like any other.
    /// Where its answers differ from the primary's, the difference is noise, and no mismatch of a target. Default: none.
    ///
    /// It gets the requests that one of the targets gets, whatever its own percentage. Answers are compared when its
    /// answer is there too, or its `timeout` is over.
    pub fn baseline<T>(mut self, baseline: T) -> Self
    where
        T: TryInto<Target, Error: Into<ConfigError>>,
    {
        self.compare.given.push("baseline");
        match baseline.try_into() {
            Ok(baseline) => self.compare.baseline = Some(baseline),
            Err(error) => self.mistaken(error),
        }
        self
    }

    /// What the report asks of a target before it says `promote`. Default: [`Thresholds::default`]. What is no number, and no
    /// share where it must be one, is an error of the mirror that is built with it.
    pub fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.compare.given.push("thresholds");
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
    pub(super) fn check(&self, targets: &[Target]) -> Result<(), ConfigError> {
        let about_json = || self.given.iter().find(|option| ABOUT_JSON.contains(option));
        match (&self.mode, self.given.first()) {
            (None, Some(option)) => return Err(ConfigError::RuleWithoutCompare(option)),
            (Some(CompareMode::Status | CompareMode::Bytes), _) => {
                if let Some(option) = about_json() {
                    return Err(ConfigError::RuleWithoutJson(option));
                }
            }
            _ => {}
        }
        self.thresholds.check()?;
        let Some(baseline) = &self.baseline else {
            return Ok(());
        };
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

    /// What the mirror needs to compare, where it does.
    pub(super) fn comparing(self, targets: &[Target]) -> Option<Comparing> {
        let names = targets.iter().map(Target::name);
        let comparing = Comparing::new(self.mode?, self.rules, self.thresholds, names);
        let recording = self.recording.recording();
        let recording = recording.map(|recording| Box::new(recording) as Box<dyn Record>);
        Some(comparing.with_recording(recording))
    }
}

impl std::fmt::Debug for CompareOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompareOptions")
            .field("mode", &self.mode)
            .field("rules", &self.rules)
            .field("thresholds", &self.thresholds)
            .field("on_mismatch", &self.on_mismatch.is_some())
            .field("baseline", &self.baseline)
            .field("recording", &self.recording)
            .finish_non_exhaustive()
    }
}
