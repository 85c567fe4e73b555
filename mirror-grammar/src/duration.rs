//! Durations: one or more whole numbers, each with its unit, as in `250ms` or `1m 30s`.

use std::{fmt, time::Duration};

use crate::unit;

/// The longest timeout: a copy that is under way for a day holds its place for nothing.
pub const MAX_TIMEOUT: Duration = Duration::from_hours(24);

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DurationError {
    /// Not a whole number followed by a unit.
    Malformed,
    /// A number and nothing behind it.
    WithoutUnit(u64),
    /// A unit other than `ms`, `s`, `m` and `h`.
    UnknownUnit(String),
    /// No time at all.
    Zero,
    /// More than [`MAX_TIMEOUT`].
    TooLong,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a whole number with a unit"),
            Self::WithoutUnit(_) => f.write_str("the unit is missing"),
            Self::UnknownUnit(unit) => {
                write!(f, "the unit must be `ms`, `s`, `m` or `h`, not `{unit}`")
            }
            Self::Zero => f.write_str("it must be longer than zero"),
            Self::TooLong => write!(f, "it must be at most {}", Time(MAX_TIMEOUT)),
        }
    }
}

impl std::error::Error for DurationError {}

/// Parses a duration: whole numbers with the units `ms`, `s`, `m` and `h`, added up, with or
/// without spaces between.
///
/// # Errors
///
/// [`DurationError`], also for zero and for more than [`MAX_TIMEOUT`].
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    loop {
        let (number, unit, after) = unit::split(rest);
        let number = number.ok_or(DurationError::Malformed)?;
        let millis_per_unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "" => return Err(DurationError::WithoutUnit(number)),
            unit if unit.starts_with(['.', ',']) => return Err(DurationError::Malformed),
            unit => return Err(DurationError::UnknownUnit(unit.to_owned())),
        };
        let millis = number
            .checked_mul(millis_per_unit)
            .ok_or(DurationError::TooLong)?;
        total = total.saturating_add(Duration::from_millis(millis));
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    check_timeout(total)
}

/// Checks the length of a timeout, wherever it comes from.
///
/// # Errors
///
/// [`DurationError::Zero`], and [`DurationError::TooLong`] for more than [`MAX_TIMEOUT`].
pub fn check_timeout(duration: Duration) -> Result<Duration, DurationError> {
    if duration.is_zero() {
        Err(DurationError::Zero)
    } else if duration > MAX_TIMEOUT {
        Err(DurationError::TooLong)
    } else {
        Ok(duration)
    }
}

/// A time as it is written in an option.
pub(crate) struct Time(pub(crate) Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            millis if millis % 3_600_000 == 0 => write!(f, "{}h", millis / 3_600_000),
            millis if millis % 60_000 == 0 => write!(f, "{}m", millis / 60_000),
            millis if millis % 1_000 == 0 => write!(f, "{}s", millis / 1_000),
            millis => write!(f, "{millis}ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_add_up() {
        for (text, millis) in [
            ("250ms", 250),
            ("2s", 2_000),
            ("1m", 60_000),
            ("1m 30s", 90_000),
            ("1m30s", 90_000),
            (" 1 h ", 3_600_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_time_is_displayed_as_it_is_written() {
        for text in ["250ms", "5s", "1m", "24h"] {
            assert_eq!(Time(parse_duration(text).unwrap()).to_string(), text);
        }
    }

    #[test]
    fn each_mistake_has_its_error() {
        for (text, error) in [
            ("", DurationError::Malformed),
            ("s", DurationError::Malformed),
            ("-1s", DurationError::Malformed),
            ("1.5s", DurationError::Malformed),
            ("1s,", DurationError::UnknownUnit("s,".to_owned())),
            ("99999999999999999999s", DurationError::Malformed),
            ("2", DurationError::WithoutUnit(2)),
            ("1m 30", DurationError::WithoutUnit(30)),
            ("2sec", DurationError::UnknownUnit("sec".to_owned())),
            ("1M", DurationError::UnknownUnit("M".to_owned())),
            ("0s", DurationError::Zero),
            ("0m 0ms", DurationError::Zero),
            ("25h", DurationError::TooLong),
            ("18446744073709551615h", DurationError::TooLong),
        ] {
            assert_eq!(parse_duration(text), Err(error), "{text}");
        }
    }
}
