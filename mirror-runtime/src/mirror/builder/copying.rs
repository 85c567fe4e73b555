//! The options that say nothing of comparing, in the order of the table, which is that of the
//! documentation.

use std::{borrow::Cow, num::NonZeroU32, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, Method, request::Parts};
use mirror_grammar::{
    HeaderError, check_baggage_key, check_percentage, check_settable, check_timeout, options,
    parse_date,
};

use super::{AcceptEncoding, Credentials, Defaults, Host, MirrorBuilder};
use crate::{
    bounds::{CircuitBreaker, RateLimit},
    engine::BodyMode,
    error::ConfigError,
    key::Key,
    outcome::{BufferedResponse, MirrorError, SkipReason},
    sampling::Sticky,
    target::{ShadowRequest, Target, Trace},
    telemetry::Observer,
    transport::Transport,
};

impl MirrorBuilder {
    /// A destination of copies: a URL as any string type, or a [`Target`]. At least one is needed.
    pub fn target<T>(mut self, target: T) -> Self
    where
        T: TryInto<Target, Error: Into<ConfigError>>,
    {
        match target.try_into() {
            Ok(target) => self.targets.push(target),
            Err(error) => self.mistaken(error),
        }
        self
    }

    /// Options that mirrors share. An option that the builder is given itself, before or after,
    /// counts instead; lists and maps are added to those of the builder. The last call
    /// counts. Default: none.
    pub fn defaults(mut self, defaults: &Defaults) -> Self {
        self.shared = Some(Box::new(*defaults));
        self
    }

    /// The share of requests that each target without a percentage of its own gets, in percent: 0
    /// to 100. Default: 100.
    ///
    /// Sampling starts at a random point and is even from there on. Of any 100 requests in a row,
    /// 10 % are 10, give or take 3. Of any 10,000, they are 1,000, give or take 5. 0 and 100 are
    /// exact.
    pub fn percentage(mut self, percentage: f64) -> Self {
        self.given.push(options::PERCENTAGE.name);
        match check_percentage(percentage) {
            Ok(percentage) => self.percentage = percentage,
            Err(error) => self.mistaken(ConfigError::percentage(error)),
        }
        self
    }

    /// Samples users instead of requests: all requests with the same header, cookie or path are
    /// sampled, or none. The percentages are shares of the users then. A request without the header
    /// or the cookie, or with an empty one, is drawn by itself. Default: none, each request is drawn
    /// by itself.
    ///
    /// Who is sampled follows from the [`key`](Self::key) and the value alone. With the same key,
    /// the users are the same in each process and each mirror, and those of a smaller percentage
    /// are among those of a larger one. See [`copies`](crate::guide::copies).
    pub fn sticky(mut self, sticky: Sticky<'_>) -> Self {
        match sticky.try_into() {
            Ok(sticky) => self.options.sticky = Some(sticky),
            Err(error) => self.mistaken(ConfigError::sticky(error)),
        }
        self
    }

