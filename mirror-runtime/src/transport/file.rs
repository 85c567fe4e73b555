//! Files, which keep requests with their responses.

use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use bytes::Bytes;
use mirror_record::{Log, LogOptions, WriteError};
use tokio::sync::oneshot;

use super::{Keeping, Sink};
use crate::{
    control::is_isolated,
    error::ConfigError,
    outcome::SinkError,
    recorded::{BudgetPlace, RecordedExchange},
    target::Target,
    workers::contained,
};

/// Records that may wait to be written. What they hold has its place in the byte budget; this
/// bounds how many wait if all are small.
const QUEUE: usize = 1024;

/// The thread lets records come together for so long after it has written some: to be woken for each
/// takes more than to write it, of whoever wakes it, too. Nobody waits for a record but its count.
const PAUSE: Duration = Duration::from_millis(10);

/// If as many have come together, that is enough. If they are so large that they were not written all
/// at once, there is no pause.
const SHORT_PAUSE: Duration = Duration::from_millis(2);
const MANY: usize = 64;

/// With room for fewer records, they might not all have it meanwhile.
const ROOM_FOR_PAUSE: usize = 512;

/// Larger ones are encoded by the thread.
const LARGE: u64 = 64 * 1024;

/// Records are written together up to this size: a disk takes it at once.
const BATCH: usize = 256 * 1024;

/// A log of files in a directory: a [`Sink`] that writes each request with its response to rotated
/// segments.
///
/// [`Target::file`] is one with the defaults. One with options of its own is a static, which the
/// attribute names as `sink(ORDERS_LOG)`:
///
/// ```
/// use std::{sync::LazyLock, time::Duration};
///
/// use mirror_runtime::{FileSink, LogOptions, SyncPolicy};
///
/// static ORDERS_LOG: LazyLock<FileSink> = LazyLock::new(|| {
///     let sync = SyncPolicy::Every { records: 100, interval: Duration::from_millis(200) };
///     FileSink::new("/var/log/orders").with_options(
///         LogOptions::default()
///             .with_segment_bytes(16 << 20)
///             .with_total_bytes(4 << 30)
///             .with_sync(sync),
///     )
/// });
/// ```
///
/// A thread of its own writes. A record is *answered* when it is as durable as
/// [`SyncPolicy`](crate::SyncPolicy) asks for; its time is bounded by the `timeout` of the target. It
/// has *failed* with `queue_full` if more wait than the queue has room for, with `too_large` if it is
/// larger than a segment, and with `sink` if it cannot be written, because the disk is full for
/// example. The thread goes on in each case, and writes again as soon as that is possible.
///
/// Clones share the thread. When the last one is dropped, all that waits is written, and the segment
/// is closed. [The chapter on logs](crate::guide::log) tells more.
#[derive(Clone)]
pub struct FileSink(Arc<Shared>);

struct Shared {
    directory: PathBuf,
    options: LogOptions,
    queue: usize,
    /// So many wait.
    waiting: Arc<AtomicUsize>,
    /// The way to the thread; `None` if there is no thread.
    jobs: OnceLock<Option<SyncSender<Job>>>,
}

struct Job {
    content: Content,
    done: Done,
    _room: Room,
}

/// What is to be written.
enum Content {
    /// Encoded where it was made: what was allocated there is freed there.
    Payload { payload: Bytes, _place: BudgetPlace },
    /// To be encoded by the thread, with this share: that takes a while, and who serves shall not.
    Large {
        exchange: Arc<RecordedExchange>,
        share: f64,
    },
}

/// One of the places for records that wait.
struct Room(Arc<AtomicUsize>);

type Done = oneshot::Sender<Result<(), SinkError>>;

impl FileSink {
    /// A log in a directory, which is made if it is not there. A relative path is one of the
    /// directory that the program runs in.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self::of(directory.into(), LogOptions::default(), QUEUE)
    }

    /// How it is written: the sizes of segments, the bound of all, compression, and when records are
    /// forced to the disk.
    #[must_use]
    pub fn with_options(self, options: LogOptions) -> Self {
        Self::of(self.0.directory.clone(), options, self.0.queue)
    }

    /// How many records may wait to be written. Default: 1024; at least one.
    #[must_use]
    pub fn with_queue(self, records: usize) -> Self {
        let records = records.max(1);
        Self::of(self.0.directory.clone(), self.0.options, records)
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.0.directory
    }

    fn of(directory: PathBuf, options: LogOptions, queue: usize) -> Self {
        Self(Arc::new(Shared {
            directory,
            options,
            queue,
            waiting: Arc::default(),
            jobs: OnceLock::new(),
        }))
    }

    /// The log of a directory with the defaults, which all targets of it share.
    fn shared(directory: &Path) -> Self {
        static ALL: LazyLock<Mutex<HashMap<PathBuf, Weak<Shared>>>> = LazyLock::new(Mutex::default);
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, shared| shared.strong_count() > 0);
        if let Some(shared) = all.get(directory).and_then(Weak::upgrade) {
            return Self(shared);
        }
        let sink = Self::new(directory);
        all.insert(directory.to_owned(), Arc::downgrade(&sink.0));
        sink
    }

    /// A place for one more, if there is one.
    fn room(&self) -> Option<Room> {
        let room = Room(Arc::clone(&self.0.waiting));
        // It is given back at once if there is none.
        let before = room.0.fetch_add(1, Ordering::Relaxed);
        (before < self.0.queue).then_some(room)
    }

    /// The way to the thread, which is started if it is not there.
    fn jobs(&self) -> Option<&SyncSender<Job>> {
        let start = || {
            let (jobs, incoming) = sync_channel(self.0.queue);
            let (directory, options) = (self.0.directory.clone(), self.0.options);
            let thread = thread::Builder::new().name("mirror-log".to_owned());
            let pauses = self.0.queue >= ROOM_FOR_PAUSE;
            let writer = move || write(&directory, options, pauses, &incoming);
            thread.spawn(writer).is_ok().then_some(jobs)
        };
        self.0.jobs.get_or_init(start).as_ref()
    }
}

