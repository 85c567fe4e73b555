//! What a mirror takes of the options that it shares with others.

#[cfg(feature = "compare")]
use http::HeaderName;
use mirror_grammar::options;

#[cfg(feature = "compare")]
use super::Baseline;
use super::{Breaker, Defaults};
#[cfg(feature = "compare")]
use crate::error::ConfigError;
use crate::{
    engine::BodyMode,
    mirror::MirrorBuilder,
    target::Target,
    workers::{Code, caught},
};

impl MirrorBuilder {
    /// Takes what the builder was not given, and does not contradict what it was given.
    pub(in crate::mirror::builder) fn take_defaults(mut self) -> Self {
        let Some(defaults) = self.shared.take() else {
            return self;
        };
        let given = self.given.clone();
        let is_missing = |spec: &options::Spec| !given.contains(&spec.name);
        if let (true, Some(percentage)) = (is_missing(&options::PERCENTAGE), defaults.percentage) {
            self = self.percentage(percentage);
        }
        if let (None, Some(sticky)) = (&self.options.sticky, defaults.sticky) {
            self = self.sticky(sticky);
        }
        if let (true, Some(timeout)) = (is_missing(&options::TIMEOUT), defaults.timeout) {
            self = self.timeout(timeout);
        }
        if let (None, Some(connect_timeout)) = (self.connect_timeout, defaults.connect_timeout) {
            // If it is longer than the timeout, that is no mistake: nobody has written both.
            let timeout = self.timeout;
            self = self.connect_timeout(connect_timeout.min(timeout));
        }
        if let (true, Some(sync)) = (is_missing(&options::SYNC), defaults.sync) {
            self = self.sync(sync);
        }
        if let (true, Some(copies)) = (is_missing(&options::MAX_IN_FLIGHT), defaults.max_in_flight)
        {
            self = self.max_in_flight(copies);
        }
        if let (true, Some(Breaker(breaker))) = (
            is_missing(&options::CIRCUIT_BREAKER),
            defaults.circuit_breaker,
        ) {
            self = self.circuit_breaker(breaker);
        }
        if let (None, Some((copies, period))) = (self.protection.rate_limit, defaults.rate_limit) {
            self = self.rate_limit(copies, period);
        }
        if let (true, Some(credentials)) = (is_missing(&options::CREDENTIALS), defaults.credentials)
        {
            self = self.credentials(credentials);
        }
        if let (true, Some(accept_encoding)) = (
            is_missing(&options::ACCEPT_ENCODING),
            defaults.accept_encoding,
        ) {
            self = self.accept_encoding(accept_encoding);
        }
        if let (true, Some(host)) = (is_missing(&options::HOST), defaults.host) {
            self = self.host(host);
        }
        if let (None, Some(key)) = (&self.key, defaults.key) {
            // It is code of the user's, and this may be within a request.
            if let Some(key) = caught(Code::new("key"), key) {
                self = self.key_or_mistake(key);
            }
        }
        if let (true, Some(trace)) = (is_missing(&options::TRACE), defaults.trace) {
            self = self.trace(trace);
        }
        for (key, value) in defaults.baggage {
            if !self.options.headers.baggage.has(key) {
                self = self.baggage(key, value);
            }
        }
        self.until = self.until.or(defaults.until);
        self.allow_raise = self.allow_raise.or(defaults.allow_raise);
        self = self.take_default_functions(&defaults);
        self = self.take_default_body(&defaults);
        self = self.take_default_headers(&defaults);
        if let (true, Some(methods)) = (self.options.methods.is_empty(), defaults.methods) {
            self = self.methods(methods.iter().cloned());
        }
        #[cfg(feature = "compare")]
        {
            self = self.take_default_comparing(&defaults);
        }
        let redacts = self.compare.compares() || self.targets.iter().any(Target::is_sink);
        if redacts && !defaults.redact.is_empty() {
            self = self.redact(defaults.redact);
        }
        self
    }

    fn take_default_functions(mut self, defaults: &Defaults) -> Self {
        if let (None, Some(when)) = (&self.when, defaults.when) {
            self = self.when(when);
        }
        if let (None, Some(map_request)) = (&self.map_request, defaults.map_request) {
            self = self.map_request(map_request);
        }
        if let (None, Some(on_success)) = (&self.callbacks.on_success, defaults.on_success) {
            self = self.on_success(on_success);
        }
        if let (None, Some(on_error)) = (&self.callbacks.on_error, defaults.on_error) {
            self = self.on_error(on_error);
        }
        if let (None, Some(on_skip)) = (&self.callbacks.on_skip, defaults.on_skip) {
            self = self.on_skip(on_skip);
        }
        self
    }

    fn take_default_body(mut self, defaults: &Defaults) -> Self {
        let reads = self.max_body.is_some()
            || self.body.is_some()
            || self.read_ahead.is_some()
            || !self.masked.is_empty();
        if !reads
            && !self.given.contains(&options::COPY_BODY.name)
            && let Some(copy_body) = defaults.copy_body
        {
            self = self.copy_body(copy_body);
        }
        if !self.options.copies_body() {
            return self;
        }
        self = self.mask(defaults.mask);
        self.max_body = self.max_body.or(defaults.max_body);
        if self.read_ahead.is_none() {
            self.body = self.body.or(defaults.body);
        }
        if self.body != Some(BodyMode::Tee) {
            self.read_ahead = self.read_ahead.or(defaults.read_ahead);
        }
        self
    }

