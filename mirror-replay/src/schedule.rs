//! When each record is sent: a schedule without I/O, on a clock that is passed in.
//!
//! In this order of priority: the order within a session; everything as slow as the target needs
//! it, evenly; the recorded pace.

#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque, binary_heap::PeekMut},
    fmt,
    str::FromStr,
    time::Duration,
};

/// So many records may wait for a response of their session, for each that may be in flight, before
/// everything waits.
const PARKED: usize = 4;

/// How fast records are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times as fast as they were recorded.
    Times(f64),
    /// As fast as the target responds.
    Max,
}

/// A text is no speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a number like `1`, `10` or `0.5`, or `max`")]
pub struct ParseSpeedError;

impl FromStr for Speed {
    type Err = ParseSpeedError;

    /// Reads `1`, `10`, `0.5` or `max`; a number may end in `x`.
    fn from_str(text: &str) -> Result<Self, ParseSpeedError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let number = text.strip_suffix('x').unwrap_or(text);
        let times: f64 = number.parse().map_err(|_| ParseSpeedError)?;
        if (1e-3..=1e6).contains(&times) {
            Ok(Self::Times(times))
        } else {
            Err(ParseSpeedError)
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => write!(f, "{times}"),
            Self::Max => f.write_str("max"),
        }
    }
}

/// The bounds of a schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// How fast records are sent.
    pub speed: Speed,
    /// Records are sorted among those that arrived within so long after them.
    pub lookahead: Duration,
    /// Records are read as long before they are sent, on the clock, besides. So a log that is away for
    /// a while holds nothing up, and nothing is sent that was not sorted.
    pub read_ahead: Duration,
    /// A longer time without a record is cut to this, as it was recorded.
    pub max_gap: Duration,
    /// So many requests are in flight at once, at most.
    pub max_concurrent: usize,
    /// So many records are held for sorting, at most. If there are more, they are sorted among
    /// these.
    pub max_held: usize,
    /// As many bytes are held for sorting, at most, and one record more.
    pub max_held_bytes: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            speed: Speed::Times(1.0),
            // Records are written when the response has ended: most have within a minute.
            lookahead: Duration::from_mins(1),
            read_ahead: Duration::ZERO,
            // Nobody waits for a night in which nothing arrived.
            max_gap: Duration::from_secs(10),
            max_concurrent: 256,
            max_held: 50_000,
            max_held_bytes: 256 * 1024 * 1024,
        }
    }
}

/// What is to be done now.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// This is sent. When its response is there, [`finish`](Schedule::finish) is called.
    Send(T),
    /// Nothing, until this time on the clock, unless a record or a response comes before.
    WaitUntil(Duration),
    /// Nothing, until a response comes.
    WaitForResponse,
    /// Nothing, until a record is pushed, or the schedule is closed.
    WaitForRecord,
    /// All that was pushed has been sent, and has ended.
    Done,
}

/// Which session a record belongs to; `None` if it is one of its own.
pub type Session = Option<[u8; 16]>;

/// A record that waits for its time.
#[derive(Debug)]
struct Held<T> {
    stamp: u64,
    /// The order in which they were pushed, for those with one stamp.
    number: u64,
    session: Session,
    bytes: usize,
    item: T,
}

impl<T> PartialEq for Held<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Held<T> {}

impl<T> PartialOrd for Held<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Held<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.stamp, self.number).cmp(&(other.stamp, other.number))
    }
}

/// Decides when each record is sent.
#[derive(Debug)]
pub struct Schedule<T> {
    pace: Pace,
    held: BinaryHeap<Reverse<Held<T>>>,
    held_bytes: usize,
    /// The latest arrival of all that were pushed.
    newest: u64,
    is_closed: bool,
    is_idle: bool,
    pushed: u64,
    /// The arrival up to which the recorded time has gone on.
    frontier: Option<u64>,
    /// When that was to be sent, on the clock.
    due: Duration,
    /// Since when the next record waits for something else than its time.
    blocked_since: Option<Duration>,
    /// The time for which everything has waited so.
    behind: Duration,
    /// The sessions of which a request is in flight, with those that wait for its response.
    sessions: HashMap<[u8; 16], VecDeque<T>>,
    parked: usize,
    /// Those whose session is free again, though it counts as taken.
    ready: VecDeque<(Session, T)>,
    in_flight: usize,
    late: u64,
}