impl Sink for FileSink {
    fn check(&self, _: &Target) -> Result<(), ConfigError> {
        let checked = self.0.options.check();
        checked.map_err(|error| ConfigError::Log {
            directory: self.0.directory.display().to_string(),
            reason: error.to_string(),
        })?;
        // The log is told soon of a directory that cannot be written to.
        if !is_isolated() {
            self.jobs();
        }
        Ok(())
    }

    fn keep(&self, exchange: Arc<RecordedExchange>, target: &Target) -> Keeping {
        let Some(room) = self.room() else {
            return Box::pin(async { Err(SinkError::QueueFull) });
        };
        let content = if exchange.bytes() > LARGE {
            let share = exchange.share(target);
            Content::Large { exchange, share }
        } else {
            Content::Payload {
                payload: exchange.record_ref(target).encode(),
                _place: exchange.place(),
            }
        };
        let sink = self.clone();
        Box::pin(async move {
            let jobs = sink.jobs().ok_or(SinkError::Closed)?;
            let (done, kept) = oneshot::channel();
            let job = Job {
                content,
                done,
                _room: room,
            };
            jobs.try_send(job).map_err(|error| match error {
                TrySendError::Full(_) => SinkError::QueueFull,
                TrySendError::Disconnected(_) => SinkError::Closed,
            })?;
            kept.await.unwrap_or(Err(SinkError::Closed))
        })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for FileSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSink")
            .field("directory", &self.0.directory)
            .field("options", &self.0.options)
            .field("queue", &self.0.queue)
            .finish_non_exhaustive()
    }
}

/// A target that keeps requests with their responses in files.
impl Target {
    /// A target that writes each request with the primary's response to files in a directory: see
    /// [`FileSink`], with its defaults. All targets of one directory share its thread and its
    /// segments.
    ///
    /// Its name is the directory, until [`named`](Self::named) gives it another.
    ///
    /// ```no_run
    /// use mirror_runtime::{Mirror, Target};
    ///
    /// let mirror = Mirror::builder()
    ///     .target(Target::file("mirror-log").percentage(5.0)?)
    ///     .build()?;
    /// # Ok::<(), mirror_runtime::ConfigError>(())
    /// ```
    #[must_use]
    pub fn file(directory: impl AsRef<Path>) -> Self {
        let directory = directory.as_ref();
        let name = directory.display().to_string();
        Self::sink(name, FileSink::shared(directory))
    }
}

/// The thread of a log: writes what comes until nobody is left who could send more.
fn write(directory: &Path, options: LogOptions, pauses: bool, incoming: &Receiver<Job>) {
    let mut log = Log::open(directory, options);
    if let Err(error) = &log {
        contained(|| {
            tracing::warn!(
                directory = %directory.display(),
                %error,
                "requests are not recorded: their directory cannot be used; it is tried again with each of them"
            );
        });
    }
    // Those who wait for what was written to be durable.
    let mut waiting = Vec::new();
    loop {
        let job = match next(incoming, log.as_ref().ok()) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        if log.is_err() {
            log = Log::open(directory, options);
        }
        let mut together = job.as_ref().map(|_| 1);
        match &mut log {
            Ok(log) => {
                together = append_all(log, job, incoming, &mut waiting);
                match log.settle() {
                    Ok(true) => answer(&mut waiting, || Ok(())),
                    Ok(false) => {}
                    Err(error) => answer(&mut waiting, || failed(&error)),
                }
            }
            Err(error) => {
                waiting.extend(job.map(|job| job.done));
                answer(&mut waiting, || failed(error));
            }
        }
        if let Some(together) = together.filter(|_| pauses) {
            thread::sleep(if together < MANY { PAUSE } else { SHORT_PAUSE });
        }
    }
    if let Ok(log) = &mut log {
        match log.close() {
            Ok(()) => answer(&mut waiting, || Ok(())),
            Err(error) => answer(&mut waiting, || failed(&error)),
        }
    }
}

