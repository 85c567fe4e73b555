//! Evidence that may be looked at at any time.
//!
//! A test of a fixed number of comparisons is wrong more often than it says if somebody looks after
//! each comparison and acts on the first result. An e-value is not: if the mean of what is compared
//! is at least the bound, it exceeds `1 / alpha` at some time with a probability of at most `alpha`
//! (Ville's inequality for nonnegative supermartingales), however often somebody looks. It is a
//! function of three counts, so that the evidence of several processes is that of their sums.

use serde::{Deserialize, Serialize};

use super::match_rate::number;

/// The e-value with which a bound is surely kept: wrong in at most 2.5 % of runs.
pub(super) const SURE: f64 = 40.0;

/// The e-value with which a shadow has surely regressed: three causes share 2.5 %.
pub(super) const REGRESSED: f64 = 120.0;

/// The e-value that takes a promotion away for what a window shows: a false alarm in at most one
/// window of a thousand.
pub(super) const ALARM: f64 = 1000.0;

/// Bets on a mean below the bound `m`, with their weights. A bet is a share of the largest one that
/// can be paid, `1 / (1 - m)`: a share `f` is the likelihood ratio of a mean of `m * (1 - f)`.
const SHARES: [(f64, f64); 6] = [
    (1.0, 0.30),
    (0.95, 0.12),
    (0.9, 0.12),
    (0.8, 0.08),
    (0.7, 0.08),
    (0.5, 0.08),
];

/// Small bets as they are, which pay if noise hides the mean.
const BETS: [(f64, f64); 4] = [(0.25, 0.07), (0.1, 0.06), (0.05, 0.05), (0.02, 0.04)];

/// Bets on a mean above the bound, of equal weights, as shares of `1 / (1 + m)`.
const REGRESSED_SHARES: [f64; 6] = [1.0, 0.75, 0.5, 0.25, 0.1, 0.05];

/// The most comparisons that are said to be missing.
const MAX_NEEDED: u64 = 1 << 40;

/// Requests by who of a pair differs: the shadow and the baseline from the primary, or, if there is
/// no baseline, the shadow alone.
///
/// Noise makes both as likely, so that the mean of `shadow - reference` is what the shadow adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Paired {
    /// All of them.
    pub n: u64,
    /// Those in which only the shadow differs.
    pub b: u64,
    /// Those in which only the baseline does.
    pub c: u64,
}

impl Paired {
    /// So many requests, in `b` of which only the shadow differs, and in `c` only the baseline.
    #[must_use]
    pub const fn new(n: u64, b: u64, c: u64) -> Self {
        Self { n, b, c }
    }

    /// Counts one request.
    pub(super) fn note(&mut self, shadow: bool, baseline: bool) {
        self.n = self.n.saturating_add(1);
        self.b = self.b.saturating_add(u64::from(shadow && !baseline));
        self.c = self.c.saturating_add(u64::from(baseline && !shadow));
    }

    /// Adds the counts of other requests.
    pub const fn merge(&mut self, other: Self) {
        self.n = self.n.saturating_add(other.n);
        self.b = self.b.saturating_add(other.b);
        self.c = self.c.saturating_add(other.c);
    }

    /// What the shadow adds to the reference, as a share of all requests; negative if it is better.
    #[must_use]
    pub fn mean(self) -> f64 {
        (number(self.b) - number(self.c)) / number(self.n.max(1))
    }

    /// The evidence that the mean is below `m`. At a mean of `m` or more it ever exceeds
    /// `1 / alpha` with a probability of at most `alpha`.
    pub(super) fn below(self, m: f64) -> f64 {
        if m >= 1.0 {
            return f64::INFINITY;
        }
        let shares = SHARES.into_iter();
        let shares = shares.map(|(share, weight)| Bet {
            weight,
            // Exactly 0 for a share of 1, which a rounded product would miss.
            shadow: (-share).ln_1p(),
            ..Bet::below(share / (1.0 - m), m, weight)
        });
        let bets = BETS.into_iter();
        let bets = bets.map(|(bet, weight)| Bet::below(bet, m, weight));
        self.weigh(shares.chain(bets))
    }

    /// The evidence that the mean is above `m`. At a mean of `m` or less it ever exceeds
    /// `1 / alpha` with a probability of at most `alpha`.
    pub(super) fn above(self, m: f64) -> f64 {
        let shares = REGRESSED_SHARES.into_iter();
        self.weigh(shares.map(|share| {
            let bet = share / (1.0 + m);
            Bet {
                weight: 1.0 / number(REGRESSED_SHARES.len() as u64),
                neither: (-bet * m).ln_1p(),
                shadow: (bet * (1.0 - m)).ln_1p(),
                baseline: (-share).ln_1p(),
            }
        }))
    }

