//! Reading the records of a mirror back from the stream.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    time::Duration,
};

use async_nats::{
    Client,
    jetstream::{
        self, AckKind, ErrorCode, Message,
        consumer::{
            AckPolicy, PullConsumer,
            pull::{self, MessagesErrorKind},
        },
        context::ConsumerInfoErrorKind,
        stream::Stream,
    },
};
use bytes::Bytes;
use futures_util::{
    StreamExt as _, TryStreamExt as _,
    stream::{BoxStream, SelectAll, select_all},
};
use tokio::time::{Instant, sleep_until};

use crate::{
    nats::{Connection, NatsError},
    sink::subjects,
};

/// So many records are asked for at once, of each shard: no more than one reader needs, so that there
/// are some for others.
const BATCH: usize = 32;

/// As many records of a shard may be handed out and not settled.
const MAX_ACK_PENDING: i64 = 20_000;

/// How long a consumer that nobody reads stays, so that a later run goes on.
const INACTIVE: Duration = Duration::from_hours(7 * 24);

/// When a record is handed out again that is given back: when this reader asks for no more.
const SOON: Duration = Duration::from_secs(2);

/// How often it is asked whether there is more.
const ASK: Duration = Duration::from_millis(500);

/// How long the server may take to say something.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The messages of one shard, with its number; `None` if its consumer is removed.
type Messages = BoxStream<'static, Result<Option<(usize, Message)>, String>>;

/// What is read.
#[derive(Clone, Debug)]
pub struct ReaderOptions {
    /// The name of the stream. Default: `MIRROR`, as that of the sink.
    pub stream: String,
    /// The name of the mirror.
    pub mirror: String,
    /// What the consumers are named after. Readers with the same share the records, and a later one
    /// goes on where they ended.
    pub consumer: String,
    /// After so long, a record that is not settled is handed out again. One that this reader holds
    /// is not, as long as it [commits](NatsReader::commit).
    pub ack_wait: Duration,
    /// Which shards: those whose number leaves the first when divided by the second. Default: all.
    pub part: (u16, u16),
}

/// One record of the stream.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadRecord {
    /// Its number in the stream.
    pub sequence: u64,
    /// The record as it was encoded.
    pub payload: Bytes,
    /// How often it was handed out, to whomever, this time included.
    pub deliveries: u64,
}

/// Reads the records of a mirror that are in the stream when it is opened.
///
/// There is a durable pull consumer for each shard. All records of a session are in one shard, so
/// they come in the order in which they were written.
pub struct NatsReader {
    client: Client,
    stream: Stream,
    shards: Vec<Shard>,
    messages: SelectAll<Messages>,
    held: BTreeMap<u64, Held>,
    ack_wait: Duration,
    /// What is told with the next [`commit`](Self::commit).
    settled: Vec<(usize, Message, AckKind)>,
    ask_at: Instant,
    size: u64,
    /// Keeps the thread of the connection.
    connection: Connection,
}

struct Shard {
    name: String,
    consumer: PullConsumer,
    /// The last record that is read.
    end: u64,
    is_over: bool,
    /// All of its records were handed out, to whomever.
    is_delivered: bool,
    /// Those behind the end that were handed out all the same.
    beyond: usize,
}

struct Held {
    message: Message,
    shard: usize,
    told_at: Instant,
}

impl ReaderOptions {
    /// The records of a mirror, for consumers of this name.
    pub fn new(mirror: impl Into<String>, consumer: impl Into<String>) -> Self {
        Self {
            stream: "MIRROR".to_owned(),
            mirror: mirror.into(),
            consumer: consumer.into(),
            ack_wait: Duration::from_mins(1),
            part: (0, 1),
        }
    }
}

impl NatsReader {
    /// Opens the consumers.
    ///
    /// # Errors
    ///
    /// There is no such stream, or the server does not say so in time.
    pub async fn open(connection: &Connection, options: &ReaderOptions) -> Result<Self, NatsError> {
        let client = connection.client().await?;
        let refused = |reason: String| NatsError::Stream {
            stream: options.stream.clone(),
            reason: connection.explain(reason),
        };
        let mut context = jetstream::new(client.clone());
        context.set_timeout(REQUEST_TIMEOUT);
        let stream = context.get_stream(&options.stream).await;
        let stream = stream.map_err(|error| refused(error.to_string()))?;
        let found = stream.info_with_subjects(subjects(&options.mirror)).await;
        let found = found.map_err(|error| refused(error.to_string()))?;
        let found: HashMap<String, usize> = found
            .try_collect()
            .await
            .map_err(|error| refused(error.to_string()))?;
        let mut reader = Self {
            client,
            stream,
            shards: Vec::new(),
            messages: SelectAll::new(),
            held: BTreeMap::new(),
            ack_wait: options.ack_wait,
            settled: Vec::new(),
            ask_at: Instant::now() + ASK,
            size: 0,
            connection: connection.clone(),
        };
        let names: BTreeSet<_> = found.into_keys().collect();
        let mut all: Vec<Messages> = Vec::new();
        for subject in names {
            if !is_in(&subject, options.part) {
                continue;
            }
            let opened = reader.open_shard(&subject, options).await;
            all.push(opened.map_err(refused)?);
        }
        reader.messages = select_all(all);
        Ok(reader)
    }

