//! What happened in the last minutes: counts that are added up a part at a time.
//!
//! The runtime counts since the process began. What was counted in the last five minutes is the
//! difference of two moments, so somebody must look now and then. Idle targets cost next to nothing,
//! because a part in which nothing happened is empty.

use std::{
    collections::VecDeque,
    time::{Duration, Instant, SystemTime},
};

use mirror_runtime::{FailureKind, MirrorStats, TargetStats};

use crate::{
    program::Listed,
    snapshot::{Counts, Latency, Series, Window},
    take::ByTarget,
};

/// How long a part of the last five minutes is: short enough that a chart moves soon after the page
/// was opened.
pub(crate) const STEP: Duration = Duration::from_secs(5);

/// The parts of five minutes.
const SHORT: usize = 60;

/// The parts of an hour, of a minute each.
const LONG: usize = 60;

/// How many parts of the short window are one of the long one.
const STEPS_A_MINUTE: usize = 12;

/// The parts over which the number of copies each second is taken.
const RECENT: usize = 2;

/// The counts of a window, in the order in which they are kept; after them come the failures by
/// kind.
const MAIN: usize = 8;

/// The time that some things took: the upper ends of buckets in microseconds, in order, with the
/// number in each.
type Distribution = Vec<(u64, u64)>;

/// What was counted and noted by a moment, or between two.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tally {
    /// Empty for all zeros.
    counts: Vec<u64>,
    latency: Distribution,
    primary: Distribution,
}

impl Tally {
    fn new(stats: &TargetStats, mirror: &MirrorStats) -> Self {
        let main = [
            stats.received,
            stats.sent,
            stats.answered,
            stats.failed,
            stats.skipped,
            stats.shed,
            stats.compared,
            stats.raw_mismatched + stats.schema_mismatch,
        ];
        let _: [u64; MAIN] = main;
        let failures = FailureKind::ALL.iter().map(|kind| stats.failed_with(*kind));
        Self {
            counts: main.into_iter().chain(failures).collect(),
            latency: distribution(&stats.latency),
            primary: distribution(&mirror.latency),
        }
    }

    /// What was added since it was `earlier`. If it has begun anew, all of it was.
    fn since(&self, earlier: &Self) -> Self {
        let mut counts = self.counts.clone();
        for (count, before) in counts.iter_mut().zip(&earlier.counts) {
            match count.checked_sub(*before) {
                Some(more) => *count = more,
                None => return self.clone(),
            }
        }
        if counts.iter().all(|count| *count == 0) {
            counts = Vec::new();
        }
        Self {
            counts,
            latency: less(&self.latency, &earlier.latency),
            primary: less(&self.primary, &earlier.primary),
        }
    }

    fn add(&mut self, more: &Self) {
        if self.counts.is_empty() {
            self.counts.clone_from(&more.counts);
        } else {
            for (count, more) in self.counts.iter_mut().zip(&more.counts) {
                *count += more;
            }
        }
        add(&mut self.latency, &more.latency);
        add(&mut self.primary, &more.primary);
    }

    fn count(&self, index: usize) -> u64 {
        self.counts.get(index).copied().unwrap_or_default()
    }

    fn sent(&self) -> u64 {
        self.count(1)
    }

    fn window(&self, name: &str, took: Duration) -> Window {
        let kinds = FailureKind::ALL.iter().enumerate();
        let failed =
            kinds.map(|(index, kind)| (kind.as_str().to_owned(), self.count(MAIN + index)));
        Window {
            name: name.to_owned(),
            seconds: took.as_secs(),
            received: self.count(0),
            sent: self.sent(),
            answered: self.count(2),
            failed: self.count(3),
            skipped: self.count(4),
            shed: self.count(5),
            compared: self.count(6),
            raw_mismatched: self.count(7),
            failed_by_kind: failed.filter(|(_, count)| *count > 0).collect::<Counts>(),
            latency: quantiles(&self.latency),
            primary_latency: quantiles(&self.primary),
        }
    }
}