/// Waits for a job, or until the log has something to do.
fn next(incoming: &Receiver<Job>, log: Option<&Log>) -> Result<Job, RecvTimeoutError> {
    match log.and_then(Log::wait) {
        Some(wait) => incoming.recv_timeout(wait),
        None => incoming.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

/// Appends a job and those that have come with it, and says how many they were; `None` if there was
/// none, or others are waiting.
fn append_all(
    log: &mut Log,
    first: Option<Job>,
    incoming: &Receiver<Job>,
    waiting: &mut Vec<Done>,
) -> Option<usize> {
    let (mut next, mut together) = (first, 0);
    while let Some(Job { content, done, .. }) = next.take() {
        together += 1;
        let appended = match &content {
            Content::Payload { payload, .. } => log.append_payload(payload),
            Content::Large { exchange, share } => {
                log.append_with(|out| exchange.record_ref_at(*share).encode_into(out))
            }
        };
        match appended {
            Ok(()) => waiting.push(done),
            Err(WriteError::TooLarge { .. }) => {
                // Nobody may be waiting for it any more.
                let _ = done.send(Err(SinkError::TooLarge));
            }
            Err(WriteError::Io(error)) => {
                waiting.push(done);
                answer(waiting, || failed(&error));
            }
            Err(error) => {
                let _ = done.send(Err(SinkError::other(error.to_string())));
            }
        }
        if log.buffered() >= BATCH || waiting.len() >= QUEUE {
            return None;
        }
        next = incoming.try_recv().ok();
    }
    (together > 0).then_some(together)
}

fn answer(waiting: &mut Vec<Done>, outcome: impl Fn() -> Result<(), SinkError>) {
    for done in waiting.drain(..) {
        let _ = done.send(outcome());
    }
}

/// What a system says, as itself: callbacks can look at its kind.
fn failed(error: &io::Error) -> Result<(), SinkError> {
    let error = match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    };
    Err(SinkError::other(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::FailureKind;

    fn exchange() -> Arc<RecordedExchange> {
        let exchange = r#"{
            "mirror": "orders", "arrived_ns": 0, "handler_start_us": null, "first_byte_us": null,
            "last_byte_us": null, "completion": "failed", "response": null,
            "request": { "method": "GET", "target": "/", "headers": [], "body": "", "redacted": [] }
        }"#;
        Arc::new(serde_json::from_str(exchange).unwrap())
    }

    async fn kept(sink: &FileSink) -> Result<(), FailureKind> {
        let target = Target::sink("log", sink.clone());
        let kept = sink.keep(exchange(), &target).await;
        kept.map_err(|error| crate::MirrorError::from(error).kind())
    }

    #[tokio::test]
    async fn a_queue_that_is_full_and_one_that_is_closed_are_told_apart() {
        let sink = FileSink::new("nowhere").with_queue(1);
        let (jobs, incoming) = sync_channel(1);
        assert!(sink.0.jobs.set(Some(jobs)).is_ok());
        // One waits, for there is nobody who would write it.
        let mut first = std::pin::pin!(kept(&sink));
        let polled = std::future::poll_fn(|context| {
            std::task::Poll::Ready(first.as_mut().poll(context).is_pending())
        });
        assert!(polled.await);
        assert_eq!(kept(&sink).await, Err(FailureKind::QueueFull));
        drop(incoming);
        assert_eq!(first.await, Err(FailureKind::Closed));
        assert_eq!(kept(&sink).await, Err(FailureKind::Closed));
        let sink = FileSink::new("nowhere");
        assert!(sink.0.jobs.set(None).is_ok());
        assert_eq!(kept(&sink).await, Err(FailureKind::Closed));
    }

    #[test]
    fn the_thread_pauses_when_it_has_taken_all_and_not_before() {
        let name = format!("mirror-pauses-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let mut log = Log::open(&directory, LogOptions::default()).unwrap();
        let (jobs, incoming) = sync_channel(8);
        let job = |bytes: usize| Job {
            content: Content::Payload {
                payload: vec![0; bytes].into(),
                _place: BudgetPlace::default(),
            },
            done: oneshot::channel().0,
            _room: Room(Arc::new(AtomicUsize::new(1))),
        };
        let mut waiting = Vec::new();
        assert_eq!(append_all(&mut log, None, &incoming, &mut waiting), None);
        // Two are enough for one write, and a third one waits.
        for _ in 0..3 {
            jobs.send(job(BATCH / 2)).unwrap();
        }
        let mut append = |log: &mut Log| {
            let together = append_all(log, incoming.try_recv().ok(), &incoming, &mut waiting);
            log.settle().unwrap();
            together
        };
        assert_eq!(append(&mut log), None);
        assert_eq!(append(&mut log), Some(1));
        drop(log);
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn targets_of_a_directory_share_its_log() {
        let one = FileSink::shared(Path::new("a directory of this test"));
        let other = FileSink::shared(Path::new("a directory of this test"));
        assert!(Arc::ptr_eq(&one.0, &other.0));
        let elsewhere = FileSink::shared(Path::new("another"));
        assert!(!Arc::ptr_eq(&one.0, &elsewhere.0));
    }
}
