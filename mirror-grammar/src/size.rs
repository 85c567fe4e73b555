//! Sizes: a whole number of bytes with its unit, as in `2MiB`.

use std::fmt;

use crate::unit;

/// The largest body that is compared: as much as is read of a response.
pub const MAX_COMPARE_BODY: usize = 1024 * 1024;

/// Why a text is not a size.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SizeError {
    /// Not a whole number followed by a unit.
    Malformed,
    /// A number and nothing behind it.
    WithoutUnit(u64),
    /// A unit other than those of [`parse_size`].
    UnknownUnit(String),
    /// No bytes at all.
    Zero,
    /// More than this machine can address.
    TooLarge,
    /// More than is allowed: the most.
    AboveLimit(usize),
}

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a whole number with a unit"),
            Self::WithoutUnit(_) => f.write_str("the unit is missing"),
            Self::UnknownUnit(unit) => {
                write!(
                    f,
                    "the unit must be `B`, `KB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`, not `{unit}`"
                )
            }
            Self::Zero => f.write_str("it must be larger than zero"),
            Self::TooLarge => f.write_str("it is larger than any memory"),
            Self::AboveLimit(max) => write!(f, "it must be at most {}", Size(*max)),
        }
    }
}

impl std::error::Error for SizeError {}

/// Parses a size: a whole number and `B`, `KB`, `MB`, `GB` (powers of 1000) or `KiB`, `MiB`, `GiB`
/// (powers of 1024).
///
/// # Errors
///
/// [`SizeError`], also for zero.
pub fn parse_size(text: &str) -> Result<usize, SizeError> {
    let (number, unit, after) = unit::split(text.trim());
    let number = number.ok_or(SizeError::Malformed)?;
    if !after.is_empty() || unit.starts_with(['.', ',']) {
        return Err(SizeError::Malformed);
    }
    let bytes_per_unit = match unit {
        "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "" => return Err(SizeError::WithoutUnit(number)),
        unit => return Err(SizeError::UnknownUnit(unit.to_owned())),
    };
    let bytes = number
        .checked_mul(bytes_per_unit)
        .and_then(|bytes| usize::try_from(bytes).ok());
    match bytes {
        Some(0) => Err(SizeError::Zero),
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(bytes),
        _ => Err(SizeError::TooLarge),
    }
}

/// Parses a size of at most `max` bytes.
///
/// # Errors
///
/// [`SizeError`], also for more than `max`.
pub fn parse_size_up_to(text: &str, max: usize) -> Result<usize, SizeError> {
    match parse_size(text)? {
        bytes if bytes > max => Err(SizeError::AboveLimit(max)),
        bytes => Ok(bytes),
    }
}

/// A size as it is written in an option.
pub(crate) struct Size(pub(crate) usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes % (1 << 20) == 0 => write!(f, "{}MiB", bytes >> 20),
            bytes if bytes % (1 << 10) == 0 => write!(f, "{}KiB", bytes >> 10),
            bytes => write!(f, "{bytes}B"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_1000_and_of_1024() {
        for (text, bytes) in [
            ("1B", 1),
            ("64KiB", 65_536),
            ("2MiB", 2_097_152),
            ("2 MB", 2_000_000),
            ("1GiB", 1 << 30),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn a_size_keeps_its_limit() {
        let parse = |text| parse_size_up_to(text, MAX_COMPARE_BODY);
        assert_eq!(parse("1MiB"), Ok(MAX_COMPARE_BODY));
        assert_eq!(parse("1048577B"), Err(SizeError::AboveLimit(1 << 20)));
        assert_eq!(parse("0B"), Err(SizeError::Zero));
    }

    #[test]
    fn a_size_is_displayed_as_it_is_written() {
        for (bytes, text) in [(1, "1B"), (256 << 10, "256KiB"), (2 << 20, "2MiB")] {
            assert_eq!(Size(bytes).to_string(), text);
            assert_eq!(parse_size(text), Ok(bytes));
        }
    }

    #[test]
    fn each_mistake_has_its_error() {
        for (text, error) in [
            ("", SizeError::Malformed),
            ("MiB", SizeError::Malformed),
            ("1.5MiB", SizeError::Malformed),
            ("1MiB 2KiB", SizeError::Malformed),
            ("2097152", SizeError::WithoutUnit(2_097_152)),
            ("2mb", SizeError::UnknownUnit("mb".to_owned())),
            ("0KiB", SizeError::Zero),
            ("18446744073709551615GiB", SizeError::TooLarge),
            ("9223372036854775808B", SizeError::TooLarge),
        ] {
            assert_eq!(parse_size(text), Err(error), "{text}");
        }
    }
}
