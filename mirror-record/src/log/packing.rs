//! Compressing segments that are closed.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io,
    path::Path,
    thread::{self, JoinHandle},
};

use crate::segment::{compressed_path_of, path_of, unfinished_path_of};

/// That of the tool `zstd`: a fifth of JSON is left, at some hundred megabytes a second.
const LEVEL: i32 = 3;

/// The segments that wait for it, and the thread that compresses one.
#[derive(Debug, Default)]
pub(super) struct Packing {
    waiting: VecDeque<u64>,
    thread: Option<JoinHandle<()>>,
}

impl Packing {
    pub(super) fn add(&mut self, number: u64) {
        self.waiting.push_back(number);
    }

    /// Begins the next, if none is being compressed.
    pub(super) fn go_on(&mut self, directory: &Path) {
        if self.waiting.is_empty() {
            return;
        }
        if let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) {
            // One that has panicked leaves a segment as it was.
            let _ = thread.join();
        }
        if self.thread.is_none() {
            let numbers = std::mem::take(&mut self.waiting);
            let directory = directory.to_owned();
            let pack_all = move || {
                for number in numbers {
                    // One that cannot be compressed stays as it is.
                    let _ = pack(&directory, number);
                }
            };
            let thread = thread::Builder::new().name("mirror-log-zstd".to_owned());
            self.thread = thread.spawn(pack_all).ok();
        }
    }

    /// Deletes what a process has left that has ended meanwhile.
    #[expect(clippy::unused_self, reason = "it is a part of what this does")]
    pub(super) fn clean(&self, directory: &Path) {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            if name.starts_with('.')
                && name.ends_with(".mrec.zst")
                && let Ok(file) = File::open(entry.path())
                && file.try_lock().is_ok()
            {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Waits until all that is there is compressed.
    #[cfg(test)]
    pub(super) fn finish(&mut self, directory: &Path) {
        while !self.waiting.is_empty() || self.thread.is_some() {
            if let Some(thread) = self.thread.take() {
                thread.join().unwrap();
            }
            self.go_on(directory);
        }
    }
}

/// What is being compressed goes on while the program does, and is begun anew by the next one.
impl Drop for Packing {
    fn drop(&mut self) {
        self.waiting.clear();
    }
}

pub(super) fn pack(directory: &Path, number: u64) -> io::Result<()> {
    let path = path_of(directory, number);
    let mut plain = File::open(&path)?;
    if plain.try_lock().is_err() {
        // Somebody else is about it.
        return Ok(());
    }
    let unfinished = unfinished_path_of(directory, number);
    let packed = pack_into(&mut plain, &unfinished).and_then(|()| {
        fs::rename(&unfinished, compressed_path_of(directory, number))?;
        fs::remove_file(&path)
    });
    if packed.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    packed
}

fn pack_into(plain: &mut File, path: &Path) -> io::Result<()> {
    let file = super::create(path)?;
    let _ = file.lock();
    let mut encoder = zstd::stream::write::Encoder::new(&file, LEVEL)?;
    encoder.include_checksum(true)?;
    io::copy(plain, &mut encoder)?;
    encoder.finish()?;
    file.sync_all()
}
