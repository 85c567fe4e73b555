//! From counters to metrics.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use ::metrics::{Key, Recorder, SharedString};

use super::{
    family::{self, Family},
    known::{self, Switch},
    series::{
        self, Has, Names, Server, Writer, called, counted, ended, key_of_calls, values, with_route,
    },
};
use crate::{
    bounds::{bytes_held, limits},
    control::changes,
    engine::Engine,
    stats::{Call, CopiesOfRoute, Counters, Durations, PrimaryMeasured, Told, calls_are_told},
};

/// Durations that a histogram is told of at once; further ones follow with the next time. A
/// recorder may keep each of them until it is scraped, which is 8 MiB.
const MAX_TOLD: u64 = 1 << 20;

/// A mirror of which nothing changes is published again after so many times: a verdict may turn
/// because time goes by, and an exporter may forget what it is told no more.
const AGAIN: u64 = 12;

/// Mirrors that wait to be seen by the thread. They are few, unless a program makes and drops them
/// all the time.
const MAX_NEW: usize = 64;

/// The mirrors that were made since the thread has looked.
static NEW: Mutex<Vec<NewMirror>> = Mutex::new(Vec::new());

static PUBLISHER: Mutex<Publisher> = Mutex::new(Publisher::new());

/// What is counted of a mirror. It outlives the mirror until it was published.
struct NewMirror {
    name: SharedString,
    engine: Weak<Engine>,
    primary: Arc<PrimaryMeasured>,
    targets: Vec<NewTarget>,
}

struct NewTarget {
    name: SharedString,
    has: Has,
    server: Option<Server>,
    counters: Arc<Counters>,
}

/// A mirror was made. Says whether so many wait to be seen now that somebody should look: once, for
/// nobody looks any sooner if asked more often.
pub(super) fn add(engine: &Arc<Engine>) -> bool {
    let targets = engine.targets.iter().enumerate().map(|(index, target)| {
        let server = target.target().server();
        NewTarget {
            name: shared(target.target().name()),
            has: has(engine, index),
            server: server.map(|(host, port)| (host.to_owned().into(), port.to_string().into())),
            counters: Arc::clone(target.source.counters()),
        }
    });
    let mirror = NewMirror {
        name: shared(&engine.name),
        engine: Arc::downgrade(engine),
        primary: Arc::clone(&engine.primary),
        targets: targets.collect(),
    };
    let mut new = lock(&NEW);
    new.push(mirror);
    new.len() == MAX_NEW
}

#[cfg(feature = "compare")]
fn has(engine: &Engine, index: usize) -> Has {
    let Some(comparing) = &engine.comparing else {
        return Has::default();
    };
    // A sink gives no responses, and nobody judges a baseline.
    let comparisons = !comparing.is_baseline(index) && !engine.is_sink(index);
    #[cfg(feature = "record")]
    let records = comparing.recording.is_some();
    #[cfg(not(feature = "record"))]
    let records = false;
    Has {
        comparisons,
        fixtures: comparisons && records,
    }
}

#[cfg(not(feature = "compare"))]
fn has(_: &Engine, _: usize) -> Has {
    Has::default()
}

/// Of which mirrors the metrics are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Of all.
    All,
    /// Of those about which there is something new.
    Changed,
    /// Of those that have ended.
    Ended,
}

/// Publishes to the recorder of this thread, which is that of the process: nobody else runs here.
pub(super) fn publish(extent: Extent) {
    ::metrics::with_recorder(|recorder| {
        // What is told to nobody need not be looked up. What has ended is forgotten all the same.
        let extent = if is_none(recorder) {
            Extent::Ended
        } else {
            extent
        };
        lock(&PUBLISHER).publish(recorder, extent);
    });
}

/// Whether no recorder was installed. The facade has one then that ignores everything: a static of
/// no size. One that was installed is on the heap, and if it has no size, it has no place there.
fn is_none(recorder: &dyn Recorder) -> bool {
    size_of_val(recorder) == 0 && address(recorder) != align_of_val(recorder)
}

