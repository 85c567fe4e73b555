//! Options that mirrors share.

mod taken;

use std::time::Duration;

use http::{Method, request::Parts};
use mirror_grammar::{
    ConstMessage, Date, MAX_BAGGAGE, MAX_TIMEOUT, baggage_len, is_baggage_key, is_cookie_name,
    is_percentage, is_settable, is_sticky_header,
};
#[cfg(feature = "compare")]
use mirror_grammar::{is_comparable, is_header_name, is_tolerance};

use super::{AcceptEncoding, Credentials, Host};
#[cfg(doc)]
use crate::mirror::MirrorBuilder;
use crate::{
    bounds::CircuitBreaker,
    control::{Shared, checked_date},
    engine::BodyMode,
    error::ConfigError,
    key::Key,
    outcome::{BufferedResponse, MirrorError, SkipReason},
    sampling::Sticky,
    target::{ShadowRequest, Target, Trace},
};
#[cfg(feature = "compare")]
use crate::{
    comparison::{CompareMode, Comparison},
    engine::CompareAt,
    report::Thresholds,
};

/// Options that mirrors share: the value of a `const` or a `static`.
///
/// An option that a mirror has itself counts instead. `ignore`, `set_headers` and the other lists
/// and maps are added to those of the mirror; `methods` is not. An option of a target counts before
/// both.
///
/// ```
/// use std::time::Duration;
/// use axum::{Router, routing::get};
/// use mirror_runtime::{Credentials, Defaults, Mirror, mirror};
///
/// const STAGING: &str = "https://staging.example.com";
///
/// const SHADOW: Defaults = Defaults::new()
///     .percentage(10.0)
///     .timeout(Duration::from_secs(2))
///     .credentials(Credentials::Strip)
///     .on_error(|target, error| tracing::warn!(%target, %error));
///
/// #[mirror(defaults = SHADOW, targets = [STAGING])]
/// async fn list_users() {}
///
/// #[mirror(defaults = SHADOW, targets = [STAGING], percentage = 1)]
/// async fn list_orders() {}
///
/// let rest = Mirror::builder().defaults(&SHADOW).target(STAGING).build()?;
/// # let _: Router = Router::new().route("/", get(list_users)).route("/o", get(list_orders));
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
///
/// The methods are named as those of [`MirrorBuilder`], which say what each option does. A value
/// that an option cannot have is an error of the compiler in a `const`, and a panic elsewhere.
///
/// What one mirror alone can have is not among them: its `targets`, its `name`, `compare = typed`
/// and its `transport`.
#[derive(Clone, Copy, Debug)]
#[must_use = "defaults do nothing until a mirror has them"]
pub struct Defaults {
    percentage: Option<f64>,
    sticky: Option<Sticky<'static>>,
    timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    sync: Option<bool>,
    copy_body: Option<bool>,
    max_body: Option<usize>,
    body: Option<BodyMode>,
    read_ahead: Option<Duration>,
    max_in_flight: Option<usize>,
    rate_limit: Option<(u32, Duration)>,
    circuit_breaker: Option<Breaker>,
    until: Option<Date>,
    allow_raise: Option<bool>,
    on_success: Option<fn(&Target, &BufferedResponse)>,
    on_error: Option<fn(&Target, &MirrorError)>,
    on_skip: Option<fn(&Target, SkipReason)>,
    methods: Option<&'static [Method]>,
    when: Option<fn(&Parts) -> bool>,
    set_headers: &'static [(&'static str, &'static str)],
    remove_headers: &'static [&'static str],
    credentials: Option<Credentials>,
    host: Option<Host>,
    accept_encoding: Option<AcceptEncoding>,
    map_request: Option<fn(&mut ShadowRequest)>,
    mask: &'static [&'static str],
    key: Option<fn() -> Result<Key, ConfigError>>,
    trace: Option<Trace>,
    baggage: &'static [(&'static str, &'static str)],
    redact: &'static [&'static str],
    #[cfg(feature = "compare")]
    comparing: Comparing,
}

/// When to stop sending; `None` for never.
#[derive(Clone, Copy, Debug)]
struct Breaker(Option<CircuitBreaker>);