fn distribution(latency: &mirror_runtime::Latency) -> Distribution {
    let buckets = latency.buckets();
    let micros = |end: Duration| u64::try_from(end.as_micros()).unwrap_or(u64::MAX);
    buckets.map(|(end, count)| (micros(end), count)).collect()
}

/// What is in one and was not in the other.
fn less(now: &Distribution, earlier: &Distribution) -> Distribution {
    let mut before = earlier.iter().peekable();
    let mut more = Vec::new();
    for &(end, count) in now {
        while before.next_if(|(other, _)| *other < end).is_some() {}
        let was = before.next_if(|(other, _)| *other == end);
        let count = count.saturating_sub(was.map_or(0, |(_, was)| *was));
        if count > 0 {
            more.push((end, count));
        }
    }
    more
}

fn add(all: &mut Distribution, more: &Distribution) {
    for &(end, count) in more {
        match all.binary_search_by_key(&end, |(end, _)| *end) {
            Ok(index) => all[index].1 += count,
            Err(index) => all.insert(index, (end, count)),
        }
    }
}

fn quantiles(distribution: &Distribution) -> Latency {
    let count: u64 = distribution.iter().map(|(_, count)| count).sum();
    // The rank of a quantile in hundredths, rounded up: the nearest rank.
    let quantile = |hundredths: u64| {
        let rank = (count * hundredths).div_ceil(100).max(1);
        let mut below = 0;
        let mut buckets = distribution.iter();
        buckets.find_map(|(end, count)| {
            below += count;
            (below >= rank).then_some(*end)
        })
    };
    Latency {
        count,
        p50_us: quantile(50),
        p95_us: quantile(95),
        p99_us: quantile(99),
    }
}

/// A part of a window.
#[derive(Clone, Debug, Default)]
struct Part {
    took: Duration,
    tally: Tally,
}

/// The last minutes of one target.
#[derive(Debug)]
struct Target {
    /// When the last part has ended, and what was counted by then.
    last: Tally,
    at: Instant,
    short: VecDeque<Part>,
    long: VecDeque<Part>,
    /// How many parts of the minute that has begun are in `minute`.
    steps: usize,
    minute: Part,
    /// Since when the report counts, and what had been counted by then.
    epoch: Option<SystemTime>,
    base: Tally,
}

impl Target {
    fn new(at: Instant) -> Self {
        Self {
            last: Tally::default(),
            at,
            short: VecDeque::new(),
            long: VecDeque::new(),
            steps: 0,
            minute: Part::default(),
            epoch: None,
            base: Tally::default(),
        }
    }

    /// Ends a part.
    fn step(&mut self, tally: Tally, now: Instant) {
        let part = Part {
            took: now.saturating_duration_since(self.at),
            tally: tally.since(&self.last),
        };
        self.at = now;
        self.last = tally;
        self.minute.took += part.took;
        self.minute.tally.add(&part.tally);
        self.steps += 1;
        push(&mut self.short, part, SHORT);
        if self.steps == STEPS_A_MINUTE {
            self.steps = 0;
            push(&mut self.long, std::mem::take(&mut self.minute), LONG);
        }
    }

    /// Takes note that the report counts since then. The counts of the window `reset` begin with it.
    fn since(&mut self, epoch: Option<SystemTime>) {
        if self.epoch.is_some() && self.epoch != epoch {
            self.base = self.last.clone();
        }
        if epoch.is_some() || self.epoch.is_some() {
            self.epoch = epoch;
        }
    }