/// Publishes to the recorder of this thread, if it is another than that of the process.
pub(super) fn publish_locally() {
    ::metrics::with_recorder(|recorder| {
        let mut publisher = lock(&PUBLISHER);
        if publisher.recorder != address(recorder) {
            let writer = Writer {
                recorder,
                is_of_process: false,
            };
            family::describe_all(recorder);
            publisher.write(&writer, Extent::All);
        }
    });
}

fn address(recorder: &dyn Recorder) -> usize {
    std::ptr::from_ref(recorder).addr()
}

/// What was published, by mirror and target.
struct Publisher {
    /// The address of the recorder of the process, or of the one that ignores everything while
    /// there is none.
    recorder: usize,
    /// Whether it was told what the metrics mean.
    is_described: bool,
    mirrors: BTreeMap<String, OfMirror>,
    /// Whether the mirrors of all attributes are among them.
    are_known: bool,
    /// Calls of mirrors that are no more.
    gone: Vec<u64>,
    /// How often what has changed was published.
    times: u64,
}

impl Publisher {
    const fn new() -> Self {
        Self {
            recorder: 0,
            is_described: false,
            mirrors: BTreeMap::new(),
            are_known: false,
            gone: Vec::new(),
            times: 0,
        }
    }

    fn publish(&mut self, recorder: &dyn Recorder, extent: Extent) {
        let address = address(recorder);
        if self.recorder != address {
            self.recorder = address;
            self.is_described = false;
            // It was told nothing yet.
            let mirrors = self.mirrors.values_mut();
            mirrors.for_each(OfMirror::forget_what_was_told);
        }
        if !self.is_described {
            family::describe_all(recorder);
            self.is_described = true;
        }
        if calls_are_told() {
            family::describe_calls(recorder);
        }
        let writer = Writer {
            recorder,
            is_of_process: true,
        };
        self.write(&writer, extent);
    }

    fn write(&mut self, writer: &Writer<'_>, extent: Extent) {
        self.take_new();
        self.take_known();
        if extent == Extent::Changed {
            self.times += 1;
        }
        let turn = self.times % AGAIN;
        for (place, (name, mirror)) in (0..).zip(&mut self.mirrors) {
            let has_ended = mirror.has_ended();
            if extent == Extent::Ended && !has_ended {
                continue;
            }
            let moved = Moved::of(mirror);
            let is_due = || has_ended || place % AGAIN == turn || mirror.is_due(moved);
            if extent != Extent::Changed || is_due() {
                mirror.write(name, writer, &mut self.gone, moved);
            }
        }
        if extent != Extent::Ended {
            self.write_of_all(writer);
        }
    }

    /// Writes what is of no mirror.
    fn write_of_all(&self, writer: &Writer<'_>) {
        let mut all = self.gone.clone();
        for mirror in self.mirrors.values() {
            let targets = mirror.targets.values();
            targets.for_each(|target| add_to(&mut all, &target.called));
        }
        let mut all = all.into_iter();
        called(&Counters::new().counts(""), &mut |family, words, _| {
            let count = all.next().unwrap_or_default();
            writer.counter(&series::key(family, [], words), count);
        });
        let gauge = |family: &Family, bytes| {
            writer.gauge(&series::key(family, [], &[]), number(bytes));
        };
        gauge(&family::BUFFERED, bytes_held());
        gauge(&family::BUFFERED_LIMIT, limits::byte_budget());
    }

    /// Mirrors that were made.
    fn take_new(&mut self) {
        for new in std::mem::take(&mut *lock(&NEW)) {
            let of_mirror = self.mirror(&new.name);
            for (index, target) in new.targets.into_iter().enumerate() {
                let of_target = of_mirror.target(&target.name);
                of_target.has = of_target.has.or(target.has);
                of_target.live.push(LiveTarget {
                    engine: new.engine.clone(),
                    index,
                    server: target.server,
                    counters: target.counters,
                    told: BTreeMap::new(),
                    told_calls: BTreeMap::new(),
                });
            }
            of_mirror.live.push(LiveMirror {
                engine: new.engine,
                primary: new.primary,
                told: BTreeMap::new(),
            });
        }
    }