    async fn open_shard(
        &mut self,
        subject: &str,
        options: &ReaderOptions,
    ) -> Result<Messages, String> {
        let last = self.stream.get_last_raw_message_by_subject(subject).await;
        let end = last.map_err(|error| error.to_string())?.sequence;
        let shard = subject.rsplit('.').next().unwrap_or_default();
        let name = format!("{}-{shard}", options.consumer);
        let config = pull::Config {
            durable_name: Some(name.clone()),
            description: Some("A replay of recorded requests".to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: options.ack_wait,
            max_deliver: -1,
            max_ack_pending: MAX_ACK_PENDING,
            filter_subject: subject.to_owned(),
            inactive_threshold: INACTIVE,
            ..pull::Config::default()
        };
        let consumer: PullConsumer = self
            .stream
            .get_or_create_consumer(&name, config)
            .await
            .map_err(|error| error.to_string())?;
        let info = consumer.cached_info();
        self.size += info.num_pending + info.num_ack_pending as u64;
        let messages = consumer
            .stream()
            .max_messages_per_batch(BATCH)
            .messages()
            .await
            .map_err(|error| error.to_string())?;
        let number = self.shards.len();
        self.shards.push(Shard {
            name,
            consumer,
            end,
            is_over: false,
            is_delivered: false,
            beyond: 0,
        });
        let messages = messages.map(move |message| match message {
            Ok(message) => Ok(Some((number, message))),
            Err(error) if error.kind() == MessagesErrorKind::ConsumerDeleted => Ok(None),
            Err(error) => Err(error.to_string()),
        });
        Ok(messages.boxed())
    }

    /// The next record; `None` at the end, as it was when this was opened. It may be dropped while
    /// it waits, and nothing is lost.
    ///
    /// # Errors
    ///
    /// The stream or a consumer is gone, or cannot be reached.
    pub async fn next(&mut self) -> Result<Option<ReadRecord>, NatsError> {
        loop {
            if self.shards.iter().all(|shard| shard.is_over) {
                return Ok(None);
            }
            tokio::select! {
                biased;
                Some(message) = self.messages.next() => {
                    let message = message.map_err(|error| self.refused(error))?;
                    let Some((number, message)) = message else {
                        // Who has settled the last record has removed it: `ask` finds out.
                        continue;
                    };
                    if let Some(record) = self.take(number, message).await? {
                        return Ok(Some(record));
                    }
                }
                () = sleep_until(self.ask_at) => {
                    self.ask().await?;
                    self.ask_at = Instant::now() + ASK;
                }
            }
        }
    }

    /// A record that has come, unless it is behind the end, or held already.
    async fn take(
        &mut self,
        number: usize,
        message: Message,
    ) -> Result<Option<ReadRecord>, NatsError> {
        let info = message
            .info()
            .map_err(|error| self.refused(error.to_string()))?;
        let (sequence, delivered) = (info.stream_sequence, info.delivered);
        let Some(shard) = self.shards.get_mut(number) else {
            return Ok(None);
        };
        if sequence > shard.end {
            shard.beyond += 1;
            // For a later run. Until then there is no use in having it again.
            let later = AckKind::Nak(Some(self.ack_wait));
            let told = message.ack_with(later).await;
            told.map_err(|error| self.refused(error.to_string()))?;
            return Ok(None);
        }
        let record = ReadRecord {
            sequence,
            payload: message.payload.clone(),
            deliveries: u64::try_from(delivered).unwrap_or(1),
        };
        let held = Held {
            message,
            shard: number,
            told_at: Instant::now(),
        };
        let is_held = self.held.insert(sequence, held).is_some();
        Ok((!is_held).then_some(record))
    }

    /// Asks which shards are read to their end.
    async fn ask(&mut self) -> Result<(), NatsError> {
        for number in 0..self.shards.len() {
            let shard = &self.shards[number];
            if shard.is_over {
                continue;
            }
            let info = match shard.consumer.get_info().await {
                Ok(info) => info,
                Err(error) if is_removed(&error.kind()) => {
                    self.shards[number].is_over = true;
                    continue;
                }
                Err(error) => return Err(self.refused(error.to_string())),
            };
            let held = self.held.values().filter(|held| held.shard == number);
            let settled = self.settled.iter().filter(|(of, ..)| *of == number);
            let ours = held.count() + settled.count() + shard.beyond;
            let is_delivered = info.num_pending == 0 || info.delivered.stream_sequence >= shard.end;
            self.shards[number].is_delivered = is_delivered;
            // Others may hold some, and end without having settled them.
            self.shards[number].is_over = is_delivered && info.num_ack_pending <= ours;
        }
        Ok(())
    }

    /// Whether all records were handed out, and others hold some of them: they may come back.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let mut shards = self.shards.iter();
        shards.all(|shard| shard.is_over || shard.is_delivered)
    }

