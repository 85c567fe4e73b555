//! Writing down the mismatches of a mirror.

use std::{io, path::PathBuf};

use mirror_compare::fixture::{Bounds, Directory, file_name, unique};
use mirror_grammar::options::{DEFAULT_MAX_FIXTURE_BYTES, DEFAULT_MAX_FIXTURES};

use crate::{
    engine::{Mismatch, Record},
    outcome::FixtureOutcome,
    request::Missing,
    telemetry::Throttle,
    workers::contained,
};

/// The variable that turns recording on.
const VARIABLE: &str = "MIRROR_RECORD";

/// The recording options of the builder.
#[derive(Clone, Debug)]
pub(crate) struct RecordingOptions {
    pub(crate) path: Option<PathBuf>,
    pub(crate) max_fixtures: usize,
    pub(crate) max_bytes: u64,
}

impl Default for RecordingOptions {
    fn default() -> Self {
        Self {
            path: None,
            max_fixtures: DEFAULT_MAX_FIXTURES,
            max_bytes: DEFAULT_MAX_FIXTURE_BYTES as u64,
        }
    }
}

impl RecordingOptions {
    /// Where the mismatches of a mirror are written, if they are: where the builder says, or else
    /// the environment.
    pub(crate) fn recording(self) -> Option<Recording> {
        let variable = || std::env::var_os(VARIABLE).filter(|path| !path.is_empty());
        let path = self.path.or_else(|| variable().map(PathBuf::from))?;
        Some(Recording {
            path,
            bounds: Bounds {
                fixtures: self.max_fixtures,
                bytes: self.max_bytes,
            },
            failures: Throttle::default(),
            left_out: Throttle::default(),
        })
    }
}

/// Writes down mismatches. It disturbs nobody: what goes wrong is told to the log, once in a
/// second.
#[derive(Debug)]
pub(crate) struct Recording {
    path: PathBuf,
    bounds: Bounds,
    failures: Throttle,
    left_out: Throttle,
}

impl Recording {
    /// Tells the log that a mismatch cannot be recorded.
    fn leave_out(&self, mirror: &str, target: Option<&str>, reason: &str) {
        if let Some(left_out) = self.left_out.note() {
            contained(|| {
                tracing::warn!(
                    mirror,
                    target,
                    reason,
                    left_out,
                    "mismatches are not recorded"
                );
            });
        }
    }

    fn try_record(&self, mismatch: &Mismatch<'_>) -> io::Result<FixtureOutcome> {
        let directory = Directory::open(&self.path)?;
        let groups = mismatch.groups();
        // Before any work is done: of most mismatches there are enough.
        let kind = mismatch.kind(&groups);
        if directory.room_for(&kind, self.bounds).is_none() {
            return Ok(FixtureOutcome::Enough);
        }
        let Ok(fixture) = mismatch.fixture(&groups) else {
            let reason =
                "it may contain secrets that cannot be located, or would be empty once redacted";
            self.leave_out(kind.mirror, Some(kind.target), reason);
            return Ok(FixtureOutcome::LeftOut);
        };
        // Without secrets, as what it is named after must be, and as who reads the file later
        // counts it.
        let kind = mismatch.kind(&fixture.groups);
        let Some(group) = directory.room_for(&kind, self.bounds) else {
            return Ok(FixtureOutcome::Enough);
        };
        let request = &fixture.request;
        let target = request.target().as_bytes();
        let unique = unique(request.method(), target, request.headers(), request.body());
        let name = file_name(kind.mirror, kind.target, group, &unique);
        let file = fixture.to_file().map_err(io::Error::other)?;
        let is_added = directory.add(&name, &file, &kind, self.bounds)?;
        Ok(if is_added {
            FixtureOutcome::Recorded
        } else {
            FixtureOutcome::Enough
        })
    }
}

impl Record for Recording {
    /// Unless there are enough of its kind.
    fn record(&self, mismatch: &Mismatch<'_>) -> FixtureOutcome {
        let mirror = &*mismatch.comparison.mirror;
        let target = &*mismatch.comparison.target;
        let error = match self.try_record(mismatch) {
            Ok(outcome) => return outcome,
            Err(error) => error,
        };
        if let Some(failures) = self.failures.note() {
            let directory = self.path.display();
            contained(|| {
                tracing::warn!(
                    mirror,
                    target,
                    %directory,
                    %error,
                    failures,
                    "failed to record mismatches: is the directory one that this process may write to?"
                );
            });
        }
        FixtureOutcome::Failed
    }

    fn missing(&self, mirror: &str, missing: Missing) {
        self.leave_out(mirror, None, missing.as_str());
    }
}
