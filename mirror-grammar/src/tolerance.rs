//! Tolerances: by how much numbers may differ.

use std::fmt;

/// A tolerance that is negative, infinite, or not a number at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToleranceError(pub f64);

impl fmt::Display for ToleranceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tolerance must be zero or a positive number")
    }
}

impl std::error::Error for ToleranceError {}

/// Checks that numbers can differ by so much.
///
/// # Errors
///
/// [`ToleranceError`] below zero, for infinity and for NaN.
pub fn check_tolerance(tolerance: f64) -> Result<f64, ToleranceError> {
    if is_tolerance(tolerance) {
        Ok(tolerance)
    } else {
        Err(ToleranceError(tolerance))
    }
}

/// Whether numbers can differ by so much, also if it is the value of a `const`.
#[must_use]
pub const fn is_tolerance(number: f64) -> bool {
    number.is_finite() && number >= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_are_finite_and_not_negative() {
        for good in [0.0, 0.01, 1e300] {
            assert_eq!(check_tolerance(good), Ok(good));
        }
        for bad in [-0.01, f64::INFINITY, f64::NAN] {
            assert!(check_tolerance(bad).is_err(), "{bad}");
        }
    }
}
