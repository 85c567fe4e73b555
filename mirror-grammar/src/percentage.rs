//! Percentages: any number from 0 to 100.

use std::fmt;

/// A percentage that is not between 0 and 100, or not a number at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PercentageError(pub f64);

impl fmt::Display for PercentageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`percentage` must be between 0 and 100")
    }
}

impl std::error::Error for PercentageError {}

/// Checks that a number is a percentage.
///
/// # Errors
///
/// [`PercentageError`] outside 0 to 100, and for NaN.
pub const fn check_percentage(percentage: f64) -> Result<f64, PercentageError> {
    if is_percentage(percentage) {
        Ok(percentage)
    } else {
        Err(PercentageError(percentage))
    }
}

/// Whether a number is a percentage, also if it is the value of a `const`.
#[must_use]
pub const fn is_percentage(number: f64) -> bool {
    number >= 0.0 && number <= 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_between_0_and_100() {
        for good in [0.0, 0.1, 50.0, 100.0] {
            assert_eq!(check_percentage(good), Ok(good));
        }
        for bad in [-0.1, 100.1, f64::INFINITY, f64::NAN] {
            assert!(check_percentage(bad).is_err(), "{bad}");
        }
    }
}