    /// Mirrors that are known, whether or not they were made.
    fn take_known(&mut self) {
        if std::mem::replace(&mut self.are_known, true) {
            return;
        }
        for known in known::all() {
            let of_mirror = self.mirror(known.name);
            of_mirror.is_known = true;
            for target in &known.targets {
                let of_target = of_mirror.target(target);
                of_target.has = of_target.has.or(known.has);
            }
        }
    }

    fn mirror(&mut self, name: &str) -> &mut OfMirror {
        let mirrors = self.mirrors.entry(name.to_owned());
        mirrors.or_insert_with(|| OfMirror::new(name))
    }
}

/// What tells whether there is something new about a mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moved {
    /// The sum of what only grows.
    counts: u64,
    /// What was said of it.
    changes: u64,
    open_circuits: usize,
    live: usize,
}

impl Moved {
    fn of(mirror: &OfMirror) -> Self {
        let engines = mirror.live.iter().filter_map(|live| live.engine.upgrade());
        let mut moved = Self {
            counts: 0,
            changes: 0,
            open_circuits: 0,
            live: 0,
        };
        for engine in engines {
            moved.live += 1;
            moved.changes += engine.switch.changes();
            for target in &engine.targets {
                let is_open = target.gate.is_open();
                moved.open_circuits += usize::from(is_open);
            }
        }
        if moved.live == 0 && mirror.is_known {
            // Nobody counts for it what is said of it.
            moved.changes = changes();
        }
        for live in mirror.targets.values().flat_map(|target| &target.live) {
            moved.counts = moved.counts.wrapping_add(live.counters.sum());
        }
        moved
    }
}

/// What was published of a mirror.
#[derive(Clone, Copy, Debug)]
struct Published {
    moved: Moved,
    /// Whether there may be more to say of it: a number that is looked at early may change between
    /// two looks that find the others unchanged.
    is_more: bool,
}

/// All mirrors of one name: their numbers are added.
struct OfMirror {
    names: Names,
    targets: BTreeMap<String, OfTarget>,
    live: Vec<LiveMirror>,
    /// Whether the program has it, though it may not have been made yet.
    is_known: bool,
    /// Whether there was none any more when it was published last.
    is_over: bool,
    /// What the recorder of the process was told; `None` if nothing yet.
    published: Option<Published>,
}

struct LiveMirror {
    engine: Weak<Engine>,
    primary: Arc<PrimaryMeasured>,
    /// Of each route.
    told: BTreeMap<&'static str, Told>,
}

impl OfMirror {
    fn new(name: &str) -> Self {
        let names = Names {
            mirror: shared(name),
            target: SharedString::const_str(""),
        };
        Self {
            names,
            targets: BTreeMap::new(),
            live: Vec::new(),
            is_known: false,
            is_over: false,
            published: None,
        }
    }

    /// Whether there is something new about it.
    fn is_due(&self, moved: Moved) -> bool {
        // All of them are asked: who does not ask forgets.
        let has_new = self.live.iter().map(|live| live.primary.take_new());
        let has_new = has_new.fold(false, |one, other| one | other);
        let published = self.published;
        has_new || published.is_none_or(|before| before.is_more || before.moved != moved)
    }

    /// Whether one of its mirrors is no more: nobody counts any more.
    fn has_ended(&self) -> bool {
        let mut targets = self.targets.values().flat_map(|target| &target.live);
        let mut mirrors = self.live.iter();
        targets.any(|live| Arc::strong_count(&live.counters) == 1)
            || mirrors.any(|live| Arc::strong_count(&live.primary) == 1)
    }

    fn target(&mut self, name: &str) -> &mut OfTarget {
        let mirror = &self.names.mirror;
        self.targets.entry(name.to_owned()).or_insert_with(|| {
            OfTarget::new(Names {
                mirror: mirror.clone(),
                target: shared(name),
            })
        })
    }

