//! Rates: a whole number in a unit of time, as in `100/s`.

use std::{fmt, num::NonZeroU32, time::Duration};

use crate::unit;

/// At most so many in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU32,
    /// In what time.
    pub period: Duration,
}

/// Why a text is not a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateError {
    /// Not a whole number, a slash and a unit of time.
    Malformed,
    /// A number and nothing behind it.
    WithoutUnit(u64),
    /// A unit other than `/s`, `/m` and `/h`.
    UnknownUnit(String),
    /// None at all.
    Zero,
    /// More than anybody counts: 2^32 and above.
    TooLarge,
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a whole number, a slash and a unit of time"),
            Self::WithoutUnit(_) => f.write_str("the unit of time is missing"),
            Self::UnknownUnit(unit) => {
                write!(f, "the unit must be `/s`, `/m` or `/h`, not `{unit}`")
            }
            Self::Zero => f.write_str("it must be larger than zero"),
            Self::TooLarge => f.write_str("it must be below 2^32"),
        }
    }
}

impl std::error::Error for RateError {}

/// Parses a rate: a whole number and `/s`, `/m` or `/h`.
///
/// # Errors
///
/// [`RateError`], also for zero.
pub fn parse_rate(text: &str) -> Result<Rate, RateError> {
    let (number, unit, after) = unit::split(text.trim());
    let number = number.ok_or(RateError::Malformed)?;
    if !after.is_empty() || unit.starts_with(['.', ',']) {
        return Err(RateError::Malformed);
    }
    let period = match unit {
        "/s" => Duration::from_secs(1),
        "/m" => Duration::from_mins(1),
        "/h" => Duration::from_hours(1),
        "" => return Err(RateError::WithoutUnit(number)),
        unit => return Err(RateError::UnknownUnit(unit.to_owned())),
    };
    let count = u32::try_from(number).map_err(|_| RateError::TooLarge)?;
    let count = NonZeroU32::new(count).ok_or(RateError::Zero)?;
    Ok(Rate { count, period })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_in_a_time() {
        for (text, count, seconds) in [("100/s", 100, 1), ("1/h", 1, 3600), (" 30 /m ", 30, 60)] {
            let rate = parse_rate(text).unwrap();
            assert_eq!(
                (rate.count.get(), rate.period.as_secs()),
                (count, seconds),
                "{text}"
            );
        }
    }

    #[test]
    fn each_mistake_has_its_error() {
        for (text, error) in [
            ("", RateError::Malformed),
            ("/s", RateError::Malformed),
            ("1.5/s", RateError::Malformed),
            ("1/s 2/m", RateError::Malformed),
            ("100", RateError::WithoutUnit(100)),
            ("100/d", RateError::UnknownUnit("/d".to_owned())),
            ("100/", RateError::UnknownUnit("/".to_owned())),
            ("0/s", RateError::Zero),
            ("4294967296/s", RateError::TooLarge),
        ] {
            assert_eq!(parse_rate(text), Err(error), "{text}");
        }
    }
}
