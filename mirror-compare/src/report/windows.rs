//! What the last minutes have shown.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Paired, Thresholds,
    sequential::ALARM,
    text::{grouped, of_responses},
};

/// Into how many parts a window is divided: it is forgotten a part at a time.
const SLOTS: usize = 10;

/// Counts of a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Responses that differ.
    pub(super) responses: Paired,
    /// Requests, and those that were not answered.
    pub(super) asked: Paired,
    /// Responses that are slow.
    pub(super) slow: Paired,
}

impl Tally {
    pub(super) fn merge(&mut self, more: &Self) {
        self.responses.merge(more.responses);
        self.asked.merge(more.asked);
        self.slow.merge(more.slow);
    }

    /// What is clearly worse than may be promoted; `None` if nothing is.
    pub(super) fn alarm(&self, thresholds: &Thresholds) -> Option<String> {
        let Self {
            responses,
            asked,
            slow,
        } = self;
        if responses.above(thresholds.max_mismatched()) >= ALARM {
            Some(of_responses(responses.b, responses.n, "differ"))
        } else if asked.above(thresholds.max_failed) >= ALARM {
            let [failed, all] = [asked.b, asked.n].map(grouped);
            Some(format!("{failed} of {all} requests got no response"))
        } else if slow.above(thresholds.max_slow) >= ALARM {
            Some(of_responses(slow.b, slow.n, "are slow"))
        } else {
            None
        }
    }
}

/// The last so many seconds, in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    seconds: u64,
    /// Which part of all time is the first.
    now: u64,
    /// The latest first.
    slots: [Tally; SLOTS],
}

impl Window {
    const fn new(seconds: u64) -> Self {
        const NONE: Paired = Paired::new(0, 0, 0);
        const EMPTY: Tally = Tally {
            responses: NONE,
            asked: NONE,
            slow: NONE,
        };
        Self {
            seconds,
            now: 0,
            slots: [EMPTY; SLOTS],
        }
    }

    /// Forgets what is too long ago; whether a new part begins.
    fn advance(&mut self, now: Duration) -> bool {
        let part = now.as_secs() * SLOTS as u64 / self.seconds;
        let passed = usize::try_from(part.saturating_sub(self.now)).unwrap_or(SLOTS);
        if passed > 0 {
            let passed = passed.min(SLOTS);
            self.slots.rotate_right(passed);
            self.slots[..passed].fill(Tally::default());
            self.now = part;
        }
        passed > 0
    }

    fn sum(&self) -> Tally {
        let mut sum = Tally::default();
        self.slots.iter().for_each(|slot| sum.merge(slot));
        sum
    }
}

/// The last five minutes, and the last hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Windows([Window; 2]);

impl Default for Windows {
    fn default() -> Self {
        Self([Window::new(5 * 60), Window::new(60 * 60)])
    }
}

impl Windows {
    /// Forgets what is too long ago. Whether some of it was.
    pub(super) fn advance(&mut self, now: Duration) -> bool {
        let [short, long] = &mut self.0;
        let _ = long.advance(now);
        short.advance(now)
    }

    /// Counts what happens now.
    pub(super) fn note(&mut self, mut note: impl FnMut(&mut Tally)) {
        for window in &mut self.0 {
            note(&mut window.slots[0]);
        }
    }

    /// Adds what happened elsewhere, as long ago.
    pub(super) fn merge(&mut self, other: &Self) {
        for (window, other) in self.0.iter_mut().zip(&other.0) {
            for (slot, more) in window.slots.iter_mut().zip(&other.slots) {
                slot.merge(more);
            }
        }
    }

    /// Each window: its length, and what it shows.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Duration, Tally)> {
        let windows = self.0.iter();
        windows.map(|window| (Duration::from_secs(window.seconds), window.sum()))
    }

    pub(super) fn record(&self) -> WindowsRecord {
        WindowsRecord(self.0.map(|window| window.slots))
    }

    pub(super) fn from_record(record: &WindowsRecord) -> Self {
        let mut windows = Self::default();
        for (window, slots) in windows.0.iter_mut().zip(&record.0) {
            window.slots = *slots;
        }
        windows
    }
}

/// The same as it is serialized: how long ago is known, and not when.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct WindowsRecord([[Tally; SLOTS]; 2]);

/// How many comparisons are a block of the last ones.
const BLOCK: u64 = 128;

/// The last comparisons, whenever they were: the latest 128 to 256.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recent {
    last: Tally,
    before: Tally,
}

impl Recent {
    pub(super) fn note(&mut self, note: impl FnOnce(&mut Tally)) {
        if self.last.asked.n >= BLOCK {
            self.before = self.last;
            self.last = Tally::default();
        }
        note(&mut self.last);
    }

    pub(super) fn sum(&self) -> Tally {
        let mut sum = self.before;
        sum.merge(&self.last);
        sum
    }
}

/// What a window shows, as a report has it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WindowReport {
    /// How long it is, in seconds.
    pub seconds: u64,
    /// Responses that were compared, and those that differ.
    pub responses: Paired,
    /// Requests that were sampled, and those that were not answered.
    pub asked: Paired,
    /// Responses that were compared, and those that are slow.
    pub slow: Paired,
}

impl WindowReport {
    pub(super) fn new((length, tally): (Duration, Tally)) -> Self {
        Self {
            seconds: length.as_secs(),
            responses: tally.responses,
            asked: tally.asked,
            slow: tally.slow,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(windows: &Windows) -> [u64; 2] {
        let counts: Vec<_> = windows.iter().map(|(_, tally)| tally.responses.n).collect();
        counts.try_into().unwrap()
    }

    #[test]
    fn windows_forget_a_part_at_a_time() {
        let mut windows = Windows::default();
        let note = |windows: &mut Windows, minutes: u64| {
            windows.advance(Duration::from_mins(minutes));
            windows.note(|tally| tally.responses.note(true, false));
        };
        for minutes in 0..120 {
            note(&mut windows, minutes);
            let short = count(&windows)[0];
            assert!(short <= 5, "{short} after {minutes}");
        }
        assert_eq!(count(&windows)[0], 5);
        assert!((54..=60).contains(&count(&windows)[1]), "{windows:?}");
        windows.advance(Duration::from_hours(4));
        assert_eq!(count(&windows), [0, 0]);
        // A clock that goes back changes nothing.
        note(&mut windows, 1);
        assert_eq!(count(&windows), [1, 1]);
    }

    #[test]
    fn the_last_comparisons_are_few() {
        let mut recent = Recent::default();
        for _ in 0..1000 {
            recent.note(|tally| tally.asked.note(false, false));
        }
        assert!((128..=256).contains(&recent.sum().asked.n));
    }
}