/// The options of comparing.
#[cfg(feature = "compare")]
#[derive(Clone, Copy, Debug)]
struct Comparing {
    compare: Option<CompareMode>,
    compare_at: Option<CompareAt>,
    compare_headers: &'static [&'static str],
    ignore_headers: &'static [&'static str],
    ignore: &'static [&'static str],
    unordered: &'static [&'static str],
    tolerance: &'static [(&'static str, f64)],
    ignore_zero_fraction: Option<bool>,
    ignore_bom: Option<bool>,
    max_compare_body: Option<usize>,
    on_mismatch: Option<fn(&Comparison)>,
    baseline: Option<Baseline>,
    version_header: Option<&'static str>,
    thresholds: Option<Thresholds>,
    #[cfg(feature = "record")]
    record: Option<&'static str>,
    #[cfg(feature = "record")]
    max_fixtures: Option<usize>,
    #[cfg(feature = "record")]
    max_fixture_bytes: Option<u64>,
}

#[cfg(feature = "compare")]
#[derive(Clone, Copy, Debug)]
enum Baseline {
    Url(&'static str),
    Env(&'static str),
}

impl Default for Defaults {
    fn default() -> Self {
        Self::new()
    }
}

impl Defaults {
    /// No options.
    pub const fn new() -> Self {
        Self {
            percentage: None,
            sticky: None,
            timeout: None,
            connect_timeout: None,
            sync: None,
            copy_body: None,
            max_body: None,
            body: None,
            read_ahead: None,
            max_in_flight: None,
            rate_limit: None,
            circuit_breaker: None,
            until: None,
            allow_raise: None,
            on_success: None,
            on_error: None,
            on_skip: None,
            methods: None,
            when: None,
            set_headers: &[],
            remove_headers: &[],
            credentials: None,
            host: None,
            accept_encoding: None,
            map_request: None,
            mask: &[],
            key: None,
            trace: None,
            baggage: &[],
            redact: &[],
            #[cfg(feature = "compare")]
            comparing: Comparing {
                compare: None,
                compare_at: None,
                compare_headers: &[],
                ignore_headers: &[],
                ignore: &[],
                unordered: &[],
                tolerance: &[],
                ignore_zero_fraction: None,
                ignore_bom: None,
                max_compare_body: None,
                on_mismatch: None,
                baseline: None,
                version_header: None,
                thresholds: None,
                #[cfg(feature = "record")]
                record: None,
                #[cfg(feature = "record")]
                max_fixtures: None,
                #[cfg(feature = "record")]
                max_fixture_bytes: None,
            },
        }
    }

    /// What is known of a mirror with these options before it is made.
    pub(crate) const fn of_entry(&self) -> Shared {
        Shared {
            percentage: self.percentage,
            until: self.until,
            allow_raise: self.allow_raise,
        }
    }

    /// See [`MirrorBuilder::percentage`].
    ///
    /// # Panics
    ///
    /// If it is not between 0 and 100.
    #[track_caller]
    pub const fn percentage(mut self, percentage: f64) -> Self {
        assert!(
            is_percentage(percentage),
            "`percentage` must be between 0 and 100"
        );
        self.percentage = Some(percentage);
        self
    }

    /// See [`MirrorBuilder::sticky`].
    ///
    /// # Panics
    ///
    /// If it does not tell users apart: no name of a header or a cookie, or that of a header that
    /// says nothing of the user.
    #[track_caller]
    pub const fn sticky(mut self, sticky: Sticky<'static>) -> Self {
        match sticky {
            Sticky::Header(name) => check_name(is_sticky_header(name), name, "tell users apart"),
            Sticky::Cookie(name) => {
                assert!(is_cookie_name(name), "the name of a cookie must be a token");
            }
            Sticky::Path => {}
        }
        self.sticky = Some(sticky);
        self
    }

    /// See [`MirrorBuilder::timeout`].
    ///
    /// # Panics
    ///
    /// If it is zero, or longer than a day.
    #[track_caller]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        assert!(
            is_time(timeout),
            "`timeout` must be longer than zero and at most 24h"
        );
        self.timeout = Some(timeout);
        self
    }

