//! What the value of an option may be.

use std::fmt;

use crate::{
    duration::{MAX_TIMEOUT, Time},
    size::Size,
};

/// The values that an option may have. It is displayed as a message says it, behind "must be".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Any value of its type.
    Any,
    /// A number from 0 to 100.
    Percentage,
    /// A time that is longer than zero, up to [`MAX_TIMEOUT`].
    Time,
    /// A whole number from 1.
    Count,
    /// A size from one byte.
    Bytes {
        /// The largest.
        max: usize,
    },
    /// A day from 1970 on.
    Date,
    /// A number of copies in a second, a minute or an hour, from 1.
    Rate,
    /// One of a few words.
    Words(&'static [&'static str]),
    /// A text or a list that is not empty.
    Filled,
    /// A list of at least one and at most so many.
    Several {
        /// The most.
        max: usize,
    },
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Any => f.write_str("a value of its type"),
            Self::Percentage => f.write_str("between 0 and 100"),
            Self::Time => write!(f, "longer than zero and at most {}", Time(MAX_TIMEOUT)),
            Self::Count => f.write_str("at least 1"),
            Self::Bytes { max: usize::MAX } => f.write_str("larger than zero"),
            Self::Bytes { max } => write!(f, "larger than zero and at most {}", Size(max)),
            Self::Date => f.write_str("a day from 1970 on, like `2027-01-31`"),
            Self::Rate => f.write_str("at least one copy in a second, a minute or an hour"),
            Self::Words(words) => {
                for (index, word) in words.iter().enumerate() {
                    let before = match index {
                        0 => "",
                        _ if index + 1 == words.len() => " or ",
                        _ => ", ",
                    };
                    write!(f, "{before}`\"{word}\"`")?;
                }
                Ok(())
            }
            Self::Filled => f.write_str("filled"),
            Self::Several { max } => write!(f, "at least one and at most {max}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_reads_behind_must_be() {
        for (limit, text) in [
            (Limit::Time, "longer than zero and at most 24h"),
            (Limit::Bytes { max: usize::MAX }, "larger than zero"),
            (
                Limit::Bytes { max: 1 << 20 },
                "larger than zero and at most 1MiB",
            ),
            (Limit::Words(&["a", "b"]), "`\"a\"` or `\"b\"`"),
            (
                Limit::Words(&["a", "b", "c"]),
                "`\"a\"`, `\"b\"` or `\"c\"`",
            ),
        ] {
            assert_eq!(limit.to_string(), text);
        }
    }
}
