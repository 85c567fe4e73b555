//! What a later run goes on with: one file, in which the position in the log and the results are of
//! one moment.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use mirror_compare::report::Evidence;
use serde::{Deserialize, Serialize};

use crate::{counts::Counts, source::Note};

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

    /// What is noted between two times that it is written.
    pub(crate) fn notes(&self) -> Notes {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(".json").unwrap_or(&name);
        let name = match name.rsplit_once(".replay-") {
            Some((log, job)) => format!("{log}.begun-{job}"),
            None => format!("{name}.begun"),
        };
        Notes {
            path: self.path.with_file_name(name),
            file: None,
            is_begun: false,
            is_empty: false,
        }
    }

    /// Removes the file, if there is one.
    ///
    /// # Errors
    ///
    /// If it is there and cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        for path in [&self.path, &self.notes().path] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A file beside it, with a line for each record that was begun since, and one when that was over.
///
/// It outlives the program, and need not outlive the machine.
#[derive(Debug)]
pub(crate) struct Notes {
    path: PathBuf,
    file: Option<fs::File>,
    /// Whether what is there is of this run.
    is_begun: bool,
    is_empty: bool,
}

impl Notes {
    /// What an earlier run has noted.
    pub(crate) fn read(&self) -> Vec<Note> {
        let notes = fs::read_to_string(&self.path).unwrap_or_default();
        // The last line may be torn.
        let lines = notes
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'));
        let parsed = lines.filter_map(|line| {
            if line == "=" {
                return Some(Note::Run);
            }
            let (kind, rest) = line.split_once(' ')?;
            match kind {
                "-" => Some(Note::Over(rest.to_owned())),
                times => Some(Note::Begun(rest.to_owned(), times.parse().ok()?)),
            }
        });
        parsed.collect()
    }

    pub(crate) fn add(&mut self, note: &Note) -> io::Result<()> {
        use io::Write as _;

        let mut line = match note {
            Note::Begun(place, times) => format!("{times} {place}\n"),
            Note::Over(place) => format!("- {place}\n"),
            Note::Run => "=\n".to_owned(),
        };
        if !std::mem::replace(&mut self.is_begun, true) {
            // One of an earlier run may be torn.
            line.insert_str(0, "\n=\n");
        }
        if self.file.is_none() {
            self.file = Some(private().append(true).create(true).open(&self.path)?);
        }
        self.is_empty = false;
        self.file
            .as_ref()
            .map_or(Ok(()), |mut file| file.write_all(line.as_bytes()))
    }

    /// Says that all of it is in the other file by now.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        if self.is_empty {
            return Ok(());
        }
        let cleared = match &self.file {
            Some(file) => file.set_len(0),
            None => match fs::remove_file(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
        };
        self.is_empty = cleared.is_ok();
        self.is_begun |= self.is_empty;
        cleared
    }
}

/// It has groups of differences in it, which come from production.
fn write(path: &Path, file: &[u8]) -> io::Result<()> {
    use io::Write as _;

    let mut options = private();
    let options = options.write(true).create(true).truncate(true);
    options.open(path)?.write_all(file)
}

/// A file that is created is for its owner only.
fn private() -> fs::OpenOptions {
    let options = fs::OpenOptions::new();
    #[cfg(unix)]
    let options = {
        use std::os::unix::fs::OpenOptionsExt as _;

        let mut options = options;
        options.mode(0o600);
        options
    };
    options
}