    fn read(&self, tally: &Tally, now: Instant, age: Duration) -> OfTarget {
        let rest = Part {
            took: now.saturating_duration_since(self.at),
            tally: tally.since(&self.last),
        };
        let window = |name: &str, parts: &VecDeque<Part>, begun: Option<&Part>| {
            let mut all = rest.clone();
            for part in parts.iter().chain(begun) {
                all.took += part.took;
                all.tally.add(&part.tally);
            }
            all.tally.window(name, all.took)
        };
        let epoch = self.epoch.and_then(|epoch| epoch.elapsed().ok());
        let reset = tally.since(&self.base);
        let reset = reset.window("reset", epoch.unwrap_or(age));
        let recent = self.short.iter().rev().take(RECENT).chain([&rest]);
        let recent = recent.fold((0, Duration::ZERO), |(sent, took), part| {
            (sent + part.tally.sent(), took + part.took)
        });
        OfTarget {
            sent_per_s: rate(recent),
            windows: vec![
                window("5m", &self.short, None),
                window("1h", &self.long, Some(&self.minute)),
                reset,
            ],
            series: vec![
                series("5m", STEP, &self.short),
                series("1h", STEP * 12, &self.long),
            ],
        }
    }
}

fn push(parts: &mut VecDeque<Part>, part: Part, most: usize) {
    if parts.len() >= most {
        parts.pop_front();
    }
    parts.push_back(part);
}

#[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
fn rate((sent, took): (u64, Duration)) -> Option<f64> {
    // Less than a second says nothing of a rate.
    (took >= Duration::from_secs(1)).then(|| {
        let rate = sent as f64 / took.as_secs_f64();
        (rate * 10.0).round() / 10.0
    })
}

fn series(name: &str, step: Duration, parts: &VecDeque<Part>) -> Series {
    Series {
        name: name.to_owned(),
        step_s: step.as_secs(),
        target: parts
            .iter()
            .map(|part| quantiles(&part.tally.latency))
            .collect(),
        primary: parts
            .iter()
            .map(|part| quantiles(&part.tally.primary))
            .collect(),
    }
}

/// What is known of the last minutes of a target.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfTarget {
    pub(crate) sent_per_s: Option<f64>,
    pub(crate) windows: Vec<Window>,
    pub(crate) series: Vec<Series>,
}

/// The last minutes of all targets.
#[derive(Debug, Default)]
pub(crate) struct Past {
    targets: ByTarget<Target>,
    /// When somebody looked first, and when last.
    begun: Option<Instant>,
    at: Option<Instant>,
}

impl Past {
    /// Ends a part of each. What is gone is forgotten.
    pub(crate) fn step(&mut self, mirrors: &[Listed], now: Instant) {
        let mut old = std::mem::take(&mut self.targets);
        // What is new was made since somebody looked last.
        let at = self.at.replace(now);
        self.begun.get_or_insert(now);
        for mirror in mirrors.iter().filter_map(|listed| listed.mirror.as_ref()) {
            let stats = mirror.stats();
            let mut report = None;
            for target in &stats.targets {
                let key = (stats.name.clone(), target.name.clone());
                let mut past = old
                    .remove(&key)
                    .unwrap_or_else(|| Target::new(at.unwrap_or(now)));
                let tally = Tally::new(target, &stats);
                if at.is_none() {
                    // Nobody knows when this was.
                    past.last.clone_from(&tally);
                }
                // A report is work. Nothing begins anew if nothing comes.
                if tally != past.last || at.is_none() {
                    let report = report.get_or_insert_with(|| mirror.report());
                    let mut targets = report.targets.iter();
                    let report = targets.find(|report| report.name == target.name);
                    past.since(report.and_then(|report| report.since));
                }
                past.step(tally, now);
                self.targets.insert(key, past);
            }
        }
    }

    /// What is known of one target, whose counters are these.
    pub(crate) fn of(&self, mirror: &str, target: &TargetStats, stats: &MirrorStats) -> OfTarget {
        let key = (mirror.to_owned(), target.name.clone());
        match self.targets.get(&key) {
            Some(past) => {
                let now = Instant::now();
                let age = self.begun.map(|begun| now.saturating_duration_since(begun));
                past.read(&Tally::new(target, stats), now, age.unwrap_or_default())
            }
            None => OfTarget::default(),
        }
    }
}
