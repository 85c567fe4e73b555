//! What is counted in a replay.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// What became of the records by now, of all runs of one replay.
///
/// `read == filtered + responded + failed + unsendable + unreplayable + duplicates`, once nothing is in flight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Counts {
    /// Records that were read, damaged ones included.
    pub read: u64,
    /// Those that were not to be replayed: of another mirror or another time, or left out by a
    /// filter.
    pub filtered: u64,
    /// Those to which the target has responded.
    pub responded: u64,
    /// Those to which it has not, by why.
    pub failed: BTreeMap<String, u64>,
    /// Those that cannot be sent, by why.
    pub unsendable: BTreeMap<String, u64>,
    /// Those that were set aside: damaged, or handed out too often without a result.
    pub unreplayable: u64,
    /// Records that were there twice, and were sent once.
    pub duplicates: u64,
    /// Responses that differ from the recorded ones.
    pub mismatched: u64,
    /// Requests in which something was replaced by `[redacted]`, of those that were sent.
    pub redacted: u64,
    /// Records that came when later ones had been sent: the look-ahead was too short for them.
    pub late: u64,
    /// Files that end in the middle of a record, as one does whose writer was killed. That record is
    /// not among those that were read.
    pub torn: u64,
    /// Mismatches that were written as fixtures.
    pub fixtures: u64,
    /// Mismatches that may hold secrets that cannot be located, and were not written.
    pub fixtures_left_out: u64,
}

impl Counts {
    /// Those to which there was no response.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Those that cannot be sent.
    #[must_use]
    pub fn unsendable(&self) -> u64 {
        self.unsendable.values().sum()
    }

    /// Those that were sent, with or without a response.
    #[must_use]
    pub fn replayed(&self) -> u64 {
        self.responded + self.failed()
    }

    /// Adds what another run has counted.
    pub fn add(&mut self, other: &Self) {
        for (ours, theirs) in [
            (&mut self.read, other.read),
            (&mut self.filtered, other.filtered),
            (&mut self.responded, other.responded),
            (&mut self.unreplayable, other.unreplayable),
            (&mut self.duplicates, other.duplicates),
            (&mut self.mismatched, other.mismatched),
            (&mut self.redacted, other.redacted),
            (&mut self.late, other.late),
            (&mut self.torn, other.torn),
            (&mut self.fixtures, other.fixtures),
            (&mut self.fixtures_left_out, other.fixtures_left_out),
        ] {
            *ours += theirs;
        }
        for (ours, theirs) in [
            (&mut self.failed, &other.failed),
            (&mut self.unsendable, &other.unsendable),
        ] {
            for (why, count) in theirs {
                *ours.entry(why.clone()).or_default() += count;
            }
        }
    }

    /// All of which it is known what became of them.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.filtered + self.replayed() + self.unsendable() + self.unreplayable + self.duplicates
    }
}

/// `read 12, filtered 2, responded 9, failed 1 (connect 1)`, without what did not occur.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read {}", self.read)?;
        let mut one = |name: &str, count: u64, why: &BTreeMap<String, u64>| {
            if count == 0 {
                return Ok(());
            }
            write!(f, ", {name} {count}")?;
            if why.is_empty() {
                return Ok(());
            }
            let why: Vec<_> = why
                .iter()
                .map(|(why, count)| format!("{why} {count}"))
                .collect();
            write!(f, " ({})", why.join(", "))
        };
        let none = BTreeMap::new();
        one("filtered", self.filtered, &none)?;
        one("responded", self.responded, &none)?;
        one("failed", self.failed(), &self.failed)?;
        one("unsendable", self.unsendable(), &self.unsendable)?;
        one("unreplayable", self.unreplayable, &none)?;
        one("duplicates", self.duplicates, &none)?;
        one("mismatched", self.mismatched, &none)?;
        one("redacted", self.redacted, &none)?;
        one("late", self.late, &none)?;
        one("torn", self.torn, &none)?;
        one("fixtures", self.fixtures, &none)?;
        one("fixtures_left_out", self.fixtures_left_out, &none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_occurred_is_shown() {
        let mut counts = Counts {
            read: 12,
            responded: 9,
            ..Counts::default()
        };
        counts.failed.insert("connect".to_owned(), 3);
        assert_eq!(
            counts.to_string(),
            "read 12, responded 9, failed 3 (connect 3)"
        );
        assert_eq!((counts.replayed(), counts.settled()), (12, 12));
        let mut sum = counts.clone();
        sum.add(&counts);
        assert_eq!(
            sum.to_string(),
            "read 24, responded 18, failed 6 (connect 6)"
        );
    }
}
