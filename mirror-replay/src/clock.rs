//! The clock of who writes a log: when it is set, the order in which records were written says more
//! than what it showed.
//!
//! A record is written when its response has ended. So the times at which responses ended go up in a
//! log, as far as they are known. Where they go back, either a record is from a request that took
//! long, or the clock was set: what comes behind tells which.

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use mirror_record::Record;

/// A record is behind if its time is so much before that of another that was written earlier, and
/// it is known when its response ended.
const SLACK_KNOWN: Duration = Duration::from_millis(200);

/// The same behind one of these.
const SLACK_CAUGHT_UP: Duration = Duration::from_millis(20);

/// The same if that is not known.
const SLACK: Duration = Duration::from_secs(1);

/// Records in a row that are behind have the clock set back, if they weigh so much.
const ENOUGH: usize = 256;

/// Weighs as much as so many: if it is known when the response ended, a request that took long is
/// no explanation.
const KNOWN: usize = 32;

/// At the end, so much is enough.
const ENOUGH_AT_END: usize = 5;

/// So many records behind a time without any are really later, and not by a clock that was wrong
/// for a moment.
const CONFIRMED: usize = 8;

/// What is so much later than all before may be of a clock that was wrong for a moment. Two that are
/// so far apart differ, and neither is a request that took long.
const REACH: Duration = Duration::from_mins(1);

/// A record is by a clock for sure, if it is not further away from what that has shown.
const NEAR: Duration = Duration::from_secs(10);

/// So many bytes are undecided at once, at most, and one record more.
const MAX_BYTES: usize = 1024 * 1024;

/// So many clocks are told apart.
const MAX_CLOCKS: usize = 16;

/// When a record was made, by the clock of its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    arrived: i128,
    /// Its response had not ended before.
    ended: i128,
    /// Whether it ended then.
    is_known: bool,
}

impl Stamp {
    pub(crate) fn new(arrived_ns: u64, took: Option<Duration>) -> Self {
        let arrived = i128::from(arrived_ns);
        Self {
            arrived,
            ended: arrived + ns(took.unwrap_or_default()),
            is_known: took.is_some(),
        }
    }

    pub(crate) fn of(record: &Record) -> Self {
        let last = record.last_byte_us.map(Duration::from_micros);
        let mut stamp = Self::new(record.arrived_ns, last);
        if last.is_none() {
            // It took as long at least.
            let latency = record.response.as_ref().map_or(0, |it| it.latency_us);
            let shown = record.first_byte_us.unwrap_or_default().max(latency);
            stamp.ended += ns(Duration::from_micros(shown));
        }
        stamp
    }

    fn slack(&self) -> i128 {
        ns(if self.is_known { SLACK_KNOWN } else { SLACK })
    }
}

fn ns(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX / 4)
}

/// Who has written what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writers {
    /// One process.
    One,
    /// Several, whose clocks differ. Which of them has written a record is not known.
    #[cfg_attr(
        not(any(test, feature = "nats")),
        expect(dead_code, reason = "files of several are told apart")
    )]
    Many,
}

/// One clock, as far as it is known.
#[derive(Clone, Copy, Debug)]
struct Dial {
    /// What is added to it.
    offset: i128,
    /// The latest arrival.
    arrived: i128,
    /// The latest end of a response.
    ended: i128,
}

impl Dial {
    fn new(stamp: &Stamp, offset: i128) -> Self {
        Self {
            offset,
            arrived: stamp.arrived,
            ended: stamp.ended,
        }
    }

    fn note(&mut self, stamp: &Stamp) {
        self.arrived = self.arrived.max(stamp.arrived);
        self.ended = self.ended.max(stamp.ended);
    }

    /// It was written later, and is from before, by this clock.
    fn is_behind(&self, stamp: &Stamp) -> bool {
        self.is_behind_by(stamp, stamp.slack())
    }

    fn is_behind_by(&self, stamp: &Stamp, slack: i128) -> bool {
        stamp.ended + slack < self.ended && stamp.arrived + slack < self.arrived
    }

