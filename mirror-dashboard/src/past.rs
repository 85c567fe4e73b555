//! What happened in the last minutes: counts that are added up a part at a time.
//!
//! The runtime counts since the process began. What was counted in the last five minutes is the
//! difference of two moments, so somebody must look now and then. Mirrors that stand still cost next
//! to nothing: a part in which nothing happened is empty, and their counters are not read.
//!
//! What was counted before somebody looked first is one part, from when the mirror was made.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant, SystemTime},
};

use mirror_runtime::{FailureKind, Mirror, MirrorStats, TargetStats};

use crate::{
    distribution::Distribution,
    program::Listed,
    snapshot::{Counts, Series, Window},
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

/// How long the two windows are.
const SHORTEST: Duration = Duration::from_mins(5);
const LONGEST: Duration = Duration::from_hours(1);

/// The parts over which the number of copies each second is taken.
const RECENT: usize = 2;

/// The counts of a window, in the order in which they are kept; after them come the failures by
/// kind.
const MAIN: usize = 8;

/// What was counted and noted by a moment, or between two.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tally {
    /// Empty for all zeros.
    counts: Vec<u64>,
    latency: Distribution,
    primary: Distribution,
}

impl Tally {
    fn new(stats: &TargetStats, primary: Distribution) -> Self {
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
            latency: Distribution::new(&stats.latency),
            primary,
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
            latency: self.latency.since(&earlier.latency),
            primary: self.primary.since(&earlier.primary),
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
        self.latency.add(&more.latency);
        self.primary.add(&more.primary);
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
            latency: self.latency.latency(),
            primary_latency: self.primary.latency(),
        }
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
    /// All that was before somebody looked first, and when that was.
    before: Option<(Instant, Part)>,
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
            before: None,
            steps: 0,
            minute: Part::default(),
            epoch: None,
            base: Tally::default(),
        }
    }

    /// One of a mirror that was made so long ago, when nobody looked.
    fn found(tally: &Tally, now: Instant, age: Duration) -> Self {
        let before = Part {
            took: age,
            tally: tally.clone(),
        };
        Self {
            last: tally.clone(),
            before: Some((now, before)),
            ..Self::new(now)
        }
    }

    /// What was before somebody looked first, if all of it is within so long.
    fn before(&self, now: Instant, longest: Duration) -> Option<&Part> {
        let (found, before) = self.before.as_ref()?;
        let begun = now.saturating_duration_since(*found) + before.took;
        (begun <= longest).then_some(before)
    }

    /// Ends a part.
    fn step(&mut self, tally: Tally, now: Instant) {
        let part = tally.since(&self.last);
        self.last = tally;
        self.end_part(part, now);
    }

    /// Ends a part in which nothing happened.
    fn idle(&mut self, now: Instant) {
        self.end_part(Tally::default(), now);
    }

    fn end_part(&mut self, tally: Tally, now: Instant) {
        let took = now.saturating_duration_since(self.at);
        let part = Part { took, tally };
        self.at = now;
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

    fn read(&self, tally: &Tally, now: Instant, age: Duration, depth: Depth) -> OfTarget {
        let begun = Part {
            took: now.saturating_duration_since(self.at),
            tally: tally.since(&self.last),
        };
        let window = |name: &str, parts: &VecDeque<Part>, minute: Option<&Part>, longest| {
            let mut all = begun.clone();
            let before = self.before(now, longest);
            for part in parts.iter().chain(minute).chain(before) {
                all.took += part.took;
                all.tally.add(&part.tally);
            }
            all.tally.window(name, all.took)
        };
        let epoch = self.epoch.and_then(|epoch| epoch.elapsed().ok());
        let reset = tally.since(&self.base);
        let reset = reset.window("reset", epoch.unwrap_or(age));
        OfTarget {
            windows: vec![
                window("5m", &self.short, None, SHORTEST),
                window("1h", &self.long, Some(&self.minute), LONGEST),
                reset,
            ],
            series: if depth.series {
                vec![
                    series("5m", STEP, &self.short),
                    series("1h", STEP * 12, &self.long),
                ]
            } else {
                Vec::new()
            },
            ..self.rate(tally.sent(), now)
        }
    }

    /// The copies each second, if so many were sent by now.
    fn rate(&self, sent: u64, now: Instant) -> OfTarget {
        let recent = self.short.iter().rev().take(RECENT);
        let begun = (
            sent.saturating_sub(self.last.sent()),
            now.saturating_duration_since(self.at),
        );
        let recent = recent.fold(begun, |(sent, took), part| {
            (sent + part.tally.sent(), took + part.took)
        });
        OfTarget {
            sent_per_s: rate(recent),
            ..OfTarget::default()
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
            .map(|part| part.tally.latency.latency())
            .collect(),
        primary: parts
            .iter()
            .map(|part| part.tally.primary.latency())
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
    /// By name.
    mirrors: BTreeMap<String, OfMirror>,
    /// When somebody looked last.
    at: Option<Instant>,
}

/// The last minutes of the targets of a mirror, by name.
#[derive(Debug, Default)]
struct OfMirror {
    activity: u64,
    /// Whether something was counted in the last part. What is counted with it may have come after
    /// somebody looked.
    has_moved: bool,
    targets: BTreeMap<String, Target>,
}

impl Past {
    /// Ends a part of each. What is gone is forgotten.
    pub(crate) fn step(&mut self, mirrors: &[Listed], now: Instant) {
        let mut old = std::mem::take(&mut self.mirrors);
        let at = self.at.replace(now);
        for mirror in mirrors.iter().filter_map(|listed| listed.mirror.as_ref()) {
            let (name, mut past) = old
                .remove_entry(mirror.name())
                .unwrap_or_else(|| (mirror.name().to_owned(), OfMirror::default()));
            past.step(mirror, at, now);
            self.mirrors.insert(name, past);
        }
    }

    /// What is known of one target of a mirror, whose counters are these.
    pub(crate) fn of(
        &self,
        mirror: &MirrorStats,
        target: &TargetStats,
        primary: &Distribution,
        depth: Depth,
    ) -> OfTarget {
        let past = self.mirrors.get(&mirror.name);
        let Some(past) = past.and_then(|past| past.targets.get(&target.name)) else {
            return OfTarget::default();
        };
        let now = Instant::now();
        if !depth.windows {
            return past.rate(target.sent, now);
        }
        let tally = Tally::new(target, primary.clone());
        past.read(&tally, now, age(mirror), depth)
    }
}

impl OfMirror {
    /// Ends a part of each target.
    fn step(&mut self, mirror: &Mirror, looked: Option<Instant>, now: Instant) {
        let activity = mirror.activity();
        let is_new = self.targets.is_empty();
        let moves = is_new || activity != self.activity;
        self.activity = activity;
        if !std::mem::replace(&mut self.has_moved, moves) && !moves {
            for target in self.targets.values_mut() {
                target.idle(now);
            }
            return;
        }
        let stats = mirror.stats();
        let primary = Distribution::new(&stats.latency);
        let mut old = std::mem::take(&mut self.targets);
        for target in &stats.targets {
            let tally = Tally::new(target, primary.clone());
            let past = old.remove(&target.name);
            let mut past = past.unwrap_or_else(|| match looked {
                None => Target::found(&tally, now, age(&stats)),
                // It was made since somebody looked last.
                Some(looked) => Target::new(looked.max(began(&stats, now))),
            });
            past.since(target.report_since);
            past.step(tally, now);
            self.targets.insert(target.name.clone(), past);
        }
    }
}

/// How long a mirror has been there.
fn age(mirror: &MirrorStats) -> Duration {
    mirror.since.elapsed().unwrap_or_default()
}

/// When a mirror was made.
fn began(mirror: &MirrorStats, now: Instant) -> Instant {
    now.checked_sub(age(mirror)).unwrap_or(now)
}

/// How much is asked for: a rate, which is always, and what takes work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depth {
    pub(crate) windows: bool,
    pub(crate) series: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    const ALL: Depth = Depth {
        windows: true,
        series: true,
    };

    /// Counts by a moment: so many were sent, and so many of them took 1 ms.
    fn tally(sent: u64) -> Tally {
        let mut counts = vec![0; MAIN + FailureKind::ALL.len()];
        counts[0] = sent;
        counts[1] = sent;
        Tally {
            counts,
            latency: Distribution::of(1000, sent),
            primary: Distribution::default(),
        }
    }

    fn window(target: &Target, sent: u64, now: Instant, name: &str) -> Window {
        let windows = target.read(&tally(sent), now, Duration::ZERO, ALL).windows;
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
        let rate = target.rate(7203, now + SECOND * 3).sent_per_s;
        assert_eq!(rate, Some(1.0));
        let series = target.read(&tally(7200), now, Duration::ZERO, ALL).series;
        assert_eq!((series[0].target.len(), series[1].target.len()), (60, 60));
        assert_eq!(series[1].step_s, 60);
    }

    #[test]
    fn what_was_before_somebody_looked_is_in_the_windows_that_hold_all_of_it() {
        let found = Instant::now();
        let minute = Duration::from_mins(1);
        let mut target = Target::found(&tally(7), found, minute * 3);
        let seen = |target: &Target, now, name: &str| {
            let window = window(target, 9, now, name);
            (window.seconds, window.sent)
        };
        assert_eq!(seen(&target, found + minute, "5m"), (240, 9));
        assert_eq!(seen(&target, found + minute, "1h"), (240, 9));
        target.step(tally(9), found + minute);
        assert_eq!(seen(&target, found + minute * 2, "5m"), (300, 9));
        // Some of it is longer ago than that, and nobody knows how much.
        assert_eq!(seen(&target, found + minute * 2 + SECOND, "5m"), (121, 2));
        assert_eq!(seen(&target, found + minute * 2 + SECOND, "1h"), (301, 9));
        assert_eq!(seen(&target, found + minute * 58, "1h").1, 2);
        assert_eq!(seen(&target, found + minute * 58, "reset").1, 9);
    }

    #[test]
    fn what_stands_still_takes_no_room() {
        let begun = Instant::now();
        let mut target = Target::new(begun);
        target.step(tally(9), begun + STEP);
        for step in 2..=200 {
            if step % 2 == 0 {
                target.step(tally(9), begun + STEP * step);
            } else {
                target.idle(begun + STEP * step);
            }
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
}