    /// See [`MirrorBuilder::connect_timeout`]. It is never longer than the mirror's `timeout`.
    ///
    /// # Panics
    ///
    /// If it is zero, or longer than a day.
    #[track_caller]
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        assert!(
            is_time(timeout),
            "`connect_timeout` must be longer than zero and at most 24h"
        );
        self.connect_timeout = Some(timeout);
        self
    }

    /// See [`MirrorBuilder::sync`].
    pub const fn sync(mut self, sync: bool) -> Self {
        self.sync = Some(sync);
        self
    }

    /// See [`MirrorBuilder::copy_body`].
    pub const fn copy_body(mut self, copy_body: bool) -> Self {
        self.copy_body = Some(copy_body);
        self
    }

    /// See [`MirrorBuilder::max_body`].
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[track_caller]
    pub const fn max_body(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "`max_body` must be larger than zero");
        self.max_body = Some(bytes);
        self
    }

    /// See [`MirrorBuilder::body`].
    pub const fn body(mut self, body: BodyMode) -> Self {
        self.body = Some(body);
        self
    }

    /// See [`MirrorBuilder::read_ahead`].
    ///
    /// # Panics
    ///
    /// If it is zero, or longer than a day.
    #[track_caller]
    pub const fn read_ahead(mut self, within: Duration) -> Self {
        assert!(
            is_time(within),
            "`read_ahead` must be longer than zero and at most 24h"
        );
        self.read_ahead = Some(within);
        self
    }

    /// See [`MirrorBuilder::max_in_flight`].
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[track_caller]
    pub const fn max_in_flight(mut self, copies: usize) -> Self {
        assert!(copies > 0, "`max_in_flight` must be at least 1");
        self.max_in_flight = Some(copies);
        self
    }

    /// See [`MirrorBuilder::rate_limit`].
    ///
    /// # Panics
    ///
    /// If it is no copies, or in no time, or in more than a day.
    #[track_caller]
    pub const fn rate_limit(mut self, copies: u32, period: Duration) -> Self {
        assert!(
            copies > 0 && is_time(period),
            "`rate_limit` must be at least one copy in a time of up to 24h"
        );
        self.rate_limit = Some((copies, period));
        self
    }

    /// See [`MirrorBuilder::circuit_breaker`]: `None` for never.
    ///
    /// # Panics
    ///
    /// If it opens after no failure, or for no time, or for more than a day.
    #[track_caller]
    pub const fn circuit_breaker(mut self, breaker: Option<CircuitBreaker>) -> Self {
        if let Some(CircuitBreaker { failures, cooldown }) = breaker {
            assert!(
                failures > 0 && is_time(cooldown),
                "`circuit_breaker` must open after at least one failure, for a time of up to 24h"
            );
        }
        self.circuit_breaker = Some(Breaker(breaker));
        self
    }

    /// See [`MirrorBuilder::until`].
    ///
    /// # Panics
    ///
    /// If it is no date.
    #[track_caller]
    pub const fn until(mut self, date: &str) -> Self {
        self.until = Some(checked_date(date));
        self
    }

    /// See [`MirrorBuilder::allow_raise`].
    pub const fn allow_raise(mut self, allow_raise: bool) -> Self {
        self.allow_raise = Some(allow_raise);
        self
    }

    /// See [`MirrorBuilder::on_success`].
    pub const fn on_success(mut self, on_success: fn(&Target, &BufferedResponse)) -> Self {
        self.on_success = Some(on_success);
        self
    }

    /// See [`MirrorBuilder::on_error`].
    pub const fn on_error(mut self, on_error: fn(&Target, &MirrorError)) -> Self {
        self.on_error = Some(on_error);
        self
    }

    /// See [`MirrorBuilder::on_skip`].
    pub const fn on_skip(mut self, on_skip: fn(&Target, SkipReason)) -> Self {
        self.on_skip = Some(on_skip);
        self
    }

    /// See [`MirrorBuilder::methods`].
    ///
    /// # Panics
    ///
    /// If there are none, or if one is `CONNECT`.
    #[track_caller]
    pub const fn methods(mut self, methods: &'static [Method]) -> Self {
        assert!(!methods.is_empty(), "`methods` must not be empty");
        let mut i = 0;
        while i < methods.len() {
            assert!(
                !matches!(methods[i], Method::CONNECT),
                "`CONNECT` cannot be mirrored: it opens a tunnel"
            );
            i += 1;
        }
        self.methods = Some(methods);
        self
    }

    /// See [`MirrorBuilder::when`].
    pub const fn when(mut self, when: fn(&Parts) -> bool) -> Self {
        self.when = Some(when);
        self
    }

    /// Names and values of headers. See [`MirrorBuilder::set_header`].
    ///
    /// # Panics
    ///
    /// If one is no header, or one that a copy cannot be given.
    #[track_caller]
    pub const fn set_headers(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        let mut i = 0;
        while i < headers.len() {
            let (name, value) = headers[i];
            check_name(is_settable(name), name, "be set");
            let value = value.as_bytes();
            let mut at = 0;
            while at < value.len() {
                assert!(
                    matches!(value[at], b'\t' | b' '..=b'~'),
                    "a header value must be visible ASCII, spaces and tabs"
                );
                at += 1;
            }
            i += 1;
        }
        self.set_headers = headers;
        self
    }

    /// Names of headers. See [`MirrorBuilder::remove_header`].
    ///
    /// # Panics
    ///
    /// If one is no name, or that of a header that a copy cannot be denied.
    #[track_caller]
    pub const fn remove_headers(mut self, names: &'static [&'static str]) -> Self {
        let mut i = 0;
        while i < names.len() {
            check_name(is_settable(names[i]), names[i], "be removed");
            i += 1;
        }
        self.remove_headers = names;
        self
    }

    /// See [`MirrorBuilder::credentials`].
    pub const fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// See [`MirrorBuilder::host`].
    pub const fn host(mut self, host: Host) -> Self {
        self.host = Some(host);
        self
    }

    /// See [`MirrorBuilder::accept_encoding`].
    pub const fn accept_encoding(mut self, accept_encoding: AcceptEncoding) -> Self {
        self.accept_encoding = Some(accept_encoding);
        self
    }

    /// See [`MirrorBuilder::map_request`].
    pub const fn map_request(mut self, map_request: fn(&mut ShadowRequest)) -> Self {
        self.map_request = Some(map_request);
        self
    }

    /// See [`MirrorBuilder::mask`]. It counts for mirrors whose copies have a body.
    ///
    /// # Panics
    ///
    /// If one is no JSON pointer.
    #[track_caller]
    pub const fn mask(mut self, pointers: &'static [&'static str]) -> Self {
        check_pointers(pointers);
        self.mask = pointers;
        self
    }

    /// Where the key is taken from, for each mirror when it is made: `|| Key::from_env("ORDERS_KEY")`.
    /// See [`MirrorBuilder::key`].
    pub const fn key(mut self, key: fn() -> Result<Key, ConfigError>) -> Self {
        self.key = Some(key);
        self
    }

    /// See [`MirrorBuilder::trace`].
    ///
    /// # Panics
    ///
    /// If it needs a tracer, and the feature `otel` is off.
    #[track_caller]
    pub const fn trace(mut self, trace: Trace) -> Self {
        assert!(
            trace.is_available(),
            "`Trace::Child`, `Trace::Unsampled` and `Trace::Link` need the feature `otel` of `mirror-runtime`"
        );
        self.trace = Some(trace);
        self
    }

    /// Keys and values of members. See [`MirrorBuilder::baggage`].
    ///
    /// # Panics
    ///
    /// If a key is no token, or if all are longer than 8,192 bytes.
    #[track_caller]
    pub const fn baggage(mut self, members: &'static [(&'static str, &'static str)]) -> Self {
        let mut i = 0;
        while i < members.len() {
            let (key, _) = members[i];
            if !is_baggage_key(key) {
                let message = ConstMessage::new()
                    .with("invalid baggage key `")
                    .with(key)
                    .with("`: it must be a token, like `mirror`");
                panic!("{}", message.as_str());
            }
            i += 1;
        }
        assert!(
            baggage_len(members) <= MAX_BAGGAGE,
            "the members of `baggage` must have at most 8192 bytes together"
        );
        self.baggage = members;
        self
    }

    /// See [`MirrorBuilder::redact`]. It counts for mirrors that compare, and for those with a
    /// sink.
    ///
    /// # Panics
    ///
    /// If one is no JSON pointer.
    #[track_caller]
    pub const fn redact(mut self, pointers: &'static [&'static str]) -> Self {
        check_pointers(pointers);
        self.redact = pointers;
        self
    }
}