    fn ahead(&self, stamp: &Stamp) -> i128 {
        stamp.arrived - self.arrived.max(self.ended)
    }
}

/// What records that are not decided on look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubt {
    /// They are the first.
    First,
    Behind,
    Ahead,
}

/// Where a record is, by the clocks that are known.
enum Place {
    /// By the clock with this number, the last of which is the current one.
    Fits(usize),
    Behind,
    Ahead,
}

/// Puts records of one log on one line of time, in the order in which they were written.
///
/// The times that it gives out are those of the records, plus what their clock was set by. Some are
/// held until those behind say which: [`ENOUGH`] at most.
#[derive(Debug)]
pub(crate) struct Clock<T> {
    writers: Writers,
    /// The one that was used last is at the end.
    dials: Vec<Dial>,
    /// The latest arrival that was given out.
    latest: i128,
    /// The time at which a record was put that was out of line.
    floor: i128,
    undecided: Vec<(Stamp, T)>,
    undecided_bytes: usize,
    doubt: Doubt,
    placed: VecDeque<(u64, T)>,
}

impl<T> Clock<T> {
    pub(crate) fn new(writers: Writers) -> Self {
        Self {
            writers,
            dials: Vec::new(),
            latest: 0,
            floor: i128::MIN / 2,
            undecided: Vec::new(),
            undecided_bytes: 0,
            doubt: Doubt::First,
            placed: VecDeque::new(),
        }
    }

    /// Adds the record that was written next.
    pub(crate) fn push(&mut self, stamp: Stamp, bytes: usize, item: T) {
        if self.dials.is_empty() {
            self.hold(Doubt::First, stamp, bytes, item);
            if self.undecided.len() >= CONFIRMED || self.is_full() {
                self.begin();
            }
            return;
        }
        let doubt = match self.place(&stamp) {
            Place::Fits(number) => {
                self.settle();
                // Another may have been added.
                let number = match self.place(&stamp) {
                    Place::Fits(number) => number,
                    _ => number,
                };
                self.put(number, stamp, item);
                return;
            }
            Place::Behind => Doubt::Behind,
            Place::Ahead => Doubt::Ahead,
        };
        let is_ahead = |stamp: &Stamp| {
            let current = self.dials.last();
            current.is_some_and(|dial| dial.ahead(stamp) > ns(REACH))
        };
        let contradicts = doubt == Doubt::Ahead
            && self
                .undecided
                .iter()
                .any(|(other, _)| stamp.arrived + ns(REACH) < other.arrived);
        if !self.undecided.is_empty() && (doubt != self.doubt || contradicts) {
            if doubt == Doubt::Ahead && !self.undecided.iter().any(|(other, _)| is_ahead(other)) {
                // One is no return to the time of before.
                self.hold(self.doubt, stamp, bytes, item);
                return;
            }
            self.settle();
        }
        self.hold(doubt, stamp, bytes, item);
        match doubt {
            Doubt::Behind if self.weight() >= ENOUGH => self.set_back(),
            Doubt::Ahead if self.undecided.len() >= CONFIRMED => self.go_on(),
            _ if self.is_full() => self.flush(),
            _ => {}
        }
    }

    /// Decides on all, because nothing else comes, for now at least.
    pub(crate) fn flush(&mut self) {
        while !self.undecided.is_empty() {
            match self.doubt {
                Doubt::First => self.begin(),
                Doubt::Behind if self.weight() >= ENOUGH_AT_END && self.is_in_order() => {
                    self.set_back();
                }
                Doubt::Behind => self.settle(),
                Doubt::Ahead => self.go_on(),
            }
        }
    }

    /// The next record, and when it arrived.
    pub(crate) fn pop(&mut self) -> Option<(u64, T)> {
        self.placed.pop_front()
    }

    /// All that was not given out.
    #[cfg(feature = "nats")]
    pub(crate) fn into_rest(self) -> impl Iterator<Item = T> {
        let placed = self.placed.into_iter().map(|(_, item)| item);
        placed.chain(self.undecided.into_iter().map(|(_, item)| item))
    }

    /// Whether it holds records that it may be made to give out.
    pub(crate) fn is_undecided(&self) -> bool {
        !self.undecided.is_empty()
    }