    fn take_default_headers(mut self, defaults: &Defaults) -> Self {
        let headers = &self.options.headers;
        let set = headers.set.iter().map(|(name, _)| name);
        let own: Vec<_> = set.chain(&headers.remove).cloned().collect();
        let is_own = |name: &str| {
            own.iter()
                .any(|own| name.eq_ignore_ascii_case(own.as_str()))
        };
        for (name, value) in defaults.set_headers {
            if !is_own(name) {
                self = self.set_header(name, *value);
            }
        }
        for name in defaults.remove_headers {
            if !is_own(name) {
                self = self.remove_header(name);
            }
        }
        self
    }

    #[cfg(feature = "compare")]
    fn take_default_comparing(mut self, defaults: &Defaults) -> Self {
        let defaults = &defaults.comparing;
        if let (false, Some(mode)) = (self.compare.compares(), defaults.compare) {
            self = self.compare(mode);
        }
        let given = std::mem::take(&mut self.compare.given);
        let is_missing = |spec: &options::Spec| !given.contains(&spec.name);
        if !self.compare.compares() {
            self.compare.given = given;
            return self;
        }
        if let (true, Some(at)) = (is_missing(&options::COMPARE_AT), defaults.compare_at) {
            self = self.compare_at(at);
        }
        // A header cannot be in both, and the mirror's own say in which it is.
        let (compared, ignored) = (
            self.compare.rules.compare_headers().to_vec(),
            self.compare.rules.ignore_headers().to_vec(),
        );
        let is_in = |names: &[HeaderName], name: &str| names.iter().any(|own| own == name);
        for name in defaults.ignore_headers {
            if !is_in(&compared, name) {
                self = self.ignore_headers([name]);
            }
        }
        for name in defaults.compare_headers {
            if !is_in(&ignored, name) {
                self = self.compare_headers([name]);
            }
        }
        if self.compare.looks_at_json() {
            if !defaults.ignore.is_empty() {
                self = self.ignore(defaults.ignore);
            }
            if !defaults.unordered.is_empty() {
                self = self.unordered(defaults.unordered);
            }
            if let (true, Some(ignore)) = (
                is_missing(&options::IGNORE_ZERO_FRACTION),
                defaults.ignore_zero_fraction,
            ) {
                self = self.ignore_zero_fraction(ignore);
            }
            if let (true, Some(ignore)) = (is_missing(&options::IGNORE_BOM), defaults.ignore_bom) {
                self = self.ignore_bom(ignore);
            }
            let own = self.compare.rules.written().tolerance.clone();
            for (pointer, difference) in defaults.tolerance {
                if !own.iter().any(|(own, _)| own == pointer) {
                    self = self.tolerance(pointer, *difference);
                }
            }
        }
        if !self.compare.is_of_status()
            && is_missing(&options::MAX_COMPARE_BODY)
            && let Some(bytes) = defaults.max_compare_body
        {
            self = self.max_compare_body(bytes);
        }
        if let (true, Some(on_mismatch)) = (is_missing(&options::ON_MISMATCH), defaults.on_mismatch)
        {
            self = self.on_mismatch(on_mismatch);
        }
        if let (true, Some(thresholds)) = (is_missing(&options::THRESHOLDS), defaults.thresholds) {
            self = self.thresholds(thresholds);
        }
        if let (true, Some(name)) = (
            is_missing(&options::VERSION_HEADER),
            defaults.version_header,
        ) {
            self = self.version_header(name);
        }
        if is_missing(&options::BASELINE) {
            self = match defaults.baseline {
                Some(Baseline::Url(url)) => self.default_baseline(Target::new(url)),
                Some(Baseline::Env(variable)) => self.default_baseline(Target::from_env(variable)),
                None => self,
            };
        }
        #[cfg(feature = "record")]
        {
            if let (true, Some(directory)) = (is_missing(&options::RECORD), defaults.record) {
                self = self.record(directory);
            }
            if let (true, Some(fixtures)) =
                (is_missing(&options::MAX_FIXTURES), defaults.max_fixtures)
            {
                self = self.max_fixtures(fixtures);
            }
            if let (true, Some(bytes)) = (
                is_missing(&options::MAX_FIXTURE_BYTES),
                defaults.max_fixture_bytes,
            ) {
                self = self.max_fixture_bytes(bytes);
            }
        }
        self.compare.given.extend(given);
        self
    }

    /// A baseline for those mirrors that do not send to it anyway.
    #[cfg(feature = "compare")]
    fn default_baseline(mut self, baseline: Result<Target, ConfigError>) -> Self {
        match baseline {
            Ok(target) if self.targets.iter().any(|own| own.is_same(&target)) => {}
            Ok(target) => return self.baseline(target),
            Err(error) => self.mistaken(error),
        }
        self
    }
}

#[cfg(all(test, feature = "record"))]
mod tests;
