//! What a histogram of others is told of later: how long copies took, by route.
//!
//! Nobody who records something here runs code of others. Durations are counted in cells, which are
//! so narrow that who reads them later can tell a histogram of any boundaries.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use axum::extract::MatchedPath;
use http::{Method, request::Parts};

use super::class;
use crate::outcome::{BufferedResponse, FailureKind, MirrorError};

/// The boundaries of all histograms, in seconds: those that the HTTP conventions of OpenTelemetry
/// recommend for durations.
///
/// Exporters for Prometheus make summaries unless they are told boundaries, and summaries of several
/// instances cannot be added. This is the line for `metrics-exporter-prometheus`:
///
/// ```
/// # use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
/// use mirror_runtime::metrics::BUCKETS;
///
/// # let builder = PrometheusBuilder::new();
/// builder.set_buckets_for_metric(Matcher::Prefix("mirror_".to_owned()), &BUCKETS)?;
/// # Ok::<(), metrics_exporter_prometheus::BuildError>(())
/// ```
pub const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Classes of statuses, `1xx` to `5xx`.
pub(crate) const CLASSES: usize = super::CLASSES.len();
pub(crate) const FAILURES: usize = FailureKind::ALL.len();

/// Routes that are told apart. Beyond them a label costs more than it says.
const MAX_ROUTES: usize = 100;

/// The place of requests whose route is not told, or not known.
const NO_ROUTE: u8 = 0;
/// The place of all routes that came after [`MAX_ROUTES`].
#[expect(clippy::cast_possible_truncation, reason = "far below 255")]
const OTHER: u8 = MAX_ROUTES as u8 + 1;
const PLACES: usize = MAX_ROUTES + 2;

/// The highest duration of each cell but the last, in nanoseconds: the [`BUCKETS`], at which
/// histograms are exact, and eight in each power of two from 32 microseconds to two minutes, so
/// that other boundaries are right to 9 %.
static CELLS: LazyLock<Box<[u64]>> = LazyLock::new(|| {
    const PER_POWER: u32 = 8;
    let powers = (5 * PER_POWER..=27 * PER_POWER)
        .map(|eighths| (f64::from(eighths) / f64::from(PER_POWER)).exp2() * 1e3);
    let buckets = BUCKETS.iter().map(|seconds| seconds * 1e9);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and positive, and far below 2^64"
    )]
    let mut cells: Vec<_> = powers
        .chain(buckets)
        .map(|nanos| nanos.round() as u64)
        .collect();
    cells.sort_unstable();
    cells.dedup();
    cells.into()
});

/// Durations are taken as this at most, so that no sum of them overflows.
const LONGEST: Duration = Duration::from_hours(24);

/// Whether routes are told apart.
static ROUTES_ARE_TOLD: AtomicBool = AtomicBool::new(false);

/// The routes that are told apart, in the order in which they were seen first. Looked up without a
/// lock.
static ROUTES: [OnceLock<Box<str>>; MAX_ROUTES] = [const { OnceLock::new() }; MAX_ROUTES];

/// The route of a request, as the place of its label, and its method, if somebody asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RouteLabel {
    place: u8,
    /// Its place among [`METHODS`].
    method: Option<u8>,
}

impl RouteLabel {
    /// That of no route.
    pub(crate) const NONE: Self = Self::at(NO_ROUTE);

    const fn at(place: u8) -> Self {
        let method = None;
        Self { place, method }
    }

    /// The route that the router found for a request, if routes are told apart.
    pub(crate) fn of(parts: &Parts) -> Self {
        let label = if ROUTES_ARE_TOLD.load(Relaxed) {
            match parts.extensions.get::<MatchedPath>() {
                None => Self::NONE,
                Some(matched) => Self::find(matched.as_str(), &ROUTES),
            }
        } else {
            Self::NONE
        };
        if CALLS_ARE_TOLD.load(Relaxed) {
            let method = Some(method(&parts.method));
            return Self { method, ..label };
        }
        label
    }

