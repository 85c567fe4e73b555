//! What holds if an option is left out.

use std::{fmt, time::Duration};

use crate::{duration::Time, size::Size};

/// The value that holds if an option is left out. It is displayed as the manuals write it.
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
    /// A default that no value of the option says, in words.
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
