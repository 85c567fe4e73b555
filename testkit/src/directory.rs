//! A directory for the fixtures of one test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// A directory that is not there yet, and goes away with its test.
pub struct Directory(PathBuf);

impl Directory {
    /// A directory for the test of that name.
    pub fn new(name: &str) -> Self {
        let path = format!("mirror-tests-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(path);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The names of all files in it, in order.
    pub fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.0) else {
            return Vec::new();
        };
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    /// The files that are done, as text.
    pub fn fixtures(&self) -> Vec<String> {
        let mut names = self.names();
        names.retain(|name| !name.starts_with('.'));
        let read = |name| fs::read_to_string(self.0.join(name)).unwrap();
        names.into_iter().map(read).collect()
    }

    /// The only file in it.
    pub fn fixture(&self) -> Value {
        let fixtures = self.fixtures();
        assert_eq!(fixtures.len(), 1, "{:?}", self.names());
        serde_json::from_str(&fixtures[0]).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
