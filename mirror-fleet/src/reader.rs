//! Reading the records of a mirror back from the stream.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fmt,
    time::Duration,
};

use async_nats::{
    Client, StatusCode, Subject,
    jetstream::{
        self, AckKind, Context, ErrorCode, Message,
        consumer::{AckPolicy, PullConsumer, pull},
        context::ConsumerInfoErrorKind,
        stream::Stream,
    },
};
use bytes::Bytes;
use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    stream::{BoxStream, SelectAll},
};
use tokio::time::{Instant, sleep_until};

use crate::{
    nats::{Connection, NatsError},
    sink::subjects,
};

/// So many records are asked for at once, of each shard, when no more than half as many are left: no
/// more than one reader needs, so that there are some for others.
const BATCH: usize = 64;

/// So many bytes of records are asked for at once, of each shard, unless a record may be larger.
const BATCH_BYTES: usize = 4 << 20;

/// What a message has beside its payload and its headers: two subjects.
const BESIDE: usize = 64 << 10;

/// The server forgets after so long what it was asked for.
const EXPIRES: Duration = Duration::from_secs(2);

/// The server has said after so long that it has forgotten, or it has never heard.
const LOST: Duration = Duration::from_secs(3);

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

/// What comes of one shard, with its number.
type Messages = BoxStream<'static, (usize, async_nats::Message)>;

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
///
/// It asks the server by itself, and counts what it has asked for before anything of it can come. The
/// stream of the client counts in two tasks, and waits for its timers if one overtakes the other.
pub struct NatsReader {
    client: Client,
    context: Context,
    stream: Stream,
    shards: Vec<Shard>,
    messages: SelectAll<Messages>,
    /// What has come and was not handed out, in its order. It is held.
    waiting: VecDeque<u64>,
    held: BTreeMap<u64, Held>,
    ack_wait: Duration,
    /// What is told with the next [`commit`](Self::commit).
    settled: Vec<(usize, Message, AckKind)>,
    /// What is behind the end, and is told with the next `commit`, too.
    beyond: Vec<Message>,
    ask_at: Instant,
    /// Which of the connections it was that was asked.
    asked: u64,
    size: u64,
    /// Keeps the thread of the connection.
    connection: Connection,
}

struct Shard {
    name: String,
    consumer: PullConsumer,
    /// Where its messages come.
    inbox: Subject,
    /// How many of those that were asked for are still to come: never more than there are.
    asked: usize,
    /// Then none of them is to come any more, whatever the server says.
    lost_at: Instant,
    /// It is not asked before: there was an error.
    again_at: Instant,
    /// The next record is larger than any that the server would take now.
    is_large: bool,
    /// What has come and was not handed out: records and bytes.
    waiting: (usize, usize),
    /// The last record that is read.
    end: u64,
    is_over: bool,
    /// All of its records were handed out, to whomever.
    is_delivered: bool,
    /// Those behind the end that were handed out all the same.
    beyond: BTreeSet<u64>,
}

