//! The options of recording mismatches.

use std::path::PathBuf;

use mirror_grammar::options;

use super::MirrorBuilder;
use crate::error::ConfigError;

impl MirrorBuilder {
    /// A directory for mismatches. Each becomes one file with the request and both responses, of
    /// which [`replay!`](macro@crate::replay) makes tests. The directory is created if necessary.
    /// Needs `compare`. Default: none, or the directory that the environment variable
    /// `MIRROR_RECORD` names, for all mirrors that compare.
    ///
    /// The files hold production data. Values that [`redact`](Self::redact) names and known
    /// credentials are not in them. [`fixtures`](crate::fixtures) defines both, and the format of
    /// the files.
    ///
    /// A thread that compares writes them, each atomically. Failures to write are logged, at most
    /// once a second.
    ///
    /// ```
    /// use mirror_runtime::{CompareMode, Mirror};
    ///
    /// let mirror = Mirror::builder()
    ///     .target("https://staging.example.com")
    ///     .compare(CompareMode::Json)
    ///     .redact(["/password"])
    ///     .record("mirror-fixtures")
    ///     .max_fixtures(5)
    ///     .build()?;
    /// # Ok::<(), mirror_runtime::ConfigError>(())
    /// ```
    pub fn record(mut self, directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        if directory.as_os_str().is_empty() {
            self.mistaken(ConfigError::RecordNowhere);
        }
        self.compare.given.push(options::RECORD.name);
        self.compare.recording.path = Some(directory);
        self
    }

    /// How many fixtures are recorded for each group of differences, including existing ones. A
    /// group is one kind of difference at one place, whatever the indices of arrays, in the
    /// responses of one target. A fixture with differences of several groups counts for each, and
    /// is recorded if one of them has room. Default: 3, because one may be an outlier and more add
    /// nothing.
    pub fn max_fixtures(mut self, fixtures: usize) -> Self {
        if fixtures == 0 {
            self.mistaken(ConfigError::MaxFixtures);
        }
        self.compare.given.push(options::MAX_FIXTURES.name);
        self.compare.recording.max_fixtures = fixtures;
        self
    }

    /// How many bytes of fixtures the directory may hold in all, including existing ones. Processes
    /// that record into it at the same time do not see the files of one another. Default: 16 MiB,
    /// which is thousands of typical fixtures and still fits into a repository.
    pub fn max_fixture_bytes(mut self, bytes: u64) -> Self {
        if bytes == 0 {
            self.mistaken(ConfigError::MaxFixtureBytes);
        }
        self.compare.given.push(options::MAX_FIXTURE_BYTES.name);
        self.compare.recording.max_bytes = bytes;
        self
    }
}
