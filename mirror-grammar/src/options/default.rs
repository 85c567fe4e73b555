//! What holds if an option is left out.

use std::{fmt, time::Duration};

/// What holds if an option is left out. It is displayed as the manuals write it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DefaultValue {
    /// The option must be there.
    Required,
    /// Nothing.
    None,
    /// Everything.
    All,
    /// A share of the requests.
    Percentage(f64),
    /// A number of copies, or of files.
    Count(usize),
    /// A size in bytes.
    Bytes(usize),
    /// A time.
    Time(Duration),
    /// A time, or what another option says if that is shorter.
    TimeWithin(Duration, &'static str),
    /// A yes or a no.
    Switch(bool),
    /// One of a few words.
    Word(&'static str),
    /// A circuit breaker that opens after so many failures in a row, for so long.
    Breaker(u32, Duration),
    /// What no value of the option says.
    Said(&'static str),
}

impl fmt::Display for DefaultValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Required => f.write_str("required"),
            Self::None => f.write_str("none"),
            Self::All => f.write_str("all"),
            Self::Percentage(percentage) => write!(f, "{percentage}"),
            Self::Count(count) => write!(f, "{count}"),
            Self::Bytes(bytes) => write!(f, "`\"{}\"`", Size(bytes)),
            Self::Time(time) => write!(f, "`\"{}\"`", Time(time)),
            Self::TimeWithin(time, other) => {
                write!(f, "`\"{}\"`, or `{other}` if that is shorter", Time(time))
            }
            Self::Switch(switch) => write!(f, "`{switch}`"),
            Self::Word(word) => write!(f, "`\"{word}\"`"),
            Self::Breaker(failures, cooldown) => {
                let cooldown = Time(cooldown);
                write!(
                    f,
                    "`{{ failures = {failures}, cooldown = \"{cooldown}\" }}`"
                )
            }
            Self::Said(said) => f.write_str(said),
        }
    }
}

/// A size as it is written in an option.
pub(super) struct Size(pub(super) usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes % (1 << 20) == 0 => write!(f, "{}MiB", bytes >> 20),
            bytes if bytes % (1 << 10) == 0 => write!(f, "{}KiB", bytes >> 10),
            bytes => write!(f, "{bytes}B"),
        }
    }
}

/// A time as it is written in an option.
pub(super) struct Time(pub(super) Duration);

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
    use crate::{parse_duration, parse_size};

    #[test]
    fn values_are_displayed_as_they_are_written() {
        for (bytes, text) in [(1, "1B"), (256 << 10, "256KiB"), (2 << 20, "2MiB")] {
            assert_eq!(Size(bytes).to_string(), text);
            assert_eq!(parse_size(text), Ok(bytes));
        }
        for (millis, text) in [
            (250, "250ms"),
            (5_000, "5s"),
            (60_000, "1m"),
            (86_400_000, "24h"),
        ] {
            let time = Duration::from_millis(millis);
            assert_eq!(Time(time).to_string(), text);
            assert_eq!(parse_duration(text), Ok(time));
        }
    }
}
