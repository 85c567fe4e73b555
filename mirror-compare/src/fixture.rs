//! Fixtures: mismatches as files. The chapter `fixtures` of `mirror-runtime` describes the format.

mod compared_by;
mod directory;
#[cfg(feature = "compare")]
mod found;
mod name;

use mirror_grammar::check_fixture;
#[cfg(feature = "compare")]
use mirror_grammar::{FIXTURE_FORMAT, FIXTURE_VERSION};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

#[cfg(feature = "compare")]
pub use self::found::{Found, Side, groups};
pub use self::{
    compared_by::ComparedBy,
    directory::{Bounds, Directory, Kind},
    name::{file_name, unique},
};

/// One mismatch, without its secrets: of a request `Q` and two responses `R`, which are written as
/// the format says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fixture<Q, R> {
    /// The name of the format.
    pub format: String,
    /// Its version.
    pub version: u32,
    /// Which values were taken for secrets. The first version did not say.
    #[serde(default = "first_redaction")]
    pub redaction: u32,
    /// The name of the mirror.
    pub mirror: String,
    /// The name of the target.
    pub target: String,
    /// `mismatch` or `schema_mismatch`.
    pub verdict: String,
    /// Where the responses differ.
    pub differences: Vec<RecordedDifference>,
    /// In how many more places they differ.
    pub more_differences: usize,
    /// What the number of fixtures is bounded by, as `kind pointer`.
    pub groups: Vec<String>,
    /// Remarks for who reads the file.
    pub notes: Vec<String>,
    /// How it is compared again.
    pub compared_by: ComparedBy,
    /// The request.
    pub request: Q,
    /// The primary's response.
    pub primary: R,
    /// The shadow's.
    pub shadow: R,
}

/// A difference, for who reads the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordedDifference {
    /// The place.
    pub pointer: String,
    /// The kind.
    pub kind: String,
    /// What the primary has there.
    pub primary: Option<String>,
    /// What the shadow has there.
    pub shadow: Option<String>,
    /// Whether it is noise.
    pub noise: bool,
}

const fn first_redaction() -> u32 {
    1
}

impl<Q: DeserializeOwned, R: DeserializeOwned> Fixture<Q, R> {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Why it is no fixture.
    pub fn parse(file: &[u8]) -> Result<Self, String> {
        check_fixture(file).map_err(|error| error.to_string())?;
        serde_json::from_slice(file).map_err(|error| error.to_string())
    }
}

impl<Q: Serialize, R: Serialize> Fixture<Q, R> {
    /// The content of the file.
    ///
    /// # Errors
    ///
    /// What serializing the messages returns.
    pub fn to_file(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut file = serde_json::to_vec_pretty(self)?;
        file.push(b'\n');
        Ok(file)
    }
}

#[cfg(feature = "compare")]
fn header() -> (String, u32) {
    (FIXTURE_FORMAT.to_owned(), FIXTURE_VERSION)
}
