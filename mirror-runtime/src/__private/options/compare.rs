//! The options of comparing.

use super::{Options, TargetOptions, target::off};
use crate::{
    comparison::{BufferedResponse, CompareMode, Comparison, TypedResponse, Verdict},
    engine::CompareAt,
    report::Thresholds,
};

impl Options {
    /// `compare = "status"`
    #[must_use]
    pub fn compare_status(self) -> Self {
        self.with(|builder| builder.compare(CompareMode::Status))
    }

    /// `compare = "json"`
    #[must_use]
    pub fn compare_json(self) -> Self {
        self.with(|builder| builder.compare(CompareMode::Json))
    }

    /// `compare = "bytes"`
    #[must_use]
    pub fn compare_bytes(self) -> Self {
        self.with(|builder| builder.compare(CompareMode::Bytes))
    }

    /// `compare = typed`, if the handler returns `R`
    #[must_use]
    pub fn compare_typed<R: TypedResponse>(self) -> Self {
        self.with(|builder| builder.compare(CompareMode::typed::<R>()))
    }

    /// `compare = path`
    #[must_use]
    pub fn compare_with(
        self,
        function: fn(&BufferedResponse, &BufferedResponse) -> Verdict,
    ) -> Self {
        self.with(|builder| builder.compare(CompareMode::Custom(function)))
    }

    /// `compare_at = "server"`
    #[must_use]
    pub fn compare_at_server(self) -> Self {
        self.with(|builder| builder.compare_at(CompareAt::Server))
    }

    /// `compare_at = "handler"`
    #[must_use]
    pub fn compare_at_handler(self) -> Self {
        self.with(|builder| builder.compare_at(CompareAt::Handler))
    }

    /// One of `compare_headers`
    #[must_use]
    pub fn compare_header(self, name: &'static str) -> Self {
        self.with(|builder| builder.compare_headers([name]))
    }

    /// One of `ignore_headers`
    #[must_use]
    pub fn ignore_header(self, name: &'static str) -> Self {
        self.with(|builder| builder.ignore_headers([name]))
    }

    /// `ignore_zero_fraction`
    #[must_use]
    pub fn ignore_zero_fraction(self, ignore: bool) -> Self {
        self.with(|builder| builder.ignore_zero_fraction(ignore))
    }

    /// `ignore_bom`
    #[must_use]
    pub fn ignore_bom(self, ignore: bool) -> Self {
        self.with(|builder| builder.ignore_bom(ignore))
    }

    /// One of `ignore`
    #[must_use]
    pub fn ignore(self, pointer: &'static str) -> Self {
        self.with(|builder| builder.ignore([pointer]))
    }

    /// One of `unordered`
    #[must_use]
    pub fn unordered(self, pointer: &'static str) -> Self {
        self.with(|builder| builder.unordered([pointer]))
    }

    /// One of `tolerance`
    #[must_use]
    pub fn tolerance(self, pointer: &'static str, difference: f64) -> Self {
        self.with(|builder| builder.tolerance(pointer, difference))
    }

    /// One of `redact`
    #[must_use]
    pub fn redact(self, pointer: &'static str) -> Self {
        self.with(|builder| builder.redact([pointer]))
    }

    /// `max_compare_body`
    #[must_use]
    pub fn max_compare_body(self, bytes: usize) -> Self {
        self.with(|builder| builder.max_compare_body(bytes))
    }

    /// `version_header`
    #[must_use]
    pub fn version_header(self, name: &'static str) -> Self {
        self.with(|builder| builder.version_header(name))
    }

    /// `on_mismatch`
    #[must_use]
    pub fn on_mismatch<F>(self, on_mismatch: F) -> Self
    where
        F: Fn(&Comparison) + Send + Sync + 'static,
    {
        self.with(|builder| builder.on_mismatch(on_mismatch))
    }

    /// `thresholds`
    #[must_use]
    pub fn thresholds(self, thresholds: Thresholds) -> Self {
        self.with(|builder| builder.thresholds(thresholds))
    }

    /// `record`
    #[cfg(feature = "record")]
    #[must_use]
    pub fn record(self, directory: &'static str) -> Self {
        self.with(|builder| builder.record(directory))
    }

    /// `max_fixtures`
    #[cfg(feature = "record")]
    #[must_use]
    pub fn max_fixtures(self, fixtures: usize) -> Self {
        self.with(|builder| builder.max_fixtures(fixtures))
    }

    /// `max_fixture_bytes`
    #[cfg(feature = "record")]
    #[must_use]
    pub fn max_fixture_bytes(self, bytes: u64) -> Self {
        self.with(|builder| builder.max_fixture_bytes(bytes))
    }

    /// `baseline`
    #[must_use]
    pub fn baseline(mut self, baseline: TargetOptions) -> Self {
        let variable = baseline.source.variable();
        let (baseline, name) = baseline.source.target(&self.targets);
        let baseline = baseline.unwrap_or_else(|error| off(self.name, &name, variable, &error));
        self.baseline = Some(baseline);
        self
    }
}
