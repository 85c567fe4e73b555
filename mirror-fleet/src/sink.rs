//! Records in a stream of JetStream.

mod builder;
mod message;
mod publisher;
mod stream;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use mirror_runtime::{Keeping, RecordedExchange, Sink, SinkError, Target};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

pub(crate) use self::message::{SUBJECTS, mirror_of};
use self::{
    builder::Settings,
    message::{Message, size},
    publisher::{Condition, Job, Places, Publisher},
};
pub use self::{
    builder::{Discard, NatsSinkBuilder},
    message::{subject, subjects},
};
use crate::nats::{Connection, NatsError};

/// A sink that writes records to a stream of NATS JetStream.
///
/// ```no_run
/// use std::sync::LazyLock;
///
/// use mirror_fleet::{NatsOptions, NatsSink};
/// use mirror_runtime::mirror;
///
/// static ORDERS_LOG: LazyLock<NatsSink> = LazyLock::new(|| {
///     let options = NatsOptions::new("nats://127.0.0.1:4222").expect("an address");
///     let connection = options.connect().expect("files that can be read");
///     NatsSink::builder(&connection, 10 << 30).build().expect("a stream")
/// });
///
/// #[mirror(targets = [sink(ORDERS_LOG)])]
/// async fn order(body: String) -> String {
///     body
/// }
/// ```
///
/// A record is *answered* when JetStream has acknowledged it. Until then it has a place among
/// `max_records` and `max_queued_bytes`, and among the records that the runtime allows. What is not
/// acknowledged has failed:
///
/// | kind | when |
/// |---|---|
/// | `queue_full` | as many records, or bytes, wait as may |
/// | `too_large` | the record is larger than the server's `max_payload` or the stream's `max_msg_size`, or than `max_queued_bytes` |
/// | `ack_timeout` | it was sent, and not acknowledged in time: it may be in the stream |
/// | `closed` | there was no connection in time: it is not in the stream; the error has the reason |
/// | `sink` | the stream has other bounds than the options say, or the record is refused; the error has the reason |
///
/// A record is sent again if the connection breaks before it is acknowledged, and once more if half
/// of `ack_timeout` is over. The stream keeps one of them, by the record's id.
///
/// Nothing is opened before the first record, or [`ready`](Self::ready). A NATS that is away costs
/// what the bounds allow for `ack_timeout`; records that come later fail at once, until it is back.
///
/// Clones are the same sink. When the last one is dropped, and no record is under way, it holds
/// nothing.
#[derive(Clone)]
pub struct NatsSink(Arc<Inner>);

struct Inner {
    connection: Connection,
    settings: Arc<Settings>,
    /// Places for records, and for their bytes.
    records: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    condition: watch::Sender<Condition>,
    /// The queue of the task that publishes, once there is one.
    queue: Mutex<Option<mpsc::UnboundedSender<Job>>>,
}

impl NatsSink {
    /// A sink whose stream holds at most so many bytes: the least that must be decided, because the
    /// default of NATS is all that there is. See [`NatsSinkBuilder`] for the rest.
    pub fn builder(connection: &Connection, max_bytes: u64) -> NatsSinkBuilder {
        NatsSinkBuilder::new(connection.clone(), max_bytes)
    }

    fn new(connection: Connection, settings: Settings) -> Self {
        Self(Arc::new(Inner {
            connection,
            records: Arc::new(Semaphore::new(settings.max_records)),
            bytes: Arc::new(Semaphore::new(settings.max_queued_bytes)),
            settings: Arc::new(settings),
            condition: watch::Sender::new(Condition::Unknown),
            queue: Mutex::new(None),
        }))
    }

    /// Waits until there is a connection, and the stream is there as it should be: for programs that
    /// would rather not start without. No record waits for this.
    ///
    /// # Errors
    ///
    /// The stream exists with other bounds, or cannot be had. If there is no connection, this waits
    /// for one: bound it with a timeout.
    pub async fn ready(&self) -> Result<(), NatsError> {
        self.0.queue()?;
        let mut condition = self.0.condition.subscribe();
        let told = condition.wait_for(|condition| !matches!(condition, Condition::Unknown));
        match &*told.await.map_err(|_| ended())? {
            Condition::Refused(error) => Err(error.clone()),
            Condition::Unknown | Condition::Ready => Ok(()),
        }
    }

    /// Whether there is a connection at the moment.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.connection.is_connected()
    }
}

impl Inner {
    /// The queue of the task that publishes, which is started if there is none.
    fn queue(&self) -> Result<mpsc::UnboundedSender<Job>, NatsError> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queue.as_ref().filter(|queue| !queue.is_closed()) {
            return Ok(queue.clone());
        }
        // Its places bound it.
        let (jobs, taken) = mpsc::unbounded_channel();
        let presence = self.connection.presence();
        let settings = Arc::clone(&self.settings);
        let condition = self.condition.clone();
        let refusals = self.connection.refusals();
        self.connection.spawn(move |client| {
            Publisher::new(client, presence, refusals, settings, condition).run(taken)
        })?;
        Ok(queue.insert(jobs).clone())
    }

    /// Places for a record.
    fn places(&self, exchange: &RecordedExchange) -> Result<Places, SinkError> {
        let bytes = size(exchange);
        if bytes > self.settings.max_queued_bytes {
            return Err(SinkError::TooLarge);
        }
        let bytes = u32::try_from(bytes).map_err(|_| SinkError::TooLarge)?;
        let full = |_| SinkError::QueueFull;
        let record = Arc::clone(&self.records)
            .try_acquire_owned()
            .map_err(full)?;
        let budget = Arc::clone(&self.bytes);
        Ok((record, budget.try_acquire_many_owned(bytes).map_err(full)?))
    }
}

impl Sink for NatsSink {
    fn keep(&self, exchange: Arc<RecordedExchange>, target: &Target) -> Keeping {
        let places = match self.0.places(&exchange) {
            Ok(places) => places,
            Err(error) => return Box::pin(async { Err(error) }),
        };
        // Here, and not on the thread: what was allocated here is freed here.
        let shards = self.0.settings.shards.get();
        let message = Message::new(&exchange.record_ref(target), shards);
        let place = exchange.place();
        drop(exchange);
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let (done, told) = oneshot::channel();
            let job = Job {
                message,
                done,
                deadline: Instant::now() + inner.settings.ack_timeout,
                _places: (place, places),
            };
            let queue = inner.queue().map_err(|_| SinkError::Closed)?;
            queue.send(job).map_err(|_| SinkError::Closed)?;
            drop(queue);
            told.await.unwrap_or(Err(SinkError::Closed))
        })
    }
}

impl fmt::Debug for NatsSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsSink")
            .field("connection", &self.0.connection)
            .field("settings", &self.0.settings)
            .finish()
    }
}

fn ended() -> NatsError {
    NatsError::Thread {
        reason: "it has ended".to_owned(),
    }
}