    /// How many more requests without a difference make it sure that the mean is below `m`; `None`
    /// if it is sure.
    pub(super) fn needed(self, m: f64) -> Option<u64> {
        let is_enough = |more: u64| {
            let n = self.n.saturating_add(more);
            Self { n, ..self }.below(m) >= SURE
        };
        if is_enough(0) {
            return None;
        }
        let mut enough = 1;
        while enough < MAX_NEEDED && !is_enough(enough) {
            enough *= 2;
        }
        let mut too_few = enough / 2;
        while enough - too_few > 1 {
            let middle = too_few + (enough - too_few) / 2;
            if is_enough(middle) {
                enough = middle;
            } else {
                too_few = middle;
            }
        }
        Some(enough)
    }

    fn weigh(self, bets: impl Iterator<Item = Bet>) -> f64 {
        let neither = self.n.saturating_sub(self.b).saturating_sub(self.c);
        let of_bet = |bet: Bet| {
            let logarithm = times(neither, bet.neither)
                + times(self.b, bet.shadow)
                + times(self.c, bet.baseline);
            bet.weight * logarithm.exp()
        };
        bets.map(of_bet).sum()
    }
}

/// The logarithms of what a bet is multiplied by for each request.
struct Bet {
    weight: f64,
    neither: f64,
    shadow: f64,
    baseline: f64,
}

impl Bet {
    fn below(bet: f64, m: f64, weight: f64) -> Self {
        Self {
            weight,
            neither: (bet * m).ln_1p(),
            shadow: (-bet * (1.0 - m)).ln_1p(),
            baseline: (bet * (1.0 + m)).ln_1p(),
        }
    }
}

/// The logarithm of a power. `0^0` is 1.
fn times(count: u64, logarithm: f64) -> f64 {
    if count == 0 {
        0.0
    } else {
        number(count) * logarithm
    }
}

#[cfg(test)]
pub(super) mod simulations;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_comparisons_are_needed_as_documented() {
        for (mismatches, all) in [
            (0, 428),
            (1, 778),
            (2, 1_014),
            (5, 1_617),
            (10, 2_469),
            (50, 8_012),
        ] {
            let needed = Paired::new(mismatches, mismatches, 0).needed(0.01);
            assert_eq!(needed, Some(all - mismatches), "{mismatches}");
        }
        assert_eq!(Paired::new(428, 0, 0).needed(0.01), None);
        assert_eq!(Paired::new(248, 0, 0).needed(0.01), Some(180));
    }

    #[test]
    fn one_difference_ends_the_largest_bet_alone() {
        let one = Paired::new(10_000, 1, 0).below(0.01);
        assert!(one.is_finite() && one > SURE, "{one}");
        // Without any difference it is not lost to a rounded product.
        let largest = 0.30 * (0.01_f64 / 0.99).ln_1p().mul_add(428.0, 0.0).exp();
        let all = Paired::new(428, 0, 0).below(0.01);
        assert!(all > largest && largest > 20.0, "{all} {largest}");
    }

    #[test]
    fn no_bound_of_nothing_is_ever_kept() {
        assert!(Paired::new(1 << 40, 0, 0).below(0.0) <= 1.0);
        assert!(Paired::new(3, 3, 0).below(1.0).is_infinite());
        assert_eq!(Paired::new(0, 0, 0).needed(0.0), Some(MAX_NEEDED));
    }

    #[test]
    fn evidence_grows_with_each_match_and_shrinks_with_each_mismatch() {
        for paired in [(0, 0, 0), (500, 3, 0), (20_000, 900, 880), (90, 90, 0)] {
            let (n, b, c) = paired;
            let here = Paired::new(n, b, c);
            let matched = Paired::new(n + 1, b, c);
            let mismatched = Paired::new(n + 1, b + 1, c);
            let better = Paired::new(n + 1, b, c + 1);
            for m in [0.0001, 0.01, 0.2] {
                assert!(matched.below(m) >= here.below(m) && better.below(m) >= here.below(m));
                assert!(mismatched.below(m) <= here.below(m));
                assert!(mismatched.above(m) >= here.above(m) && matched.above(m) <= here.above(m));
            }
        }
    }

    #[test]
    fn much_is_counted_without_overflow() {
        let much = Paired::new(u64::MAX, u64::MAX / 100, 0);
        assert!(!much.below(0.01).is_nan() && !much.above(0.05).is_nan());
        let mut all = much;
        all.merge(much);
        assert_eq!(all.n, u64::MAX);
    }

    #[test]
    fn responses_that_are_all_wrong_are_soon_called_so() {
        let all_wrong = |e: f64, m: f64| (1..100).find(|n| Paired::new(*n, *n, 0).above(m) >= e);
        assert_eq!(all_wrong(REGRESSED, 0.05), Some(10));
        assert_eq!(all_wrong(ALARM, 0.01), Some(13));
    }
}
