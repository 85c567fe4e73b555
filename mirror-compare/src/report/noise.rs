//! Which differences are noise.

use super::{Paired, Thresholds, match_rate::number};

/// How unlikely chance must be before one rate is called higher than another, as a logarithm: one in
/// ten thousand.
const CLEAR: f64 = 9.21;

/// The same for what a value looks like, of which a place has many marks: one in a hundred thousand.
const CLEAR_SHAPE: f64 = 11.51;

/// Whether the shadow differs clearly more often than the old version does from itself: not by
/// chance, by more than `noise_absolute` of all comparisons, and by more than `noise_relative` of
/// those in which it differs alone.
pub(super) fn is_clear(paired: Paired, thresholds: &Thresholds) -> bool {
    let [n, b, c] = [paired.n, paired.b, paired.c].map(number);
    surprise(paired.b, paired.c, 0.5) > CLEAR
        && b - c > thresholds.noise_absolute * n
        && b - c > thresholds.noise_relative * b
}

/// Whether something that the shadow shows so often is foreign to the old version. Primary and
/// baseline show it as often as twice the shadow would if it was one of them.
pub(super) fn is_foreign(shadow: u64, old: u64) -> bool {
    surprise(shadow, old, 1.0 / 3.0) > CLEAR_SHAPE && old.saturating_mul(20) <= shadow
}

/// Whether the shadow lacks what the old version shows so often.
pub(super) fn is_missed(shadow: u64, old: u64) -> bool {
    surprise(old, shadow, 2.0 / 3.0) > CLEAR_SHAPE && shadow.saturating_mul(40) <= old
}

/// Whether a part of a value differs in the shadow alone.
pub(super) fn is_part_of_the_shadow(shadow: u64, baseline: u64) -> bool {
    surprise(shadow, baseline, 0.5) > CLEAR_SHAPE && baseline.saturating_mul(5) <= shadow
}

/// How surprising it is to find so many of one sort among all of both, if each is of that sort with
/// this chance: chance has it with a probability of at most `exp(-surprise)` (Chernoff). Zero if
/// there are no more than expected.
fn surprise(one: u64, other: u64, chance: f64) -> f64 {
    let [one, other] = [one, other].map(number);
    let all = one + other;
    if all == 0.0 || one / all <= chance {
        return 0.0;
    }
    let term = |count: f64, chance: f64| {
        if count > 0.0 {
            count * (count / all / chance).ln()
        } else {
            0.0
        }
    };
    term(one, chance) + term(other, 1.0 - chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shadow_differs_clearly_more_often_or_it_may_be_chance() {
        for (n, b, c, clear) in [
            (1000, 0, 0, false),
            // Never seen of the baseline, and too few to be sure.
            (1000, 13, 0, false),
            (1000, 14, 0, true),
            (1000, 260, 240, false),
            (1000, 240, 260, false),
            (1000, 6, 2, false),
            (1000, 300, 150, true),
            // Clearly, but by less than a fifth; and by less than a thousandth of all.
            (100_000, 25_000, 21_000, false),
            (1_000_000, 1_900, 1_000, false),
        ] {
            let paired = Paired::new(n, b, c);
            assert_eq!(
                is_clear(paired, &Thresholds::default()),
                clear,
                "{paired:?}"
            );
        }
    }

    #[test]
    fn what_the_shadow_alone_shows_is_foreign_after_a_while() {
        for (shadow, old, foreign) in [
            (10, 0, false),
            (11, 0, true),
            (30, 1, true),
            (30, 2, false),
            (1000, 2000, false),
            (1000, 500, false),
        ] {
            assert_eq!(is_foreign(shadow, old), foreign, "{shadow} {old}");
        }
        assert!(!is_missed(0, 28) && is_missed(0, 29) && !is_missed(10, 100));
        assert!(!is_part_of_the_shadow(16, 0) && is_part_of_the_shadow(17, 0));
        assert!(!is_part_of_the_shadow(100, 30));
    }
}
