//! Which differences are noise.

use super::{Thresholds, match_rate::number};

/// How many standard errors apart two rates are that differ, and not by chance.
const STANDARD_ERRORS: f64 = 2.0;

/// How often a group of differences turned up in requests that were answered by a baseline too.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    /// Requests for which both the shadow and the baseline were compared with the primary.
    pub(super) compared: u64,
    /// Those in which the shadow differed from the primary.
    pub(super) shadow: u64,
    /// Those in which the baseline differed from the primary.
    pub(super) baseline: u64,
    /// Those in which the shadow differed at more places of the group, such as elements of an
    /// array, than the baseline.
    pub(super) shadow_more: u64,
    /// Those in which the baseline did.
    pub(super) baseline_more: u64,
}

impl Rates {
    /// Whether the shadow differs no more than the old version differs from itself.
    ///
    /// The shadow's rate is clearly higher, and its differences are none of noise, if the baseline
    /// never differed, or if the rates are further apart than `noise_absolute`, than
    /// `noise_relative` of the shadow's rate, and than two standard errors, which chance alone may
    /// cause. So it is if the shadow differs at more places than the baseline that much more often
    /// than the other way round: a clock in one element of an array says nothing about the next.
    pub(super) fn are_noise(self, thresholds: &Thresholds) -> bool {
        if self.baseline == 0 || self.compared == 0 {
            return false;
        }
        let shadow = self.shadow_rate();
        let baseline = self.baseline_rate();
        let variance = shadow * (1.0 - shadow) + baseline * (1.0 - baseline);
        let by_chance = STANDARD_ERRORS * (variance / number(self.compared)).sqrt();
        let clear = thresholds
            .noise_absolute
            .max(thresholds.noise_relative * shadow)
            .max(by_chance);
        shadow - baseline <= clear && self.more_places_rate() <= clear.max(self.more_by_chance())
    }

    /// In what share of the requests more the shadow differed at more places than in which the
    /// baseline did.
    fn more_places_rate(self) -> f64 {
        (number(self.shadow_more) - number(self.baseline_more)) / number(self.compared.max(1))
    }

    /// As much of that as chance alone may cause.
    fn more_by_chance(self) -> f64 {
        let either = number(self.shadow_more) + number(self.baseline_more);
        STANDARD_ERRORS * either.sqrt() / number(self.compared.max(1))
    }

    pub(super) fn shadow_rate(self) -> f64 {
        number(self.shadow) / number(self.compared.max(1))
    }

    pub(super) fn baseline_rate(self) -> f64 {
        number(self.baseline) / number(self.compared.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_what_the_baseline_does_about_as_often() {
        for (compared, shadow, baseline, noise) in [
            // A clock, the same of both.
            (1, 1, 1, true),
            (1000, 1000, 1000, true),
            // A random value, a little apart.
            (1000, 520, 480, true),
            (1000, 480, 520, true),
            // Rare, and rarer with the baseline, but by chance.
            (1000, 6, 2, true),
            // Clearly more often.
            (1000, 1000, 700, false),
            (1000, 500, 300, false),
            (100_000, 600, 200, false),
            // Clearly, but not by more than a fifth; and not by more than a thousandth.
            (100_000, 50_000, 42_000, true),
            (1_000_000, 1_900, 1_000, true),
            // The baseline never does it.
            (1, 1, 0, false),
            (1000, 1, 0, false),
            (0, 0, 0, false),
        ] {
            let rates = Rates {
                compared,
                shadow,
                baseline,
                ..Rates::default()
            };
            assert_eq!(rates.are_noise(&Thresholds::default()), noise, "{rates:?}");
        }
    }

    #[test]
    fn a_place_more_is_noise_if_the_baseline_has_one_more_about_as_often() {
        for (shadow_more, baseline_more, noise) in [
            (0, 0, true),
            // Lists of clocks, of any length.
            (500, 480, true),
            (3, 0, true),
            // A clock, and an element that is always wrong.
            (1000, 0, false),
            (600, 300, false),
            // The shadow is the better one.
            (0, 1000, true),
        ] {
            let rates = Rates {
                compared: 1000,
                shadow: 1000,
                baseline: 1000,
                shadow_more,
                baseline_more,
            };
            assert_eq!(rates.are_noise(&Thresholds::default()), noise, "{rates:?}");
        }
    }
}