/// Options of comparing, which count for mirrors that compare.
#[cfg(feature = "compare")]
impl Defaults {
    /// See [`MirrorBuilder::compare`].
    pub const fn compare(mut self, mode: CompareMode) -> Self {
        self.comparing.compare = Some(mode);
        self
    }

    /// See [`MirrorBuilder::compare_at`].
    pub const fn compare_at(mut self, at: CompareAt) -> Self {
        self.comparing.compare_at = Some(at);
        self
    }

    /// See [`MirrorBuilder::compare_headers`].
    ///
    /// # Panics
    ///
    /// If one is no name of a header, or of one that says nothing of the response.
    #[track_caller]
    pub const fn compare_headers(mut self, names: &'static [&'static str]) -> Self {
        let mut i = 0;
        while i < names.len() {
            check_name(is_comparable(names[i]), names[i], "be compared");
            i += 1;
        }
        self.comparing.compare_headers = names;
        self
    }

    /// See [`MirrorBuilder::ignore_headers`].
    ///
    /// # Panics
    ///
    /// If one is no name of a header.
    #[track_caller]
    pub const fn ignore_headers(mut self, names: &'static [&'static str]) -> Self {
        let mut i = 0;
        while i < names.len() {
            check_name(is_header_name(names[i]), names[i], "be ignored");
            i += 1;
        }
        self.comparing.ignore_headers = names;
        self
    }

    /// See [`MirrorBuilder::ignore`].
    ///
    /// # Panics
    ///
    /// If one is no JSON pointer.
    #[track_caller]
    pub const fn ignore(mut self, pointers: &'static [&'static str]) -> Self {
        check_pointers(pointers);
        self.comparing.ignore = pointers;
        self
    }

    /// See [`MirrorBuilder::unordered`].
    ///
    /// # Panics
    ///
    /// If one is no JSON pointer.
    #[track_caller]
    pub const fn unordered(mut self, pointers: &'static [&'static str]) -> Self {
        check_pointers(pointers);
        self.comparing.unordered = pointers;
        self
    }

    /// JSON pointers to numbers, and by how much they may differ. See [`MirrorBuilder::tolerance`].
    ///
    /// # Panics
    ///
    /// If one is no JSON pointer, or no tolerance.
    #[track_caller]
    pub const fn tolerance(mut self, tolerances: &'static [(&'static str, f64)]) -> Self {
        let mut i = 0;
        while i < tolerances.len() {
            let (pointer, difference) = tolerances[i];
            check_pointers(&[pointer]);
            assert!(
                is_tolerance(difference),
                "a tolerance must be zero or a positive number"
            );
            i += 1;
        }
        self.comparing.tolerance = tolerances;
        self
    }

    /// See [`MirrorBuilder::ignore_zero_fraction`].
    pub const fn ignore_zero_fraction(mut self, ignore: bool) -> Self {
        self.comparing.ignore_zero_fraction = Some(ignore);
        self
    }

    /// See [`MirrorBuilder::ignore_bom`].
    pub const fn ignore_bom(mut self, ignore: bool) -> Self {
        self.comparing.ignore_bom = Some(ignore);
        self
    }

    /// See [`MirrorBuilder::max_compare_body`].
    ///
    /// # Panics
    ///
    /// If it is zero, or more than 1 MiB.
    #[track_caller]
    pub const fn max_compare_body(mut self, bytes: usize) -> Self {
        assert!(
            bytes > 0 && bytes <= mirror_grammar::MAX_COMPARE_BODY,
            "`max_compare_body` must be larger than zero and at most 1MiB"
        );
        self.comparing.max_compare_body = Some(bytes);
        self
    }

    /// See [`MirrorBuilder::on_mismatch`].
    pub const fn on_mismatch(mut self, on_mismatch: fn(&Comparison)) -> Self {
        self.comparing.on_mismatch = Some(on_mismatch);
        self
    }

    /// The URL of a server. See [`MirrorBuilder::baseline`].
    ///
    /// # Panics
    ///
    /// If it is not the URL of a target.
    #[track_caller]
    pub const fn baseline(mut self, url: &'static str) -> Self {
        crate::target::check_url(url);
        self.comparing.baseline = Some(Baseline::Url(url));
        self
    }

    /// The environment variable that holds the URL of a server. See [`MirrorBuilder::baseline`] and
    /// [`Target::from_env`].
    pub const fn baseline_from_env(mut self, variable: &'static str) -> Self {
        self.comparing.baseline = Some(Baseline::Env(variable));
        self
    }

    /// See [`MirrorBuilder::version_header`].
    ///
    /// # Panics
    ///
    /// If it is no name of a header.
    #[track_caller]
    pub const fn version_header(mut self, name: &'static str) -> Self {
        check_name(is_header_name(name), name, "have a version");
        self.comparing.version_header = Some(name);
        self
    }

    /// See [`MirrorBuilder::thresholds`].
    pub const fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.comparing.thresholds = Some(thresholds);
        self
    }

    /// What `compare` is: `None` if it is not there, and whether it looks at JSON.
    pub(crate) const fn looks_at_json(&self) -> Option<bool> {
        match self.comparing.compare {
            None => None,
            Some(CompareMode::Status | CompareMode::Bytes) => Some(false),
            Some(_) => Some(true),
        }
    }
}