    fn find(path: &str, routes: &[OnceLock<Box<str>>; MAX_ROUTES]) -> Self {
        for (place, route) in (1..).zip(routes) {
            if **route.get_or_init(|| path.into()) == *path {
                return Self::at(place);
            }
        }
        Self::at(OTHER)
    }

    /// The value of its label: the empty one for no route.
    pub(crate) fn label(self) -> &'static str {
        match self.place {
            NO_ROUTE => "",
            OTHER => "_other",
            place => ROUTES[usize::from(place) - 1]
                .get()
                .map_or("", |route| route),
        }
    }
}

/// Tells routes apart, from now on.
pub(crate) fn tell_routes(are_told: bool) {
    ROUTES_ARE_TOLD.store(are_told, Relaxed);
}

/// Whether routes are told apart.
pub(crate) fn routes_are_told() -> bool {
    ROUTES_ARE_TOLD.load(Relaxed)
}

/// Whether copies are told as the calls of a client.
static CALLS_ARE_TOLD: AtomicBool = AtomicBool::new(false);

/// The methods that the HTTP conventions of OpenTelemetry know. All others are the first.
const METHODS: [&str; 11] = [
    "_OTHER", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    "QUERY",
];

/// The place of a method.
fn method(method: &Method) -> u8 {
    let known = (0..).zip(METHODS).skip(1);
    let mut found = known.filter(|(_, name)| *name == method.as_str());
    found.next().map_or(0, |(place, _)| place)
}

/// Tells of copies as the calls of a client, from now on.
pub(crate) fn tell_calls(are_told: bool) {
    CALLS_ARE_TOLD.store(are_told, Relaxed);
}

/// Whether copies are told as the calls of a client.
pub(crate) fn calls_are_told() -> bool {
    CALLS_ARE_TOLD.load(Relaxed)
}

/// Methods and statuses that are told apart for each target. A shadow may respond with any of 900
/// statuses, and each has a histogram.
const MAX_CALLS: usize = 64;

/// The status of calls that came after [`MAX_CALLS`] others: it is not told.
const ANY_STATUS: u16 = 0;

/// Calls of a client that are told together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    method: u8,
    /// The status, or the place of the kind of failure.
    end: Result<u16, u8>,
}

impl Call {
    pub(crate) fn method(self) -> &'static str {
        METHODS[usize::from(self.method)]
    }

    /// The status of the response, if there was one.
    pub(crate) fn status(self) -> Option<u16> {
        self.end.ok().filter(|status| *status != ANY_STATUS)
    }

    /// Whether the status is an error to a client.
    pub(crate) fn is_error(self) -> bool {
        self.end.is_ok_and(|status| status >= 400)
    }

    /// Why there was none.
    pub(crate) fn failure(self) -> Option<FailureKind> {
        FailureKind::ALL.get(usize::from(self.end.err()?)).copied()
    }
}

/// How long the calls of a client took. Nobody but the tasks of copies and the thread that
/// publishes takes the lock.
#[derive(Debug, Default)]
struct Calls(Mutex<BTreeMap<Call, Arc<Durations>>>);

