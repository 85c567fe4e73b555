//! The options of recording mismatches.

use std::path::PathBuf;

use mirror_grammar::options;

use super::MirrorBuilder;
use crate::error::ConfigError;

impl MirrorBuilder {
    /// A directory into which mismatches are written: one file for each, with the request and both answers, for
    /// [`replay!`](macro@crate::replay) to make tests of. It is made where it is not there. Needs `compare`. Default:
    /// none, or the directory that the environment variable `MIRROR_RECORD` names, for all mirrors that compare.
    ///
    /// The files hold data of production. What [`redact`](Self::redact) names and what is known to be a credential is not
    /// in them; [`fixtures`](crate::fixtures) says what that means, and what the files look like.
    ///
    /// They are written on a thread that compares, in one step each. What goes wrong with that is told to the log, once in
    /// a second.
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

    /// How many fixtures are recorded for each group of differences, those that are there already among them. A group is
    /// one kind of difference at one place, whatever the indices of arrays, in the answers of one target. One that has
    /// differences of several groups counts for each, and is recorded where one of them has room. Default: 3, for one may
    /// be a freak, and more say the same.
    pub fn max_fixtures(mut self, fixtures: usize) -> Self {
        if fixtures == 0 {
            self.mistaken(ConfigError::MaxFixtures);
        }
        self.compare.given.push(options::MAX_FIXTURES.name);
        self.compare.recording.max_fixtures = fixtures;
        self
    }

    /// How many bytes of fixtures the directory may hold in all, those that are there already among them; processes that
    /// record into it at the same time do not see one another's. Default: 16 MiB, which is thousands of usual fixtures,
    /// and no more than a repository takes without harm.
    pub fn max_fixture_bytes(mut self, bytes: u64) -> Self {
        if bytes == 0 {
            self.mistaken(ConfigError::MaxFixtureBytes);
        }
        self.compare.given.push(options::MAX_FIXTURE_BYTES.name);
        self.compare.recording.max_bytes = bytes;
        self
    }
}