struct Held {
    message: Message,
    shard: usize,
    deliveries: u64,
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
            context,
            stream,
            shards: Vec::new(),
            messages: SelectAll::new(),
            waiting: VecDeque::new(),
            held: BTreeMap::new(),
            ack_wait: options.ack_wait,
            settled: Vec::new(),
            beyond: Vec::new(),
            ask_at: Instant::now() + ASK,
            asked: 0,
            size: 0,
            connection: connection.clone(),
        };
        let names: BTreeSet<_> = found.into_keys().collect();
        for subject in names {
            if !is_in(&subject, options.part) {
                continue;
            }
            let opened = reader.open_shard(&subject, options).await;
            opened.map_err(refused)?;
        }
        Ok(reader)
    }

    async fn open_shard(&mut self, subject: &str, options: &ReaderOptions) -> Result<(), String> {
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
        let inbox = Subject::from(self.client.new_inbox());
        let messages = self.client.subscribe(inbox.clone()).await;
        let messages = messages.map_err(|error| error.to_string())?;
        let number = self.shards.len();
        let messages = messages.map(move |message| (number, message));
        self.messages.push(messages.boxed());
        let now = Instant::now();
        self.shards.push(Shard {
            name,
            consumer,
            inbox,
            asked: 0,
            lost_at: now,
            again_at: now,
            is_large: false,
            waiting: (0, 0),
            end,
            is_over: false,
            is_delivered: false,
            beyond: BTreeSet::new(),
        });
        Ok(())
    }

    /// The next record; `None` at the end, as it was when this was opened. It may be dropped while
    /// it waits, and nothing is lost.
    ///
    /// # Errors
    ///
    /// The stream or a consumer is gone, or cannot be reached.
    pub async fn next(&mut self) -> Result<Option<ReadRecord>, NatsError> {
        loop {
            self.gather()?;
            self.request().await?;
            if let Some(record) = self.hand_out() {
                return Ok(Some(record));
            }
            if self.shards.iter().all(|shard| shard.is_over) {
                return Ok(None);
            }
            tokio::select! {
                biased;
                Some((number, message)) = self.messages.next() => self.come(number, message)?,
                () = sleep_until(self.ask_at) => {
                    self.ask().await?;
                    self.ask_at = Instant::now() + ASK;
                }
            }
        }
    }

    /// Takes what has come, without waiting.
    fn gather(&mut self) -> Result<(), NatsError> {
        while let Some(Some((number, message))) = self.messages.next().now_or_never() {
            self.come(number, message)?;
        }
        Ok(())
    }

    /// Asks for more of the shards of which little is left. What has come is to be gathered before.
    async fn request(&mut self) -> Result<(), NatsError> {
        let (number, is_away) = {
            let presence = self.connection.presence();
            let presence = presence.borrow();
            (presence.number, presence.away().is_some())
        };
        if is_away {
            return Ok(());
        }
        if number != self.asked {
            // What was asked for over another connection does not come.
            self.asked = number;
            for shard in &mut self.shards {
                shard.asked = 0;
            }
        }
        let now = Instant::now();
        let largest = self.client.max_payload().saturating_add(BESIDE);
        let bytes = BATCH_BYTES.max(largest);
        for at in 0..self.shards.len() {
            let shard = &mut self.shards[at];
            if now >= shard.lost_at {
                shard.asked = 0;
            }
            let is_enough =
                shard.asked + shard.waiting.0 > BATCH / 2 || shard.waiting.1 > bytes / 2;
            if shard.is_over || is_enough || now < shard.again_at {
                continue;
            }
            let (batch, max_bytes) = if shard.is_large {
                (1, 0)
            } else {
                (BATCH, bytes)
            };
            let request = pull::BatchConfig {
                batch,
                max_bytes,
                expires: Some(EXPIRES),
                ..pull::BatchConfig::default()
            };
            let inbox = shard.inbox.clone();
            let sent = shard.consumer.request_batch(request, inbox).await;
            // Nothing can have been counted meanwhile: only this task does that.
            shard.asked += batch;
            shard.lost_at = now + LOST;
            sent.map_err(|error| self.refused(error.to_string()))?;
        }
        Ok(())
    }

    /// Takes a message: a record, or what has become of what was asked for.
    fn come(&mut self, number: usize, message: async_nats::Message) -> Result<(), NatsError> {
        let Some(shard) = self.shards.get_mut(number) else {
            return Ok(());
        };
        let Some(status) = message.status.filter(|status| *status != StatusCode::OK) else {
            shard.asked = shard.asked.saturating_sub(1);
            shard.is_large = false;
            let context = self.context.clone();
            return self.take(number, Message { message, context });
        };
        if status == StatusCode::IDLE_HEARTBEAT {
            return Ok(());
        }
        // One request has ended. If the server does not say how many were left, none is awaited.
        let headers = message.headers.as_ref();
        let left = headers.and_then(|headers| headers.get("Nats-Pending-Messages"));
        let left = left.and_then(|left| left.as_str().parse().ok());
        shard.asked = left.map_or(0, |left: usize| shard.asked.saturating_sub(left));
        let reason = message.description.as_deref().unwrap_or_default();
        let is_usual = status == StatusCode::TIMEOUT || reason == "Batch Completed";
        if reason.contains("Exceeds MaxBytes") {
            shard.is_large = left.is_none_or(|left| left >= BATCH);
        } else if !is_usual {
            // Too many have asked, or the consumer is gone, which `ask` finds out: who has settled
            // the last record has removed it.
            shard.again_at = Instant::now() + ASK;
        }
        Ok(())
    }

    /// A record that has come, unless it is behind the end, or held already.
    fn take(&mut self, number: usize, message: Message) -> Result<(), NatsError> {
        let info = message
            .info()
            .map_err(|error| self.refused(error.to_string()))?;
        let (sequence, delivered) = (info.stream_sequence, info.delivered);
        let size = message.payload.len();
        let shard = &mut self.shards[number];
        if sequence > shard.end {
            shard.beyond.insert(sequence);
            self.beyond.push(message);
            return Ok(());
        }
        let held = Held {
            message,
            shard: number,
            deliveries: u64::try_from(delivered).unwrap_or(1),
            told_at: Instant::now(),
        };
        if self.held.insert(sequence, held).is_none() {
            shard.waiting.0 += 1;
            shard.waiting.1 += size;
            self.waiting.push_back(sequence);
        }
        Ok(())
    }

    /// The first that waits.
    fn hand_out(&mut self) -> Option<ReadRecord> {
        let sequence = self.waiting.pop_front()?;
        let held = self.held.get(&sequence)?;
        let payload = held.message.payload.clone();
        let waiting = &mut self.shards[held.shard].waiting;
        waiting.0 = waiting.0.saturating_sub(1);
        waiting.1 = waiting.1.saturating_sub(payload.len());
        Some(ReadRecord {
            sequence,
            payload,
            deliveries: held.deliveries,
        })
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
            let ours = held.count() + settled.count() + shard.beyond.len();
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
        // What waits is held as well.
        self.gather()?;
        for message in std::mem::take(&mut self.beyond) {
            // For a later run. Until then there is no use in having it again.
            let told = message.ack_with(AckKind::Nak(Some(self.ack_wait))).await;
            told.map_err(|error| self.refused(error.to_string()))?;
        }
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

    /// Gives back what was asked for and was not handed out, so that nobody waits for it. It is the last
    /// that a reader does.
    pub async fn give_back(&mut self) {
        /// Nothing comes for so long: all that was on its way is there.
        const QUIET: Duration = Duration::from_millis(100);
        /// It is asked for until then, whatever comes.
        const LONGEST: Duration = Duration::from_secs(1);

        let end = Instant::now() + LONGEST;
        while Instant::now() < end {
            let next = tokio::time::timeout(QUIET, self.messages.next()).await;
            let Ok(Some((number, message))) = next else {
                break;
            };
            // What is no record is nothing to give back.
            let _ = self.come(number, message);
        }
        let waiting = std::mem::take(&mut self.waiting);
        let waiting = waiting
            .iter()
            .filter_map(|sequence| self.held.remove(sequence));
        let waiting = waiting.map(|held| held.message);
        for message in waiting.chain(self.beyond.drain(..)) {
            // If the server is not told, it waits for `ack_wait`.
            let _ = message.ack_with(AckKind::Nak(Some(SOON))).await;
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
                if info.num_ack_pending <= shard.beyond.len() {
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