impl Calls {
    fn record(&self, mut call: Call, took: Duration) {
        let durations = {
            let mut all = self.lock();
            if all.len() >= MAX_CALLS && call.end.is_ok() && !all.contains_key(&call) {
                call.end = Ok(ANY_STATUS);
            }
            Arc::clone(all.entry(call).or_default())
        };
        durations.record(took);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Call, Arc<Durations>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Something for each route. What is first asked for is made then.
#[derive(Debug)]
pub(crate) struct ByRoute<T>(Box<[OnceLock<Box<T>>; PLACES]>);

impl<T: Default> ByRoute<T> {
    /// With what requests without a route have.
    pub(crate) fn new() -> Self {
        let all = Self(Box::new([const { OnceLock::new() }; PLACES]));
        all.of(RouteLabel::NONE);
        all
    }

    pub(crate) fn of(&self, route: RouteLabel) -> &T {
        self.0[usize::from(route.place)].get_or_init(Box::default)
    }

    /// What there is.
    pub(crate) fn all(&self) -> impl Iterator<Item = (RouteLabel, &T)> {
        let all = (0..).map(RouteLabel::at).zip(self.0.iter());
        all.filter_map(|(route, place)| Some((route, &**place.get()?)))
    }
}

/// The copies to one target that have ended, of one route.
#[derive(Debug)]
pub(crate) struct CopiesOfRoute {
    answered: [AtomicU64; CLASSES],
    failed: [AtomicU64; FAILURES],
    /// From when a copy left to the last byte of its response.
    answered_after: Durations,
    /// From when a copy left until it has failed.
    failed_after: Durations,
    /// From when a copy left to the head of its response.
    first_byte: Durations,
}

impl Default for CopiesOfRoute {
    fn default() -> Self {
        Self {
            answered: [const { AtomicU64::new(0) }; CLASSES],
            failed: [const { AtomicU64::new(0) }; FAILURES],
            answered_after: Durations::default(),
            failed_after: Durations::default(),
            first_byte: Durations::default(),
        }
    }
}

impl CopiesOfRoute {
    /// How many were answered with each class of status, and how many failed in each way.
    pub(crate) fn ended(&self) -> ([u64; CLASSES], [u64; FAILURES]) {
        (
            // As the counters do: who sees the end of a copy sees that it was sent.
            self.answered.each_ref().map(|count| count.load(Acquire)),
            self.failed.each_ref().map(|count| count.load(Acquire)),
        )
    }

    /// How long those took that were answered and those that failed, and until responses began.
    pub(crate) fn durations(&self) -> [&Durations; 3] {
        [&self.answered_after, &self.failed_after, &self.first_byte]
    }
}

/// The copies to one target that have ended.
#[derive(Debug)]
pub(crate) struct Measured {
    by_route: ByRoute<CopiesOfRoute>,
    calls: OnceLock<Box<Calls>>,
}

impl Measured {
    pub(crate) fn new() -> Self {
        Self {
            by_route: ByRoute::new(),
            calls: OnceLock::new(),
        }
    }

    /// The calls of a client that have ended.
    pub(crate) fn calls(&self) -> Vec<(Call, Arc<Durations>)> {
        let calls = self.calls.get().map(|calls| calls.lock());
        let calls = calls.iter().flat_map(|calls| calls.iter());
        calls
            .map(|(call, durations)| (*call, Arc::clone(durations)))
            .collect()
    }

    fn called(
        &self,
        method: u8,
        outcome: &Result<BufferedResponse, MirrorError>,
        elapsed: Option<Duration>,
    ) {
        let (end, took) = match outcome {
            Ok(response) if response.is_streaming() => return,
            Ok(response) => (Ok(response.status().as_u16()), Some(response.latency())),
            #[expect(clippy::cast_possible_truncation, reason = "far below 255")]
            Err(error) => (Err(error.kind() as u8), elapsed),
        };
        if let Some(took) = took {
            let calls = self.calls.get_or_init(Box::default);
            calls.record(Call { method, end }, took);
        }
    }

    /// A copy has ended.
    pub(crate) fn ended(
        &self,
        route: RouteLabel,
        outcome: &Result<BufferedResponse, MirrorError>,
        elapsed: Option<Duration>,
    ) {
        if let Some(method) = route.method {
            self.called(method, outcome, elapsed);
        }
        let copies = self.by_route.of(route);
        match outcome {
            Ok(response) => {
                copies.first_byte.record(response.first_byte());
                // How long all of it takes is not known of one that was cut.
                if !response.is_streaming() {
                    copies.answered_after.record(response.latency());
                }
                copies.answered[class(response.status())].fetch_add(1, Release);
            }
            Err(error) => {
                if let Some(elapsed) = elapsed {
                    copies.failed_after.record(elapsed);
                }
                copies.failed[error.kind() as usize].fetch_add(1, Release);
            }
        }
    }

    pub(crate) fn by_route(&self) -> impl Iterator<Item = (RouteLabel, &CopiesOfRoute)> {
        self.by_route.all()
    }
}

/// How long the primary took, for sampled requests.
#[derive(Debug)]
pub(crate) struct PrimaryMeasured {
    durations: ByRoute<Durations>,
    /// Whether there are some of which nobody has asked.
    has_new: AtomicBool,
}

impl PrimaryMeasured {
    pub(crate) fn new() -> Self {
        Self {
            durations: ByRoute::new(),
            has_new: AtomicBool::new(false),
        }
    }

    /// On the path of the primary: it adds to two numbers.
    pub(crate) fn record(&self, route: RouteLabel, duration: Duration) {
        self.durations.of(route).record(duration);
        // After it, so that who sees this sees the duration.
        self.has_new.store(true, Release);
    }

    /// Whether there are some since this was asked last.
    pub(crate) fn take_new(&self) -> bool {
        // Most are idle, and a look costs less than a change.
        self.has_new.load(Relaxed) && self.has_new.swap(false, Acquire)
    }

    pub(crate) fn by_route(&self) -> impl Iterator<Item = (RouteLabel, &Durations)> {
        self.durations.all()
    }
}

/// Durations, counted in cells.
#[derive(Debug)]
pub(crate) struct Durations(Box<[Cell]>);

#[derive(Debug, Default)]
struct Cell {
    count: AtomicU64,
    nanos: AtomicU64,
}

impl Default for Durations {
    fn default() -> Self {
        Self((0..=CELLS.len()).map(|_| Cell::default()).collect())
    }
}

/// What of the durations was told already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Vec<(u64, u64)>);

impl Durations {
    pub(crate) fn record(&self, duration: Duration) {
        let nanos = u64::try_from(duration.min(LONGEST).as_nanos()).unwrap_or(u64::MAX);
        let cell = &self.0[CELLS.partition_point(|highest| *highest < nanos)];
        cell.nanos.fetch_add(nanos, Relaxed);
        // After the sum, so that who sees the one sees the other.
        cell.count.fetch_add(1, Release);
    }

    /// Tells of the durations that were not told yet, as a value in seconds and how many are like
    /// it: the mean of those in one cell, so that sums stay right. At most `max` of them; the
    /// others come next time. Returns whether there are others.
    pub(crate) fn tell(&self, told: &mut Told, max: u64, mut tell: impl FnMut(f64, u64)) -> bool {
        let mut are_left = false;
        told.0.resize(self.0.len(), (0, 0));
        let mut room = max;
        for (index, (cell, told)) in self.0.iter().zip(&mut told.0).enumerate() {
            let count = cell.count.load(Acquire);
            let nanos = cell.nanos.load(Relaxed);
            let new = count - told.0;
            let more = new.min(room);
            are_left |= more < new;
            if more == 0 {
                continue;
            }
            room -= more;
            let value = mean(index, nanos - told.1, new);
            if more == new {
                *told = (count, nanos);
            } else {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_precision_loss,
                    clippy::cast_sign_loss,
                    reason = "a part of a sum of nanoseconds"
                )]
                let sum = (value * 1e9 * more as f64) as u64;
                *told = (told.0 + more, told.1 + sum.min(nanos - told.1));
            }
            tell(value, more);
        }
        are_left
    }
}

