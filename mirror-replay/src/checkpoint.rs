//! What a later run goes on with: one file, in which the position in the log and the results are of
//! one moment.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use mirror_compare::report::Evidence;
use serde::{Deserialize, Serialize};

use crate::counts::Counts;

const FORMAT: &str = "mirror-replay";
const VERSION: u32 = 1;

/// The file of a replay.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    path: PathBuf,
    /// What tells the replay from others.
    job: String,
}

/// What is in it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Kept {
    format: String,
    version: u32,
    job: String,
    /// What was counted.
    pub counts: Counts,
    /// What was found.
    pub evidence: Evidence,
    /// Where reading goes on.
    pub position: Option<serde_json::Value>,
}

impl Checkpoint {
    /// A file for a replay of which this says what it is: from where to where, and which records.
    #[must_use]
    pub fn new(path: PathBuf, job: String) -> Self {
        Self { path, job }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What an earlier run has left; `None` if there is nothing.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is of another replay.
    pub fn load(&self) -> Result<Option<Kept>, String> {
        let failed = |error: &dyn std::fmt::Display| {
            let path = self.path.display();
            format!("{path}: {error}; `--restart` begins anew")
        };
        let file = match fs::read(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        let kept: Kept = serde_json::from_slice(&file).map_err(|error| failed(&error))?;
        if kept.format != FORMAT || kept.version != VERSION {
            return Err(failed(
                &"it is not the state of a replay that this program can read",
            ));
        }
        if kept.job != self.job {
            return Err(failed(&"it is the state of another replay"));
        }
        Ok(Some(kept))
    }

    /// Writes the file anew, at once or not at all.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(
        &self,
        counts: &Counts,
        evidence: Evidence,
        position: Option<serde_json::Value>,
    ) -> io::Result<()> {
        let kept = Kept {
            format: FORMAT.to_owned(),
            version: VERSION,
            job: self.job.clone(),
            counts: counts.clone(),
            evidence,
            position,
        };
        let file = serde_json::to_vec(&kept).map_err(io::Error::other)?;
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".tmp");
        let unfinished = self.path.with_file_name(name);
        write(&unfinished, &file)?;
        fs::rename(&unfinished, &self.path)
    }

    /// Removes the file, if there is one.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// It has groups of differences in it, which come from production.
fn write(path: &Path, file: &[u8]) -> io::Result<()> {
    use io::Write as _;

    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        options.mode(0o600);
    }
    options.open(path)?.write_all(file)
}