/// Options of recording, which count for mirrors that compare.
#[cfg(feature = "record")]
impl Defaults {
    /// See [`MirrorBuilder::record`].
    ///
    /// # Panics
    ///
    /// If it is empty.
    #[track_caller]
    pub const fn record(mut self, directory: &'static str) -> Self {
        assert!(!directory.is_empty(), "`record` must not be empty");
        self.comparing.record = Some(directory);
        self
    }

    /// See [`MirrorBuilder::max_fixtures`].
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[track_caller]
    pub const fn max_fixtures(mut self, fixtures: usize) -> Self {
        assert!(fixtures > 0, "`max_fixtures` must be at least 1");
        self.comparing.max_fixtures = Some(fixtures);
        self
    }

    /// See [`MirrorBuilder::max_fixture_bytes`].
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[track_caller]
    pub const fn max_fixture_bytes(mut self, bytes: u64) -> Self {
        assert!(bytes > 0, "`max_fixture_bytes` must be larger than zero");
        self.comparing.max_fixture_bytes = Some(bytes);
        self
    }
}

impl Defaults {
    /// Options that contradict one another.
    pub(crate) const fn contradiction(&self) -> Option<&'static str> {
        if matches!(self.copy_body, Some(false)) {
            if self.max_body.is_some() {
                return Some(
                    "`max_body` conflicts with `copy_body(false)`: there is no body to limit",
                );
            }
            if self.body.is_some() {
                return Some("`body` conflicts with `copy_body(false)`: there is no body to read");
            }
            if self.read_ahead.is_some() {
                return Some(
                    "`read_ahead` conflicts with `copy_body(false)`: there is no body to read",
                );
            }
        }
        if self.read_ahead.is_some() && matches!(self.body, Some(BodyMode::Tee)) {
            return Some(
                "`read_ahead` conflicts with `body(BodyMode::Tee)`: the handler reads the body then",
            );
        }
        if let (Some(connect_timeout), Some(timeout)) = (self.connect_timeout, self.timeout)
            && connect_timeout.as_nanos() > timeout.as_nanos()
        {
            return Some("`connect_timeout` is a part of `timeout` and cannot be longer");
        }
        None
    }

    /// Whether a `connect_timeout` is longer than the `timeout` of these.
    pub(crate) const fn is_shorter_than(&self, connect_timeout: Duration) -> bool {
        let timeout = match self.timeout {
            Some(timeout) => timeout,
            None => mirror_grammar::options::DEFAULT_TIMEOUT,
        };
        connect_timeout.as_nanos() > timeout.as_nanos()
    }
}

const fn is_time(time: Duration) -> bool {
    !time.is_zero() && time.as_nanos() <= MAX_TIMEOUT.as_nanos()
}

#[track_caller]
const fn check_name(is_good: bool, name: &str, what: &str) {
    if !is_good {
        let message = ConstMessage::new()
            .with("`")
            .with(name)
            .with("` is no name of a header that can ")
            .with(what);
        panic!("{}", message.as_str());
    }
}

#[track_caller]
const fn check_pointers(pointers: &[&str]) {
    let mut i = 0;
    while i < pointers.len() {
        if let Err(error) = mirror_grammar::check_pointer(pointers[i]) {
            let message = ConstMessage::new()
                .with("invalid JSON pointer `")
                .with(pointers[i])
                .with("`: ")
                .with(error.as_str());
            panic!("{}", message.as_str());
        }
        i += 1;
    }
}