/// The mean of durations in one cell, in seconds. The sum may be a little ahead of their number,
/// but not of what is in the cell.
#[expect(
    clippy::cast_precision_loss,
    reason = "nanoseconds of days, as seconds"
)]
fn mean(cell: usize, nanos: u64, count: u64) -> f64 {
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    let mean = nanos as f64 / count as f64 / 1e9;
    let above = cell.checked_sub(1).map(|before| seconds(CELLS[before]));
    let highest = CELLS.get(cell).copied().map(seconds);
    let mean = highest.map_or(mean, |highest| mean.min(highest));
    above.map_or(mean, |above| mean.max(above.next_up()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a histogram counts them: those that are not above each boundary.
    fn below(told: &[(f64, u64)]) -> [u64; BUCKETS.len()] {
        BUCKETS.map(|bucket| {
            let below = told.iter().filter(|(value, _)| *value <= bucket);
            below.map(|(_, count)| count).sum()
        })
    }

    #[test]
    fn histograms_are_exact_at_the_buckets() {
        let durations = Durations::default();
        let mut expected = [0; BUCKETS.len()];
        let mut sum = 0.0;
        for bucket in BUCKETS {
            for nanos_more in [-1.0, 0.0, 1.0] {
                let duration = Duration::from_secs_f64(bucket + nanos_more / 1e9);
                durations.record(duration);
                sum += duration.as_secs_f64();
                for (count, bound) in expected.iter_mut().zip(BUCKETS) {
                    *count += u64::from(duration <= Duration::from_secs_f64(bound));
                }
            }
        }
        let mut told = Vec::new();
        let mut position = Told::default();
        durations.tell(&mut position, u64::MAX, |value, count| {
            told.push((value, count));
        });
        assert_eq!(below(&told), expected);
        let found: f64 = told
            .iter()
            .map(|(value, count)| value * f64::from(u32::try_from(*count).unwrap()))
            .sum();
        assert!((found - sum).abs() < 1e-6, "{found} and {sum}");
        // Each once.
        durations.tell(&mut position, u64::MAX, |value, _| panic!("{value} again"));
    }

    #[test]
    fn what_does_not_fit_is_told_later_and_sums_stay_right() {
        let durations = Durations::default();
        for millis in 1..=1000 {
            durations.record(Duration::from_millis(millis));
        }
        durations.record(Duration::MAX);
        let (mut position, mut told) = (Told::default(), Vec::new());
        for round in 1..=11 {
            durations.tell(&mut position, 100, |value, count| told.push((value, count)));
            let count: u64 = told.iter().map(|(_, count)| count).sum();
            assert_eq!(count, (100 * round).min(1001));
        }
        let sum: f64 = told
            .iter()
            .map(|(value, count)| value * f64::from(u32::try_from(*count).unwrap()))
            .sum();
        let expected = 500.5 + LONGEST.as_secs_f64();
        assert!((sum - expected).abs() < 1e-3, "{sum} and {expected}");
    }

    #[test]
    fn a_hundred_routes_are_told_apart_and_the_rest_are_one() {
        static ROUTES: [OnceLock<Box<str>>; MAX_ROUTES] = [const { OnceLock::new() }; MAX_ROUTES];
        let places: Vec<_> = (0..150)
            .map(|i| RouteLabel::find(&format!("/{i}"), &ROUTES).place)
            .collect();
        assert_eq!(places[..100], (1..=100).collect::<Vec<u8>>());
        assert!(places[100..].iter().all(|place| *place == OTHER));
        assert_eq!(RouteLabel::find("/7", &ROUTES).place, 8);
    }

    #[test]
    fn statuses_beyond_those_that_are_told_apart_are_one() {
        let calls = Calls::default();
        for status in 200..600 {
            let end = Ok(status);
            calls.record(Call { method: 1, end }, Duration::ZERO);
        }
        let end = Err(0);
        calls.record(Call { method: 1, end }, Duration::ZERO);
        let all = calls.lock();
        assert_eq!(all.len(), MAX_CALLS + 2);
        let other = all.keys().filter(|call| call.status().is_none());
        let failures: Vec<_> = other.map(|call| call.failure()).collect();
        assert_eq!(failures, [None, Some(FailureKind::ALL[0])]);
    }

    #[test]
    fn methods_that_nobody_knows_are_one() {
        for (name, label) in [
            ("GET", "GET"),
            ("QUERY", "QUERY"),
            ("PURGE", "_OTHER"),
            ("get", "_OTHER"),
        ] {
            let found = method(&Method::from_bytes(name.as_bytes()).unwrap());
            assert_eq!(METHODS[usize::from(found)], label);
        }
    }
}