    /// Says that a record is settled: it is not handed out again.
    pub fn ack(&mut self, sequence: u64) {
        self.settle(sequence, AckKind::Ack);
    }

    /// Says that a record is to be handed out again, to whomever.
    pub fn nak(&mut self, sequence: u64) {
        self.settle(sequence, AckKind::Nak(Some(SOON)));
    }

    /// Says that a record is set aside for good.
    pub fn term(&mut self, sequence: u64) {
        self.settle(sequence, AckKind::Term);
    }

    fn settle(&mut self, sequence: u64, kind: AckKind) {
        if let Some(held) = self.held.remove(&sequence) {
            self.settled.push((held.shard, held.message, kind));
        }
    }

    /// Tells the server what is settled, and that what is held is still worked on.
    ///
    /// # Errors
    ///
    /// The connection is closed.
    pub async fn commit(&mut self) -> Result<(), NatsError> {
        let settled = std::mem::take(&mut self.settled);
        for (_, message, kind) in settled {
            let told = message.ack_with(kind).await;
            told.map_err(|error| self.refused(error.to_string()))?;
        }
        let now = Instant::now();
        let stream = self.stream.cached_info().config.name.clone();
        for held in self.held.values_mut() {
            if now.duration_since(held.told_at) >= self.ack_wait / 3 {
                held.told_at = now;
                let told = held.message.ack_with(AckKind::Progress).await;
                told.map_err(|error| NatsError::Stream {
                    stream: stream.clone(),
                    reason: error.to_string(),
                })?;
            }
        }
        let flushed = tokio::time::timeout(REQUEST_TIMEOUT, self.client.flush()).await;
        match flushed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.refused(error.to_string())),
            Err(_) => Err(self.refused("the server does not respond".to_owned())),
        }
    }

    /// Gives back what was asked for and is not held, so that nobody waits for it.
    pub async fn give_back(&mut self) {
        /// Nothing comes for so long: all that was on its way is there.
        const QUIET: Duration = Duration::from_millis(100);
        /// It is asked for until then, whatever comes.
        const LONGEST: Duration = Duration::from_secs(1);

        let end = Instant::now() + LONGEST;
        while Instant::now() < end {
            let next = tokio::time::timeout(QUIET, self.messages.next()).await;
            let Ok(Some(next)) = next else {
                break;
            };
            if let Ok(Some((_, message))) = next {
                // If the server is not told, it waits for `ack_wait`.
                let _ = message.ack_with(AckKind::Nak(Some(SOON))).await;
            }
        }
        let _ = tokio::time::timeout(REQUEST_TIMEOUT, self.client.flush()).await;
    }

    /// Removes the consumers whose records are all settled, by whomever: a later reader with the same
    /// name begins anew.
    pub async fn remove_consumers(&mut self) {
        /// The server may still be taking note of what it was told last.
        const TRIES: usize = 20;
        const PAUSE: Duration = Duration::from_millis(100);

        for shard in &self.shards {
            for _ in 0..TRIES {
                let Ok(info) = shard.consumer.get_info().await else {
                    break;
                };
                if info.num_ack_pending <= shard.beyond {
                    // One that is left is removed by the server in a week.
                    let _ = self.stream.delete_consumer(&shard.name).await;
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// How many records there were to read when this was opened.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    fn refused(&self, reason: String) -> NatsError {
        NatsError::Stream {
            stream: self.stream.cached_info().config.name.clone(),
            reason: self.connection.explain(reason),
        }
    }
}

/// Whether a consumer is not there any more.
fn is_removed(kind: &ConsumerInfoErrorKind) -> bool {
    match kind {
        ConsumerInfoErrorKind::NotFound => true,
        ConsumerInfoErrorKind::JetStream(error) => {
            error.error_code() == ErrorCode::CONSUMER_NOT_FOUND
        }
        _ => false,
    }
}

/// Whether the shard of a subject is one of a part.
fn is_in(subject: &str, (part, parts): (u16, u16)) -> bool {
    let shard = subject
        .rsplit('.')
        .next()
        .and_then(|shard| shard.parse().ok());
    shard.is_none_or(|shard: u16| shard % parts.max(1) == part)
}

impl fmt::Debug for NatsReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsReader")
            .field("shards", &self.shards.len())
            .field("held", &self.held.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shard_is_in_one_part() {
        let parts = |shard: u16| {
            (0..3)
                .filter(|part| is_in(&format!("mirror.v1.a.{shard}"), (*part, 3)))
                .count()
        };
        assert!((0..16).all(|shard| parts(shard) == 1));
        assert!(is_in("mirror.v1.a.7", (0, 1)));
    }
}
