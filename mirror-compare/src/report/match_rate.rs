//! How often responses match, and how sure that is.

use serde::Serialize;

/// The quantile of the normal distribution for an interval that holds the true rate in 95 of 100
/// cases.
const Z: f64 = 1.96;

/// The share of comparisons that matched, with its Wilson interval: the true share lies within it
/// with a confidence of 95 %.
///
/// The Wilson interval stays sound for few comparisons and for rates near 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MatchRate {
    /// The share itself, 0 to 1.
    pub rate: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl MatchRate {
    /// `None` if nothing was compared.
    pub(super) fn new(matched: u64, compared: u64) -> Option<Self> {
        if compared == 0 {
            return None;
        }
        let (count, rate) = (number(compared), number(matched) / number(compared));
        let z2 = Z * Z / count;
        let middle = rate + z2 / 2.0;
        let half = Z * (rate * (1.0 - rate) / count + z2 / count / 4.0).sqrt();
        Some(Self {
            rate,
            // The ends are exact if there is nothing on one side, and rounded they are not.
            low: match matched {
                0 => 0.0,
                _ => ((middle - half) / (1.0 + z2)).max(0.0),
            },
            high: if matched == compared {
                1.0
            } else {
                ((middle + half) / (1.0 + z2)).min(1.0)
            },
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody counts to 2^53, and a share of that would still be right"
)]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

/// Adds to a count, which stops where there is no larger one.
pub(super) const fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables() {
        for (matched, compared, low, high) in [
            (0, 10, 0.0, 0.2775),
            (10, 10, 0.7225, 1.0),
            (50, 100, 0.4038, 0.5962),
            (380, 380, 0.99, 1.0),
            (990, 1000, 0.9817, 0.9946),
        ] {
            let found = MatchRate::new(matched, compared).unwrap();
            assert!(
                (found.low - low).abs() < 1e-4 && (found.high - high).abs() < 1e-4,
                "{found:?}"
            );
        }
        assert_eq!(MatchRate::new(0, 0), None);
    }

    #[test]
    fn an_interval_holds_its_rate() {
        for compared in 1..2000 {
            let all = MatchRate::new(compared, compared).unwrap();
            assert!((all.high - 1.0).abs() < f64::EPSILON);
            assert!(MatchRate::new(0, compared).unwrap().low.abs() < f64::EPSILON);
        }
    }
}