    /// The time that a copy may take, from leaving to the last byte of the response, for each
    /// target without a timeout of its own. At most a day. Default: 5 s.
    ///
    /// A response that has begun by then and states no length, or more than 1 MiB, still counts as
    /// answered. What has arrived is kept, its connection is closed, and it is counted as
    /// [`cut`](crate::TargetStats::cut).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.given.push(options::TIMEOUT.name);
        match check_timeout(timeout) {
            Ok(timeout) => self.timeout = timeout,
            Err(error) => self.mistaken(ConfigError::timeout(error)),
        }
        self
    }

    /// The time that a copy may take to get a connection, as a part of its `timeout`. Default: 1 s,
    /// or `timeout` if that is shorter.
    ///
    /// A TCP connection that takes a quarter of it is attempted once more, at the next address if
    /// there are several, unless that quarter is below 200 ms. A connection that takes three
    /// quarters is not made. This applies to the mirror's own connections; another
    /// [`transport`](Self::transport) decides for itself.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        match check_timeout(timeout) {
            Ok(timeout) => self.connect_timeout = Some(timeout),
            Err(error) => self.mistaken(ConfigError::ConnectTimeout(error.to_string())),
        }
        self
    }

    /// Whether the response waits until each copy of its request has ended and its callback has
    /// run. Copies and handler run at the same time. A callback that blocks is waited for until one
    /// second after the longest timeout. Copies that leave late ([`BodyMode::Tee`]) are waited for
    /// only if they have left when the handler returns. Default: `false`.
    pub fn sync(mut self, sync: bool) -> Self {
        self.given.push(options::SYNC.name);
        self.options.sync = sync;
        self
    }

    /// Whether copies carry the body. Without it, they have no headers that describe one either.
    /// Default: `true`.
    pub fn copy_body(mut self, copy_body: bool) -> Self {
        self.given.push(options::COPY_BODY.name);
        self.options.headers.without_body = !copy_body;
        self
    }

    /// The largest body that is copied, in bytes. A larger body reaches the handler whole, and its
    /// copies are skipped. Default: 2 MiB, which is the limit of axum's extractors.
    pub fn max_body(mut self, bytes: usize) -> Self {
        if bytes == 0 {
            self.mistaken(ConfigError::MaxBody);
        }
        self.max_body = Some(bytes);
        self
    }

    /// When the body of a request is read for its copies. Default: [`BodyMode::Buffer`].
    pub fn body(mut self, body: BodyMode) -> Self {
        self.body = Some(body);
        self
    }

    /// How long the body of a request is read before the handler starts, counted from the first
    /// wait for the client. More than zero, and at most a day. The rest is recorded as the handler
    /// reads it, as with [`BodyMode::Tee`], and the copies leave at its end. Default: 1 s, in which
    /// a body of up to `max_body` arrives from any client that is not slow. The handler, and its
    /// own time limits, start no later than that.
    ///
    /// It needs [`BodyMode::Buffer`].
    pub fn read_ahead(mut self, within: Duration) -> Self {
        match check_timeout(within) {
            Ok(within) => self.read_ahead = Some(within),
            Err(error) => self.mistaken(ConfigError::ReadAhead(error.to_string())),
        }
        self
    }

    /// How many copies may be in flight to one target, at least one. Further ones are shed, never
    /// queued. Default: 256.
    pub fn max_in_flight(mut self, copies: usize) -> Self {
        self.given.push(options::MAX_IN_FLIGHT.name);
        if copies == 0 {
            self.mistaken(ConfigError::MaxInFlight);
        }
        self.protection.max_in_flight = copies;
        self
    }

    /// Caps the copies sent to each target in each period, in addition to the percentage. They may
    /// leave at once, and then at a steady rate. Further ones are shed. Default: none.
    pub fn rate_limit(mut self, copies: u32, period: Duration) -> Self {
        match (NonZeroU32::new(copies), check_timeout(period)) {
            (Some(copies), Ok(period)) => {
                self.protection.rate_limit = Some(RateLimit { copies, period });
            }
            _ => self.mistaken(ConfigError::RateLimit),
        }
        self
    }

    /// When to stop sending copies to a failing target; `None` for never. Default:
    /// [`CircuitBreaker::default`].
    pub fn circuit_breaker(mut self, breaker: impl Into<Option<CircuitBreaker>>) -> Self {
        self.given.push(options::CIRCUIT_BREAKER.name);
        self.protection.circuit_breaker = breaker.into();
        if let Some(Err(error)) = self.protection.circuit_breaker.map(CircuitBreaker::check) {
            self.mistaken(error);
        }
        self
    }

    /// The day from which nothing is sent, like `2027-01-31`: from 00:00 UTC on, the mirror is
    /// switched off, and the log is told so, once. It ends an experiment that nobody ends. Default:
    /// none.
    ///
    /// [`control`](crate::control) and a [`ControlFile`](crate::ControlFile) can still switch it on.
    pub fn until(mut self, date: impl AsRef<str>) -> Self {
        match parse_date(date.as_ref()) {
            Ok(date) => self.until = Some(date),
            Err(error) => self.mistaken(ConfigError::Until(error.to_string())),
        }
        self
    }

    /// Whether a fleet ([`Control::as_fleet`](crate::Control::as_fleet)) may send more than the
    /// layers below it say: switch on what they switch off, and raise shares. Default: `false`.
    pub fn allow_raise(mut self, allow_raise: bool) -> Self {
        self.allow_raise = Some(allow_raise);
        self
    }

    /// Called for each copy that got an HTTP response, whatever its status, on a thread of the
    /// mirrors' own. The copy is in flight until it returns: while it blocks, it takes one of
    /// `max_in_flight`. A panic in it is caught and logged.
    pub fn on_success<F>(mut self, on_success: F) -> Self
    where
        F: Fn(&Target, &BufferedResponse) + Send + Sync + 'static,
    {
        self.callbacks.on_success = Some(Box::new(on_success));
        self
    }

    /// Called for each copy that got no complete response, on a thread of the mirrors' own. The
    /// copy is in flight until it returns. A panic in it is caught and logged.
    pub fn on_error<F>(mut self, on_error: F) -> Self
    where
        F: Fn(&Target, &MirrorError) + Send + Sync + 'static,
    {
        self.callbacks.on_error = Some(Box::new(on_error));
        self
    }

    /// Called for each request that is not sent to a target, skipped or shed, on a thread of the
    /// mirrors' own. If 1,024 calls are waiting, further ones are dropped. A panic in it is caught
    /// and logged.
    pub fn on_skip<F>(mut self, on_skip: F) -> Self
    where
        F: Fn(&Target, SkipReason) + Send + Sync + 'static,
    {
        self.callbacks.on_skip = Some(Box::new(on_skip));
        self
    }

    /// Copies requests with these methods only. Default: all.
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.options.methods = methods.into_iter().collect();
        if self.options.methods.is_empty() {
            self.mistaken(ConfigError::NoMethods);
        }
        if self.options.methods.contains(&Method::CONNECT) {
            self.mistaken(ConfigError::Connect);
        }
        self
    }

    /// Copies only requests for which this returns `true`. It sees the URI that arrived, which is
    /// that of the copy, also in a nested router. It is called before sampling, on the request path,
    /// and must be fast. If it panics, the request is not copied. Default: all.
    pub fn when(mut self, when: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.when = Some(Box::new(when));
        self
    }

    /// Sets a header on each copy, and replaces any that the original carried.
    pub fn set_header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: AsRef<str>,
        V: TryInto<HeaderValue>,
    {
        match (settable(name.as_ref()), value.try_into()) {
            (Ok(name), Ok(value)) => self.options.headers.set.push((name, value)),
            (Err(error), _) => self.mistaken(ConfigError::header(error)),
            (_, Err(_)) => self.mistaken(ConfigError::header(HeaderError::Value)),
        }
        self
    }

    /// Removes a header from each copy. Removing comes before setting.
    pub fn remove_header(mut self, name: impl AsRef<str>) -> Self {
        match settable(name.as_ref()) {
            Ok(name) => self.options.headers.remove.push(name),
            Err(error) => self.mistaken(ConfigError::header(error)),
        }
        self
    }

    /// Whether copies carry the credentials of their originals. Default: [`Credentials::Forward`].
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.given.push(options::CREDENTIALS.name);
        self.options.headers.strip_credentials = credentials == Credentials::Strip;
        self
    }

    /// The `Host` of copies. Default: [`Host::Target`].
    pub fn host(mut self, host: Host) -> Self {
        self.given.push(options::HOST.name);
        self.options.headers.preserve_host = host == Host::Preserve;
        self
    }

    /// The encodings that copies ask for. Default: [`AcceptEncoding::Verbatim`]. A response in an
    /// encoding that cannot be undone is not compared.
    pub fn accept_encoding(mut self, accept_encoding: AcceptEncoding) -> Self {
        self.given.push(options::ACCEPT_ENCODING.name);
        let comparable = accept_encoding == AcceptEncoding::Comparable;
        self.options.headers.comparable_encodings = comparable;
        self
    }

    /// What becomes of the trace context of requests in their copies, for each target without a
    /// `trace` of its own. Default: [`Trace::Forward`], or [`Trace::Child`] with the feature `otel`.
    /// [`Trace::Child`], [`Trace::Unsampled`] and [`Trace::Link`] need that feature.
    pub fn trace(mut self, trace: Trace) -> Self {
        self.given.push(options::TRACE.name);
        match trace.check() {
            Ok(trace) => self.trace = trace,
            Err(error) => self.mistaken(error),
        }
        self
    }

    /// A member that the `baggage` of each copy has in addition to those that the request has
    /// ([W3C Baggage](https://www.w3.org/TR/baggage/)), so that hops behind the shadow know what
    /// they are asked for. Can be called several times. Default: none.
    ///
    /// The key is a token; the value may be any text, and is percent-encoded. A member of the
    /// request with the same key is replaced. A copy whose `baggage` would be longer than 8,192
    /// bytes keeps that of its request.
    pub fn baggage(mut self, key: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let (key, value) = (key.as_ref(), value.as_ref());
        if let Err(error) = check_baggage_key(key) {
            self.mistaken(ConfigError::baggage(error));
        } else if !self.options.headers.baggage.add(key, value) {
            self.mistaken(ConfigError::DuplicateBaggage(key.to_owned()));
        } else if self.options.headers.baggage.is_too_long() {
            self.mistaken(ConfigError::baggage(mirror_grammar::BaggageError::TooLong));
        }
        self
    }

    /// Changes each copy before it leaves: its method, its path and query, its headers and its body.
    /// Where it goes, no function can change. It runs once for each target, on a thread of the
    /// mirrors' own, before the target's own [`map_request`](Target::map_request), and sees a body
    /// whose fields are masked already. The copy is in flight while it runs: while it blocks, it
    /// takes one of `max_in_flight`. If it panics, the copy is not sent, and counted as
    /// [`NotMapped`](SkipReason::NotMapped). Sinks are sent no copies, and get the request as it
    /// arrived. Default: none.
    pub fn map_request<F>(mut self, map_request: F) -> Self
    where
        F: Fn(&mut ShadowRequest) + Send + Sync + 'static,
    {
        self.map_request = Some(Arc::new(map_request));
        self
    }

    /// JSON pointers to fields of request bodies that copies have masked: replaced by a hash under
    /// the mirror's [key](Self::key), so that equal values stay equal. Bodies are JSON, JSON lines,
    /// forms and `multipart/form-data`. A request with another body, or with one that cannot be
    /// read, is not copied, and counted as [`Unmaskable`](SkipReason::Unmaskable). Reports, records
    /// and logs hide the values, as those of [`redact`](Self::redact). Path, query and headers are
    /// as they arrived. Default: none.
    pub fn mask<I>(mut self, pointers: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        for pointer in pointers {
            let pointer = pointer.as_ref();
            match self.mask.add(pointer) {
                Ok(()) => self.masked.push(pointer.to_owned()),
                Err(reason) => self.mistaken(ConfigError::mask(pointer, reason)),
            }
        }
        self
    }

    /// The name used in counters and logs. Default: `mirror`.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The transport of the copies. Default: connections that all mirrors share.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The key of sticky sampling, masks and signatures: a [`Key`], or its text. Default: that of
    /// the environment variable `MIRROR_KEY`, or, if that is unset or empty, a random one, which all
    /// mirrors of the process have.
    ///
    /// ```
    /// use mirror_runtime::{Key, Mirror};
    ///
    /// # let secret = "0123456789abcdef".repeat(2);
    /// let mirror = Mirror::builder().target("https://staging.example.com").key(secret).build()?;
    /// let mirror = Mirror::builder()
    ///     .target("https://staging.example.com")
    ///     .key(Key::from_env("ORDERS_KEY")?)
    ///     .build()?;
    /// # Ok::<(), mirror_runtime::ConfigError>(())
    /// ```
    pub fn key<K>(mut self, key: K) -> Self
    where
        K: TryInto<Key, Error: Into<ConfigError>>,
    {
        match key.try_into() {
            Ok(key) => self.key = Some(key),
            Err(error) => self.mistaken(error),
        }
        self
    }

    /// Adds an observer of the requests of this mirror. Can be given several times.
    /// [`observe`](crate::observe) adds one to all mirrors of the process. Default: none.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// JSON pointers to values that leave the process in no comparison, report, log or record,
    /// wherever else they stand: in another field, a header or the path. Of values of up to three
    /// bytes, only what equals them as a whole is hidden elsewhere; of `null`, `true`, `false` and
    /// single digits, nothing. See [`Rules::redact`](mirror_compare::Rules::redact). That they
    /// differ is still told. Default: none.
    ///
    /// It needs `compare`, or a [sink](Target::sink) among the targets.
    pub fn redact<I>(mut self, pointers: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.compare.given.push(options::REDACT.name);
        for pointer in pointers {
            if let Err(error) = self.compare.rules.redact(pointer.as_ref()) {
                self.mistaken(ConfigError::from(error));
            }
        }
        self
    }
}

fn settable(name: &str) -> Result<HeaderName, HeaderError> {
    let name = mirror_grammar::parse_header_name(name)?;
    check_settable(&name).map(|()| name)
}
