//! What happened in the last minutes: counts that are added up a part at a time.
//!
//! The runtime counts since the process began. What was counted in the last five minutes is the
//! difference of two moments, so somebody must look now and then. Idle targets cost next to nothing,
//! because a part in which nothing happened is empty.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant, SystemTime},
};

use mirror_runtime::{FailureKind, MirrorStats, TargetStats};

use crate::{
    program::Listed,
    snapshot::{Counts, Latency, Series, Window},
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
        let begun = Part {
            took: now.saturating_duration_since(self.at),
            tally: tally.since(&self.last),
        };
        let window = |name: &str, parts: &VecDeque<Part>, minute: Option<&Part>| {
            let mut all = begun.clone();
            for part in parts.iter().chain(minute) {
                all.took += part.took;
                all.tally.add(&part.tally);
            }
            all.tally.window(name, all.took)
        };
        let epoch = self.epoch.and_then(|epoch| epoch.elapsed().ok());
        let reset = tally.since(&self.base);
        let reset = reset.window("reset", epoch.unwrap_or(age));
        let recent = self.short.iter().rev().take(RECENT).chain([&begun]);
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
    /// By the name of the mirror and its own.
    targets: BTreeMap<(String, String), Target>,
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Counts by a moment: so many were sent, and so many of them took 1 ms.
    fn tally(sent: u64) -> Tally {
        let mut counts = vec![0; MAIN + FailureKind::ALL.len()];
        counts[0] = sent;
        counts[1] = sent;
        Tally {
            counts,
            latency: vec![(1000, sent)],
            primary: Vec::new(),
        }
    }

    fn window(target: &Target, sent: u64, now: Instant, name: &str) -> Window {
        let windows = target.read(&tally(sent), now, Duration::ZERO).windows;
        windows
            .into_iter()
            .find(|window| window.name == name)
            .unwrap()
    }

    #[test]
    fn windows_forget_a_part_at_a_time() {
        let begun = Instant::now();
        let mut target = Target::new(begun);
        let mut now = begun;
        // A copy a second, for two hours.
        for step in 1..=1440_u64 {
            now = begun + STEP * u32::try_from(step).unwrap();
            target.step(tally(step * 5), now);
        }
        let short = window(&target, 7200, now, "5m");
        assert_eq!(
            (short.seconds, short.sent, short.latency.count),
            (300, 300, 300)
        );
        let long = window(&target, 7200, now, "1h");
        assert_eq!(
            (long.seconds, long.sent, long.latency.count),
            (3600, 3600, 3600)
        );
        assert_eq!(window(&target, 7200, now, "reset").sent, 7200);
        // The part that has begun counts at once.
        let short = window(&target, 7203, now + SECOND * 3, "5m");
        assert_eq!((short.seconds, short.sent), (303, 303));
        let rate = target
            .read(&tally(7203), now + SECOND * 3, Duration::ZERO)
            .sent_per_s;
        assert_eq!(rate, Some(1.0));
        let series = target.read(&tally(7200), now, Duration::ZERO).series;
        assert_eq!((series[0].target.len(), series[1].target.len()), (60, 60));
        assert_eq!(series[1].step_s, 60);
    }

    #[test]
    fn what_stands_still_takes_no_room() {
        let begun = Instant::now();
        let mut target = Target::new(begun);
        target.step(tally(9), begun + STEP);
        for step in 2..=200 {
            target.step(tally(9), begun + STEP * step);
        }
        let mut parts = target.short.iter().chain(&target.long).skip(1);
        let is_empty = |part: &Part| part.tally == Tally::default();
        assert!(parts.any(is_empty));
        assert!(target.short.iter().all(is_empty));
    }

    #[test]
    fn a_report_that_begins_anew_begins_a_window() {
        let begun = Instant::now();
        let mut target = Target::new(begun);
        let epoch = SystemTime::now();
        target.since(None);
        target.since(Some(epoch));
        target.step(tally(10), begun + STEP);
        assert_eq!(window(&target, 12, begun + STEP, "reset").sent, 12);
        target.since(Some(epoch));
        assert_eq!(window(&target, 12, begun + STEP, "reset").sent, 12);
        target.since(Some(epoch + SECOND));
        assert_eq!(window(&target, 12, begun + STEP, "reset").sent, 2);
    }

    #[test]
    fn counters_that_begin_anew_are_no_negative_count() {
        let begun = Instant::now();
        let mut target = Target::new(begun);
        target.step(tally(100), begun + STEP);
        target.step(tally(3), begun + STEP * 2);
        assert_eq!(window(&target, 3, begun + STEP * 2, "5m").sent, 103);
    }

    #[test]
    fn quantiles_are_those_of_the_nearest_rank() {
        let latency = quantiles(&vec![(10, 50), (20, 45), (30, 4), (40, 1)]);
        assert_eq!(latency.count, 100);
        let found = (latency.p50_us, latency.p95_us, latency.p99_us);
        assert_eq!(found, (Some(10), Some(20), Some(30)));
        assert_eq!(quantiles(&Vec::new()), Latency::default());
        let mut all = vec![(10, 1)];
        add(&mut all, &vec![(5, 2), (10, 3), (20, 4)]);
        assert_eq!(all, [(5, 2), (10, 4), (20, 4)]);
        assert_eq!(less(&all, &vec![(5, 2), (10, 1)]), [(10, 3), (20, 4)]);
    }
}