impl<T> Schedule<T> {
    /// Nothing yet.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self {
            pace: Pace {
                max_concurrent: pace.max_concurrent.max(1),
                ..pace
            },
            held: BinaryHeap::new(),
            held_bytes: 0,
            newest: 0,
            is_closed: false,
            is_idle: false,
            pushed: 0,
            frontier: None,
            due: Duration::ZERO,
            blocked_since: None,
            behind: Duration::ZERO,
            sessions: HashMap::new(),
            parked: 0,
            ready: VecDeque::new(),
            in_flight: 0,
            late: 0,
        }
    }

    /// Adds a record: when it arrived (unix ns), its session, and how many bytes it takes.
    pub fn push(&mut self, arrived_ns: u64, session: Session, bytes: usize, item: T) {
        self.newest = self.newest.max(arrived_ns);
        self.held_bytes = self.held_bytes.saturating_add(bytes);
        self.held.push(Reverse(Held {
            stamp: arrived_ns,
            number: self.pushed,
            session,
            bytes,
            item,
        }));
        self.pushed += 1;
    }

    /// Says that there will be no further records.
    pub fn close(&mut self) {
        self.is_closed = true;
    }

    /// Says whether nothing is to be expected for now: then nothing is held for sorting.
    pub fn set_idle(&mut self, is_idle: bool) {
        self.is_idle = is_idle;
    }

    /// Whether another record is of use, and there is room for it.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        /// So many are read ahead in any case, so that nobody waits for a disk or a network.
        const SPARE: usize = 256;
        !self.is_closed
            && !self.is_full()
            && (self.held.len() < SPARE || !self.has_ahead(self.to_read()))
    }

    /// How many requests are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How long everything was held up in all, because the target did not respond fast enough or
    /// the log could not be read fast enough.
    #[must_use]
    pub fn behind(&self) -> Duration {
        self.behind
    }

    /// Records that came when later ones had been sent: the look-ahead was too short for them.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    /// What is to be done now, at this time on the clock, which never goes back.
    pub fn next(&mut self, now: Duration) -> Step<T> {
        loop {
            let is_busy = self.in_flight >= self.pace.max_concurrent;
            if !is_busy && let Some((_, item)) = self.ready.pop_front() {
                self.parked -= 1;
                self.in_flight += 1;
                return Step::Send(item);
            }
            if self.held.is_empty() && self.is_closed {
                return if self.in_flight == 0 {
                    Step::Done
                } else {
                    Step::WaitForResponse
                };
            }
            let is_crowded = self.parked >= PARKED * self.pace.max_concurrent;
            if is_busy || is_crowded {
                self.block(now);
                return Step::WaitForResponse;
            }
            let may_be_earlier = !self.is_closed && !self.is_idle && !self.is_full();
            let is_unknown = self.held.is_empty() && !self.is_closed;
            if is_unknown || may_be_earlier && !self.looks_far_enough_ahead() {
                self.block(now);
                return Step::WaitForRecord;
            }
            let Some(head) = self.held.peek_mut() else {
                continue;
            };
            let due = due(&self.pace, self.frontier, self.due, head.0.stamp, now);
            // What was not waited for is caught up with: a timer that rings late slows nothing
            // down. The rest is behind for good, and nothing rushes after it.
            let since = self.blocked_since.map(|since| since.max(due));
            let delay = since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
            if due + delay > now {
                // The time for which it was blocked was not yet its own.
                self.blocked_since = None;
                return Step::WaitUntil(due + delay);
            }
            let head = PeekMut::pop(head).0;
            self.blocked_since = None;
            self.behind += delay;
            self.due = due + delay;
            self.held_bytes = self.held_bytes.saturating_sub(head.bytes);
            self.advance(head.stamp);
            if let Some(session) = head.session {
                if let Some(waiting) = self.sessions.get_mut(&session) {
                    waiting.push_back(head.item);
                    self.parked += 1;
                    continue;
                }
                self.sessions.insert(session, VecDeque::new());
            }
            self.in_flight += 1;
            return Step::Send(head.item);
        }
    }

    /// Says that the response to a request of this session is there, or that there will be none.
    pub fn finish(&mut self, session: Session) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(session) = session else {
            return;
        };
        let next = self.sessions.get_mut(&session).map(VecDeque::pop_front);
        match next {
            // The session stays taken, by this one.
            Some(Some(item)) => self.ready.push_back((Some(session), item)),
            Some(None) => {
                self.sessions.remove(&session);
            }
            None => {}
        }
    }

    /// Says that nothing may be sent now, so that the recorded time stands still.
    pub fn hold(&mut self, now: Duration) {
        self.block(now);
    }

    /// Gives back all that was not sent. What is in flight goes on.
    pub fn abandon(&mut self) -> Vec<T> {
        self.is_closed = true;
        self.held_bytes = 0;
        self.parked = 0;
        let mut rest: Vec<_> = self.ready.drain(..).map(|(_, item)| item).collect();
        for waiting in self.sessions.values_mut() {
            rest.extend(waiting.drain(..));
        }
        let held = std::mem::take(&mut self.held).into_sorted_vec();
        rest.extend(held.into_iter().rev().map(|Reverse(held)| held.item));
        rest
    }

    /// Takes out all of some kind that was not sent. A session is of that kind or is not.
    pub fn withdraw(&mut self, is_of: impl Fn(&T) -> bool) -> Vec<T> {
        let mut rest = Vec::new();
        for (session, item) in std::mem::take(&mut self.ready) {
            if is_of(&item) {
                rest.push(item);
                // It was taken by this one, for those behind it.
                let waiting = session.and_then(|session| self.sessions.remove(&session));
                rest.extend(waiting.into_iter().flatten());
            } else {
                self.ready.push_back((session, item));
            }
        }
        for waiting in self.sessions.values_mut() {
            if waiting.front().is_some_and(&is_of) {
                rest.extend(waiting.drain(..));
            }
        }
        self.parked -= rest.len();
        let held = std::mem::take(&mut self.held).into_vec();
        for Reverse(held) in held {
            if is_of(&held.item) {
                self.held_bytes = self.held_bytes.saturating_sub(held.bytes);
                rest.push(held.item);
            } else {
                self.held.push(Reverse(held));
            }
        }
        rest
    }

    fn is_full(&self) -> bool {
        self.held.len() >= self.pace.max_held || self.held_bytes >= self.pace.max_held_bytes
    }

    fn looks_far_enough_ahead(&self) -> bool {
        self.has_ahead(self.pace.lookahead)
    }

    /// Whether as much is held, by the times at which it arrived.
    fn has_ahead(&self, wanted: Duration) -> bool {
        let head = self.held.peek();
        head.is_some_and(|Reverse(head)| {
            let ahead = Duration::from_nanos(self.newest.saturating_sub(head.stamp));
            ahead >= wanted
        })
    }

    fn to_read(&self) -> Duration {
        /// More than any log has.
        const LONGEST: Duration = Duration::from_hours(24 * 365);

        let Speed::Times(times) = self.pace.speed else {
            return self.pace.lookahead;
        };
        let ahead = self.pace.read_ahead.as_secs_f64() * times;
        let ahead = Duration::try_from_secs_f64(ahead).unwrap_or(LONGEST);
        self.pace.lookahead.saturating_add(ahead.min(LONGEST))
    }

    fn block(&mut self, now: Duration) {
        if self.frontier.is_some() {
            self.blocked_since.get_or_insert(now);
        }
    }

    fn advance(&mut self, stamp: u64) {
        let Some(frontier) = self.frontier else {
            self.frontier = Some(stamp);
            return;
        };
        if stamp < frontier {
            self.late += 1;
        }
        // A clock that was set back goes on from there.
        let back = Duration::from_nanos(frontier.saturating_sub(stamp));
        if stamp > frontier || back > self.pace.lookahead {
            self.frontier = Some(stamp);
        }
    }
}

/// When a record is to be sent, on the clock, if nothing is in its way.
fn due(pace: &Pace, frontier: Option<u64>, last: Duration, stamp: u64, now: Duration) -> Duration {
    let (Some(frontier), Speed::Times(times)) = (frontier, pace.speed) else {
        return now;
    };
    let gap = Duration::from_nanos(stamp.saturating_sub(frontier));
    last + gap.min(pace.max_gap).div_f64(times)
}