    fn forget_what_was_told(&mut self) {
        (self.published, self.is_over) = (None, false);
        let live = self.live.iter_mut();
        live.for_each(|live| live.told.clear());
        let targets = self.targets.values_mut();
        let live = targets.flat_map(|target| &mut target.live);
        live.for_each(|live| {
            live.told.clear();
            live.told_calls.clear();
        });
    }

    fn write(&mut self, name: &str, writer: &Writer<'_>, gone: &mut Vec<u64>, moved: Moved) {
        let engines = self.live.iter().filter_map(|live| live.engine.upgrade());
        let engines: Vec<_> = engines.collect();
        let is_over = engines.is_empty() && !self.is_known;
        if is_over && self.is_over && self.live.is_empty() {
            // A recorder may forget it.
            self.published = Some(Published {
                moved,
                is_more: false,
            });
            return;
        }
        // A mirror that is no more is off.
        let switch = (!is_over).then(|| Switch::of(name));
        self.write_switch(writer, switch.as_ref());
        #[cfg(feature = "compare")]
        let reports: Vec<_> = engines.iter().filter_map(report).collect();
        #[cfg(not(feature = "compare"))]
        let reports = [(); 0];
        let mut is_more = false;
        for (name, target) in &mut self.targets {
            is_more |= target.count(writer, gone);
            target.measure(writer, &engines);
            let percentage = match &switch {
                Some(switch) => switch.percentage(name),
                None => Some(0.0),
            };
            if let Some(percentage) = percentage {
                target.gauge(writer, &family::PERCENTAGE, percentage);
            }
            target.judge(writer, &reports);
        }
        is_more |= self.write_primary(writer);
        if writer.is_of_process {
            self.is_over = is_over;
            let has_changed = self.published.is_none_or(|before| before.moved != moved);
            self.published = Some(Published {
                moved,
                is_more: is_more || has_changed,
            });
        }
    }

    fn write_switch(&self, writer: &Writer<'_>, switch: Option<&Switch>) {
        for source in known::SOURCES {
            let decides = switch.is_some_and(|switch| switch.is_of(*source));
            let is_on = decides && switch.is_some_and(Switch::is_enabled);
            let words = [("source", source.as_str())];
            for (family, is) in [(&family::ENABLED, is_on), (&family::SWITCH, decides)] {
                let key = self.names.key_of_mirror(family, &words);
                writer.gauge(&key, f64::from(u8::from(is)));
            }
        }
    }

    /// Returns whether there is more to tell.
    fn write_primary(&mut self, writer: &Writer<'_>) -> bool {
        if !writer.is_of_process {
            return false;
        }
        let names = &self.names;
        let key = |route| {
            let words = with_route(&[], route);
            names.key_of_mirror(&family::PRIMARY_DURATION, &words)
        };
        if self.live.is_empty() {
            writer.make_histogram(&key(""));
        }
        let mut is_more = false;
        self.live.retain_mut(|live| {
            let is_over = Arc::get_mut(&mut live.primary).is_some();
            for (route, durations) in live.primary.by_route() {
                let route = route.label();
                let told = live.told.entry(route).or_default();
                is_more |= tell(writer, &key(route), durations, told, is_over);
            }
            !is_over
        });
        is_more
    }
}

#[cfg(feature = "compare")]
fn report(engine: &Arc<Engine>) -> Option<crate::report::Report> {
    let comparing = engine.comparing.as_ref()?;
    Some(comparing.report(&engine.name, &engine.targets))
}

