//! Records from and to files of other programs: archives of browsers (HAR) and captures of `GoReplay`.
//!
//! Such files hold secrets as they were sent, and so do the records that are made of them.

mod gor;
#[cfg(feature = "har")]
mod har;
mod log;
mod message;

#[cfg(feature = "har")]
pub use self::har::{read_har, write_har};
pub use self::{
    gor::{read_gor, write_gor},
    log::{LogReader, open_log, write_log},
};

/// A file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConvertError(pub String);

impl From<std::io::Error> for ConvertError {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// How much was converted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// Records.
    pub records: u64,
    /// Those of them with a response.
    pub with_response: u64,
    /// What could not be read as a request, or cannot be written in this format.
    pub left_out: u64,
}

#[cfg(test)]
mod tests;
