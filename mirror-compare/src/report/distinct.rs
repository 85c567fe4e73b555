//! How many requests were different ones.

use serde::{Deserialize, Serialize};

use super::match_rate::number;

/// How many fingerprints are kept: as long as there are fewer, they are counted exactly, and then
/// with an error of about 12 %.
const KEPT: usize = 64;

/// The smallest fingerprints of all requests. If they are spread evenly, the largest of them says
/// how many there are (Bar-Yossef et al., 2002). Those of two processes are the smallest of both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u32>", into = "Vec<u32>")]
pub(super) struct Distinct {
    /// In order, none twice.
    smallest: Vec<u32>,
}

impl Distinct {
    pub(super) fn note(&mut self, fingerprint: u32) {
        if self.smallest.len() == KEPT && self.smallest.last() < Some(&fingerprint) {
            return;
        }
        if let Err(place) = self.smallest.binary_search(&fingerprint) {
            self.smallest.insert(place, fingerprint);
            self.smallest.truncate(KEPT);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for fingerprint in &other.smallest {
            self.note(*fingerprint);
        }
    }

    /// How many there are, about.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 2^38, and above 0"
    )]
    pub(super) fn count(&self) -> u64 {
        match self.smallest.last() {
            Some(largest) if self.smallest.len() == KEPT => {
                let share = (f64::from(*largest) + 1.0) / (f64::from(u32::MAX) + 1.0);
                (number(KEPT as u64 - 1) / share) as u64
            }
            _ => self.smallest.len() as u64,
        }
    }
}

impl From<Distinct> for Vec<u32> {
    fn from(distinct: Distinct) -> Self {
        distinct.smallest
    }
}

impl TryFrom<Vec<u32>> for Distinct {
    type Error = &'static str;

    fn try_from(smallest: Vec<u32>) -> Result<Self, Self::Error> {
        if smallest.len() <= KEPT && smallest.is_sorted_by(|one, next| one < next) {
            Ok(Self { smallest })
        } else {
            Err("no fingerprints of requests")
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::fingerprint::fingerprint;

    fn of(numbers: impl Iterator<Item = u32>) -> Distinct {
        let mut distinct = Distinct::default();
        for i in numbers {
            distinct.note(fingerprint(&Method::GET, &format!("/orders/{i}"), b""));
        }
        distinct
    }

    #[test]
    fn few_are_counted_exactly_and_many_about() {
        for count in [0, 1, 20, 63] {
            assert_eq!(of((0..count).chain(0..count)).count(), u64::from(count));
        }
        for count in [100_u32, 1_000, 20_000] {
            let found = of(0..count).count();
            let exact = u64::from(count);
            assert!(found.abs_diff(exact) * 3 < exact, "{found} for {count}");
        }
    }

    #[test]
    fn processes_count_together_what_one_would() {
        for (one, other) in [(0..30, 20..50), (0..500, 300..900)] {
            let mut merged = of(one.clone());
            merged.merge(&of(other.clone()));
            assert_eq!(merged, of(one.chain(other)));
        }
    }

    #[test]
    fn what_is_no_sketch_is_not_read() {
        let read = |text: &str| serde_json::from_str::<Distinct>(text);
        assert!(read("[1,2,9]").is_ok() && read("[2,1]").is_err() && read("[1,1]").is_err());
    }
}