/// All targets of one name of the mirrors of one name.
struct OfTarget {
    names: Names,
    has: Has,
    live: Vec<LiveTarget>,
    /// The series that are counted, and what targets that are no more have counted.
    series: Vec<(&'static Family, Key)>,
    gone: Vec<u64>,
    /// Calls of the program's own code for those that are there.
    called: Vec<u64>,
    routes: BTreeMap<&'static str, OfRoute>,
}

struct LiveTarget {
    engine: Weak<Engine>,
    index: usize,
    server: Option<Server>,
    counters: Arc<Counters>,
    /// Of the calls of a client.
    told_calls: BTreeMap<Call, Told>,
    /// Of each route: of those that were answered, those that failed, and of first bytes.
    told: BTreeMap<&'static str, [Told; 3]>,
}

/// The copies of one route.
struct OfRoute {
    ended: Vec<Key>,
    gone: Vec<u64>,
    /// The histograms, as in [`LiveTarget::told`].
    durations: [Key; 3],
}

impl OfRoute {
    fn new(names: &Names, route: &'static str) -> Self {
        let key = |family, words: &[_]| names.key(family, &with_route(words, route));
        let mut keys = Vec::new();
        ended(&CopiesOfRoute::default(), &mut |family, words, _| {
            keys.push(key(family, words));
        });
        Self {
            gone: vec![0; keys.len()],
            ended: keys,
            durations: [
                key(&family::COPY_DURATION, &[("outcome", "answered")]),
                key(&family::COPY_DURATION, &[("outcome", "failed")]),
                key(&family::FIRST_BYTE, &[]),
            ],
        }
    }
}

impl OfTarget {
    fn new(names: Names) -> Self {
        let mut series = Vec::new();
        counted(&Counters::new().counts(""), &mut |family, words, _| {
            series.push((family, names.key(family, words)));
        });
        Self {
            gone: vec![0; series.len()],
            names,
            has: Has::default(),
            live: Vec::new(),
            called: Vec::new(),
            series,
            routes: BTreeMap::new(),
        }
    }

    /// Writes the counters and the histograms. Returns whether there is more to tell.
    fn count(&mut self, writer: &Writer<'_>, calls_gone: &mut Vec<u64>) -> bool {
        let Self {
            names,
            live,
            series,
            gone,
            called: calls,
            routes,
            has,
        } = self;
        calls.clear();
        let mut is_more = false;
        let mut counts = vec![0; series.len()];
        let mut ends: BTreeMap<&'static str, Vec<u64>> = BTreeMap::new();
        let of_route = |route| OfRoute::new(names, route);
        // There is a series before there are copies.
        routes.entry("").or_insert_with_key(|route| of_route(route));
        live.retain_mut(|live| {
            // If nobody else has them, nobody counts any more.
            let is_over = writer.is_of_process && Arc::get_mut(&mut live.counters).is_some();
            // Ends are read before starts, so that no more have ended than were sent.
            for (route, copies) in live.counters.measured.by_route() {
                let route = route.label();
                let of_route = routes.entry(route).or_insert_with(|| of_route(route));
                let ended = values(|visit| ended(copies, visit));
                if is_over {
                    add_to(&mut of_route.gone, &ended);
                } else {
                    add_to(ends.entry(route).or_default(), &ended);
                }
                if writer.is_of_process {
                    let durations = copies.durations().into_iter().zip(&of_route.durations);
                    let told = live.told.entry(route).or_default();
                    for ((durations, key), told) in durations.zip(told) {
                        is_more |= tell(writer, key, durations, told, is_over);
                    }
                }
            }
            if let Some(server) = live.server.as_ref().filter(|_| writer.is_of_process) {
                for (call, durations) in live.counters.measured.calls() {
                    let key = key_of_calls(names, server, call);
                    let told = live.told_calls.entry(call).or_default();
                    tell(writer, &key, &durations, told, is_over);
                }
            }
            let stats = live.counters.counts("");
            let counted = values(|visit| counted(&stats, visit));
            let called = values(|visit| called(&stats, visit));
            if is_over {
                add_to(gone, &counted);
                add_to(calls_gone, &called);
            } else {
                add_to(&mut counts, &counted);
                add_to(calls, &called);
            }
            !is_over
        });
        add_to(&mut counts, gone);
        let mut in_flight = counts[SENT];
        for ((family, key), count) in series.iter().zip(counts) {
            if has.has(family) {
                writer.counter(key, count);
            }
        }
        for (route, of_route) in routes {
            let ends = ends.entry(route).or_default();
            add_to(ends, &of_route.gone);
            for (key, count) in of_route.ended.iter().zip(ends) {
                writer.counter(key, *count);
                in_flight = in_flight.saturating_sub(*count);
            }
            if live.is_empty() && writer.is_of_process {
                for key in &of_route.durations {
                    writer.make_histogram(key);
                }
            }
        }
        self.gauge(writer, &family::IN_FLIGHT, number(in_flight));
        is_more
    }