    fn hold(&mut self, doubt: Doubt, stamp: Stamp, bytes: usize, item: T) {
        self.doubt = doubt;
        self.undecided_bytes = self.undecided_bytes.saturating_add(bytes);
        self.undecided.push((stamp, item));
    }

    fn take(&mut self) -> Vec<(Stamp, T)> {
        self.undecided_bytes = 0;
        std::mem::take(&mut self.undecided)
    }

    fn is_full(&self) -> bool {
        self.undecided_bytes >= MAX_BYTES
    }

    fn weight(&self) -> usize {
        let weights = self.undecided.iter();
        weights
            .map(|(stamp, _)| if stamp.is_known { KNOWN } else { 1 })
            .sum()
    }

    /// The last requests of a log that took long end in any order, and nothing comes behind them. By
    /// a clock that was set back, most arrived in the order in which they are written.
    fn is_in_order(&self) -> bool {
        let stamps = self.undecided.iter().map(|(stamp, _)| stamp);
        let Some(dial) = self.dials.last() else {
            return true;
        };
        let behind = stamps.clone().filter(|stamp| !stamp.is_known);
        let is_far = |stamp: &Stamp| dial.arrived - stamp.arrived > ns(REACH);
        let pairs = behind.clone().zip(behind.clone().skip(1));
        let back = pairs.filter(|(first, next)| next.arrived < first.arrived);
        back.count() * 8 <= self.undecided.len() || behind.clone().all(is_far)
    }

    fn place(&self, stamp: &Stamp) -> Place {
        let Some((current, others)) = self.dials.split_last() else {
            return Place::Ahead;
        };
        let near = ns(NEAR);
        let is_near = |dial: &Dial| !dial.is_behind(stamp) && dial.ahead(stamp) <= near;
        // It is the more so if the one before was.
        let is_caught_up = self.undecided.is_empty()
            || self.doubt != Doubt::Behind
            || !current.is_behind_by(stamp, ns(SLACK_CAUGHT_UP));
        if !is_caught_up {
            return Place::Behind;
        }
        if is_near(current) {
            return Place::Fits(others.len());
        }
        let nearest = others.iter().enumerate().filter(|(_, dial)| is_near(dial));
        if let Some((number, _)) = nearest.min_by_key(|(_, dial)| dial.ahead(stamp).abs()) {
            return Place::Fits(number);
        }
        if current.is_behind(stamp) {
            Place::Behind
        } else if current.ahead(stamp) > ns(REACH) {
            Place::Ahead
        } else {
            Place::Fits(others.len())
        }
    }

    /// The first records: one of them may be of a clock that was wrong.
    fn begin(&mut self) {
        let mut arrived: Vec<_> = self
            .undecided
            .iter()
            .map(|(stamp, _)| stamp.arrived)
            .collect();
        arrived.sort_unstable();
        let middle = arrived.get(arrived.len() / 2).copied().unwrap_or_default();
        let first = self.undecided.iter();
        let first = first
            .map(|(stamp, _)| stamp)
            .find(|stamp| stamp.arrived <= middle + ns(REACH));
        let Some(first) = first.copied() else {
            return;
        };
        self.latest = first.arrived;
        self.dials.push(Dial::new(&first, 0));
        let mut is_wrong = true;
        let bytes = self.undecided_bytes / self.undecided.len().max(1);
        for (stamp, item) in self.take() {
            is_wrong &= stamp != first;
            if is_wrong {
                self.give(first.arrived, item);
            } else {
                self.push(stamp, bytes, item);
            }
        }
    }

    /// The clock goes on as before: what is undecided was out of line.
    fn settle(&mut self) {
        let Some(current) = self.dials.last().copied() else {
            return;
        };
        for (stamp, item) in self.take() {
            let took_long = match self.writers {
                Writers::One => !stamp.is_known,
                // Another clock could show as much.
                Writers::Many => current.arrived - stamp.arrived <= ns(REACH),
            };
            let is_behind = self.doubt == Doubt::Behind && stamp.arrived <= current.arrived;
            if is_behind && took_long {
                self.give(stamp.arrived + current.offset, item);
            } else if self.writers == Writers::One {
                // The clock was wrong for a moment: it is where it was written.
                self.floor = self.latest;
                self.give(self.latest, item);
            } else {
                self.put_elsewhere(stamp, item, 0);
                self.dials.retain(|dial| dial.arrived != current.arrived);
                self.dials.push(current);
            }
        }
    }

