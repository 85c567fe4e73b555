//! Mismatches as files, and back: [`fixtures`](crate::fixtures) describes the format.

mod app;
mod compared_by;
mod directory;
pub mod format;
mod mismatch;
mod name;
pub(crate) mod point;
mod recording;
mod replay;

use mirror_grammar::{FIXTURE_FORMAT, FIXTURE_VERSION, check_fixture};
use serde::{Deserialize, Serialize};

use self::compared_by::ComparedBy;
pub(crate) use self::recording::RecordingOptions;
pub use self::{
    app::App,
    replay::{replay, replay_others},
};
use crate::recorded::{RecordedRequest, RecordedResponse};

/// One mismatch, without its secrets.
#[derive(Debug, Serialize, Deserialize)]
struct Fixture {
    format: String,
    version: u32,
    /// Which values were taken for secrets. The first version did not say.
    #[serde(default = "first_redaction")]
    redaction: u32,
    mirror: String,
    target: String,
    verdict: String,
    differences: Vec<RecordedDifference>,
    more_differences: usize,
    /// What the number of fixtures is bounded by, as `kind pointer`.
    groups: Vec<String>,
    notes: Vec<String>,
    compared_by: ComparedBy,
    request: RecordedRequest,
    primary: RecordedResponse,
    shadow: RecordedResponse,
}

/// A difference, for who reads the file.
#[derive(Debug, Serialize, Deserialize)]
struct RecordedDifference {
    pointer: String,
    kind: String,
    primary: Option<String>,
    shadow: Option<String>,
    noise: bool,
}

const fn first_redaction() -> u32 {
    1
}

impl Fixture {
    /// Reads a file.
    fn parse(file: &[u8]) -> Result<Self, String> {
        check_fixture(file).map_err(|error| error.to_string())?;
        serde_json::from_slice(file).map_err(|error| error.to_string())
    }

    /// The content of the file.
    fn to_file(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut file = serde_json::to_vec_pretty(self)?;
        file.push(b'\n');
        Ok(file)
    }

    fn header() -> (String, u32) {
        (FIXTURE_FORMAT.to_owned(), FIXTURE_VERSION)
    }
}

#[cfg(test)]
mod tests;