    /// Writes what is so now.
    fn measure(&self, writer: &Writer<'_>, engines: &[Arc<Engine>]) {
        let targets = self.live.iter().filter_map(|live| {
            let engine = engines
                .iter()
                .find(|engine| live.engine.as_ptr() == Arc::as_ptr(engine))?;
            engine.targets.get(live.index)
        });
        let (mut limit, mut is_open) = (0, false);
        for target in targets {
            limit += target.gate.max_in_flight();
            is_open |= target.gate.is_open();
        }
        self.gauge(writer, &family::IN_FLIGHT_LIMIT, number(limit));
        let is_open = f64::from(u8::from(is_open));
        self.gauge(writer, &family::CIRCUIT_OPEN, is_open);
    }

    /// Writes what the first report says that is about it.
    #[cfg(feature = "compare")]
    fn judge(&self, writer: &Writer<'_>, reports: &[crate::report::Report]) {
        if !self.has.comparisons {
            return;
        }
        let name = self.names.target.as_ref();
        let targets = reports.iter().flat_map(|report| &report.targets);
        let report = targets.into_iter().find(|target| target.name == name);
        for (word, is) in series::verdicts(report.map(|report| report.verdict)) {
            let key = self.names.key(&family::VERDICT, &[("verdict", word)]);
            writer.gauge(&key, f64::from(u8::from(is)));
        }
        let noise = report.map_or(0, |report| report.noise);
        self.gauge(writer, &family::NOISE, number(noise));
        let rate = report.and_then(|report| report.match_rate.as_ref());
        for (family, share) in [
            (&family::MATCH_RATIO, rate.map(|rate| rate.rate)),
            (&family::MATCH_RATIO_LOW, rate.map(|rate| rate.low)),
            (&family::MATCH_RATIO_HIGH, rate.map(|rate| rate.high)),
        ] {
            self.gauge(writer, family, share.unwrap_or(f64::NAN));
        }
    }

    #[cfg(not(feature = "compare"))]
    #[expect(clippy::unused_self, reason = "there are no verdicts")]
    fn judge(&self, _: &Writer<'_>, _: &[()]) {}

    fn gauge(&self, writer: &Writer<'_>, family: &Family, value: f64) {
        writer.gauge(&self.names.key(family, &[]), value);
    }
}

/// Where the copies that were sent stand among what is counted.
const SENT: usize = 0;

/// Tells a histogram of durations that it was not told of yet: of all of them if it is the last
/// time. Returns whether there are others.
fn tell(
    writer: &Writer<'_>,
    key: &Key,
    durations: &Durations,
    told: &mut Told,
    is_last: bool,
) -> bool {
    let histogram = writer.histogram(key);
    let max = if is_last { u64::MAX } else { MAX_TOLD };
    durations.tell(told, max, |seconds, count| {
        histogram.record_many(seconds, usize::try_from(count).unwrap_or(usize::MAX));
    })
}

/// A name, of which labels have no copies.
fn shared(name: &str) -> SharedString {
    Arc::<str>::from(name).into()
}

fn add_to(sums: &mut Vec<u64>, counts: &[u64]) {
    sums.resize(sums.len().max(counts.len()), 0);
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}

/// As a gauge has it.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn number(number: impl TryInto<u64>) -> f64 {
    number.try_into().unwrap_or(u64::MAX) as f64
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use ::metrics::NoopRecorder;

    use super::*;

    #[test]
    fn no_recorder_is_one_that_nobody_has_installed() {
        assert!(::metrics::with_recorder(is_none));
        // As the facade keeps one that is installed.
        let installed: &'static dyn Recorder = Box::leak(Box::new(NoopRecorder));
        assert!(!is_none(installed));
        let of_a_size: &'static dyn Recorder = Box::leak(Box::new(Arc::new(NoopRecorder)));
        assert!(!is_none(of_a_size));
    }
}