    /// The clock was set back: time goes on from there.
    fn set_back(&mut self) {
        let bytes = self.undecided_bytes / self.undecided.len().max(1);
        let mut undecided = self.take();
        let Some(first) = undecided.first().map(|(stamp, _)| *stamp) else {
            return;
        };
        // Perhaps it was set once more.
        let mut dial = Dial::new(&first, 0);
        let is_next = |(stamp, _): &(Stamp, T)| {
            let is_behind = stamp.is_known && dial.is_behind(stamp);
            let is_ahead = dial.ahead(stamp) > ns(REACH);
            dial.note(stamp);
            is_behind || is_ahead
        };
        let end = undecided.iter().position(is_next);
        let rest = undecided.split_off(end.unwrap_or(undecided.len()));
        let earliest = undecided.iter().map(|(stamp, _)| stamp.arrived).min();
        let offset = self.latest - earliest.unwrap_or(first.arrived);
        if self.writers == Writers::One {
            self.dials.clear();
        }
        self.add(Dial::new(&first, offset));
        for (stamp, item) in undecided {
            match self.writers {
                Writers::One => self.put(0, stamp, item),
                Writers::Many => self.put_elsewhere(stamp, item, ns(REACH)),
            }
        }
        for (stamp, item) in rest {
            self.push(stamp, bytes, item);
        }
    }

    /// Puts a record where it was written, by a clock that is not the one of before. It becomes the
    /// current one.
    fn put_elsewhere(&mut self, stamp: Stamp, item: T, reach: i128) {
        let is_near = |dial: &Dial| {
            let ahead = dial.ahead(&stamp);
            !dial.is_behind(&stamp) && ahead <= ns(NEAR) || ahead.abs() < reach
        };
        let number = self.dials.iter().rposition(is_near);
        let number = number.unwrap_or_else(|| {
            if self.dials.len() >= MAX_CLOCKS {
                self.dials.remove(0);
            }
            self.dials
                .push(Dial::new(&stamp, self.latest - stamp.arrived));
            self.dials.len() - 1
        });
        self.put(number, stamp, item);
    }

    fn add(&mut self, dial: Dial) {
        if self.dials.len() >= MAX_CLOCKS {
            self.dials.remove(0);
        }
        self.dials.push(dial);
    }

    /// Nothing has arrived for a while.
    fn go_on(&mut self) {
        let bytes = self.undecided_bytes / self.undecided.len().max(1);
        let current = self.dials.len() - 1;
        for (index, (stamp, item)) in self.take().into_iter().enumerate() {
            if index == 0 {
                self.put(current, stamp, item);
            } else {
                self.push(stamp, bytes, item);
            }
        }
    }

    fn put(&mut self, number: usize, stamp: Stamp, item: T) {
        let mut dial = self.dials.remove(number);
        let is_current = number == self.dials.len();
        let ended = dial.ended.max(stamp.ended) + dial.offset;
        if !is_current && ended + ns(REACH) < self.latest {
            // It was not heard of for so long that it may have been set.
            dial.offset += self.latest - ended;
        }
        dial.note(&stamp);
        self.dials.push(dial);
        let mut arrived = stamp.arrived + dial.offset;
        if stamp.is_known && stamp.ended + dial.offset <= self.floor + ns(SLACK_KNOWN) {
            // Written behind one that was moved there.
            arrived = arrived.max(self.floor);
        }
        self.give(arrived, item);
    }

    fn give(&mut self, arrived: i128, item: T) {
        self.latest = self.latest.max(arrived);
        let arrived = u64::try_from(arrived.max(0)).unwrap_or(u64::MAX);
        self.placed.push_back((arrived, item));
    }
}
