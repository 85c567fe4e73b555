//! Compressing segments that are closed.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::segment::{compressed_path_of, path_of, unfinished_path_of};

/// That of the tool `zstd`: a fifth of JSON is left, at some hundred megabytes a second.
const LEVEL: i32 = 3;

/// The segments that wait for it, and the thread that compresses one after the other. It ends when none
/// is left.
#[derive(Debug, Default)]
pub(super) struct Packing(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<u64>,
    has_thread: bool,
}

/// What the thread does. If it panics, a segment stays as it was.
struct Thread {
    queue: Arc<Mutex<Queue>>,
    is_over: bool,
}

impl Packing {
    pub(super) fn add(&mut self, number: u64) {
        lock(&self.0).waiting.push_back(number);
    }

    /// Sees to it that what waits is compressed.
    pub(super) fn go_on(&mut self, directory: &Path) {
        let mut queue = lock(&self.0);
        if queue.waiting.is_empty() || queue.has_thread {
            return;
        }
        let thread = Thread {
            queue: Arc::clone(&self.0),
            is_over: false,
        };
        let directory = directory.to_owned();
        let builder = thread::Builder::new().name("mirror-log-zstd".to_owned());
        queue.has_thread = true;
        drop(queue);
        // If there is no thread, it is dropped, and begun the next time.
        let _ = builder.spawn(move || thread.run(&directory));
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
}

#[cfg(test)]
impl Packing {
    /// Waits until all that is there is compressed, of which nobody reminds it.
    pub(super) fn finish(&self) {
        let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
        let is_busy = |queue: &Queue| queue.has_thread || !queue.waiting.is_empty();
        while is_busy(&lock(&self.0)) {
            assert!(std::time::Instant::now() < end, "{:?}", lock(&self.0));
            thread::yield_now();
        }
    }
}

impl Thread {
    fn run(mut self, directory: &Path) {
        while let Some(number) = self.next() {
            // One that cannot be compressed stays as it is.
            let _ = pack(directory, number);
        }
    }

    fn next(&mut self) -> Option<u64> {
        let mut queue = lock(&self.queue);
        let next = queue.waiting.pop_front();
        // What is added from now on has another.
        queue.has_thread = next.is_some();
        self.is_over = next.is_none();
        next
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if !self.is_over {
            lock(&self.queue).has_thread = false;
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is being compressed goes on while the program does, and is begun anew by the next one.
impl Drop for Packing {
    fn drop(&mut self) {
        lock(&self.0).waiting.clear();
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
