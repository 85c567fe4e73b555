//! Records from and to files of other programs: archives of browsers (HAR) and captures of `GoReplay`.
//!
//! Such files hold secrets as they were sent, and so do the records that are made of them.
//!
//! These formats have no place for what was replaced in a message. It is in a header of their own,
//! `mirror-redacted`: an array of JSON with the places. Whatever a format cannot say is left out and
//! counted, and not said in another way: a record that was exported and imported again is the same
//! request, and is compared with the same response, or with none.

mod gor;
#[cfg(feature = "har")]
mod har;
mod log;
mod message;

use std::io::{BufRead, Read};

use flate2::bufread::MultiGzDecoder;
pub use mirror_record::Record;
use mirror_record::Request;

#[cfg(feature = "har")]
pub use self::har::{read_har, write_har};
pub use self::{
    gor::{read_gor, write_gor},
    log::{LogReader, open_log, write_log},
};

/// What a file begins with that was compressed by `gzip`.
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// So many reasons are kept. Who has read these knows the others.
const MAX_REASONS: usize = 10;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Converted {
    /// Records.
    pub records: u64,
    /// Those of them with a response.
    pub with_response: u64,
    /// Requests that could not be read, or cannot be written in this format, and their responses.
    pub left_out: u64,
    /// Responses of which that is so, while their request is a record, and those of no request.
    pub responses_left_out: u64,
    /// Requests of the records in which something was replaced by `[redacted]`. In a file of another
    /// program they have the header `mirror-redacted`, which that sends as well.
    pub redacted: u64,
    /// What was left out and why: the first ten.
    pub reasons: Vec<String>,
}

impl Converted {
    fn add(&mut self, request: &Request, has_response: bool) {
        self.records += 1;
        self.with_response += u64::from(has_response);
        self.redacted += u64::from(!request.redacted.is_empty());
    }

    fn leave_out(&mut self, what: impl FnOnce() -> String) {
        self.left_out += 1;
        self.note(what);
    }

    fn leave_response_out(&mut self, what: impl FnOnce() -> String) {
        self.responses_left_out += 1;
        self.note(what);
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        if self.reasons.len() < MAX_REASONS {
            self.reasons.push(what());
        }
    }
}

/// The content of a file that is perhaps compressed by `gzip`.
fn decompressed<'f>(mut file: impl BufRead + 'f) -> std::io::Result<Box<dyn Read + 'f>> {
    let is_compressed = file.fill_buf()?.starts_with(&GZIP);
    Ok(if is_compressed {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

#[cfg(test)]
mod tests;
