//! Reading the records of a mirror back from the stream.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fmt,
    sync::Arc,
    time::Duration,
};

use async_nats::{
    Client,
    jetstream::{
        self, AckKind, ErrorCode, Message,
        consumer::{AckPolicy, PullConsumer, pull},
        context::ConsumerInfoErrorKind,
        stream::Stream,
    },
};
use bytes::Bytes;
use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::{join_all, ready},
    stream::{BoxStream, SelectAll, once},
};
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep_until},
};

use crate::{
    nats::{Connection, NatsError, Presence},
    sink::{SUBJECTS, mirror_of, subjects},
};

/// So many records are asked for at once, of each shard, [twice](ASKED): no more than one reader
/// needs, so that there are some for others.
const BATCH: usize = 16;

/// So often is asked before all has come, so that the next records are on their way by then.
const ASKED: usize = 2;

/// After so long without a record it is asked anew, and it is if the server has forgotten the
/// request.
const EXPIRES: Duration = Duration::from_secs(5);

/// As many records of a shard may be handed out and not settled.
const MAX_ACK_PENDING: i64 = 20_000;

/// How long a consumer that nobody reads stays, so that a later run goes on.
pub(crate) const INACTIVE: Duration = Duration::from_hours(7 * 24);

/// When a record is handed out again that is given back: when this reader asks for no more.
const SOON: Duration = Duration::from_secs(2);

/// How often it is asked whether there is more, and when it is asked again after something has
/// failed.
const ASK: Duration = Duration::from_millis(500);

/// How long the server may take to say something.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The server may be away for so long.
const AWAY: Duration = Duration::from_secs(30);

/// A server that was ended may have forgotten what it had handed out, and hands it out again as if it
/// never had: so long after it is there again.
const FORGETFUL: Duration = Duration::from_secs(30);

/// So many of the records that were settled last are remembered: more than a server forgets that
/// ends without having written them down.
const REMEMBERED: usize = 16_384;

/// The answer to one request for records of a shard, which has a number.
type Pull = BoxStream<'static, (usize, Event)>;

enum Event {
    Message(Box<Message>),
    /// Nothing more comes of it, because there is nothing, or it has failed.
    Over,
    Failed,
}

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
    /// is not, as long as it [commits](NatsReader::commit), every second or so. Of readers that
    /// share the records, it is that of the first. Default: 30 seconds.
    pub ack_wait: Duration,
    /// Which shards: those whose number leaves the first when divided by the second. Default: all.
    pub part: (u16, u16),
    /// The bucket in which [runs](crate::Runs) keep what they have found. Default:
    /// `mirror-replay`. One that is there must have bounds.
    pub bucket: String,
}

/// One record of the stream.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadRecord {
    /// Its number in the stream.
    pub sequence: u64,
    /// The number of its shard, among those that are read.
    pub shard: usize,
    /// The record as it was encoded.
    pub payload: Bytes,
    /// How often it was handed out, to whomever, as far as the server knows.
    pub deliveries: u64,
    /// Whether it may have been handed out before, to whomever.
    pub is_again: bool,
}

/// Reads the records of a mirror that are in the stream when it is opened.
///
/// There is a durable pull consumer for each shard. All records of a session are in one shard, so
/// they come in the order in which they were written.
pub struct NatsReader {
    client: Client,
    stream: Stream,
    shards: Vec<Shard>,
    pulls: SelectAll<Pull>,
    /// When all that had come by then was taken note of.
    polled_at: Instant,
    /// Those of the held ones that were not handed out yet.
    arrived: BTreeSet<u64>,
    held: BTreeMap<u64, Held>,
    ack_wait: Duration,
    /// What is told with the next [`commit`](Self::commit), and again until it is known that the
    /// server has it.
    settled: BTreeMap<u64, Settled>,
    remembered: Remembered,
    ask_at: Instant,
    /// When there was the last answer.
    asked_at: Instant,
    away_since: Option<Instant>,
    size: u64,
    presence: watch::Receiver<Presence>,
    /// The connection over which was asked for records.
    asked_over: u64,
    connected_again: Option<Instant>,
    /// What the server refuses: it answers no request that the user may not send.
    refusals: broadcast::Receiver<Arc<str>>,
    /// Keeps the thread of the connection.
    connection: Connection,
}

struct Shard {
    name: String,
    consumer: PullConsumer,
    /// The last record that is read.
    end: u64,
    /// Requests for records that are under way.
    asked: usize,
    ask_at: Instant,
    is_over: bool,
    /// All of its records were handed out, to whomever.
    is_delivered: bool,
    /// Records that are not settled, as far as is known.
    left: u64,
    /// Those of them that others hold, if all were handed out.
    others: u64,
}

struct Held {
    message: Message,
    shard: usize,
    told_at: Instant,
}

/// Records that are settled for good.
#[derive(Default)]
struct Remembered {
    all: BTreeSet<u64>,
    /// The last ones at the end.
    order: VecDeque<u64>,
}

impl Remembered {
    fn push(&mut self, sequence: u64) {
        if self.all.insert(sequence) {
            self.order.push_back(sequence);
        }
    }

    fn trim(&mut self) {
        let many = self.order.len().saturating_sub(REMEMBERED);
        for sequence in self.order.drain(..many) {
            self.all.remove(&sequence);
        }
    }
}

struct Settled {
    shard: usize,
    message: Message,
    kind: AckKind,
}

impl ReaderOptions {
    /// The records of a mirror, for consumers of this name.
    pub fn new(mirror: impl Into<String>, consumer: impl Into<String>) -> Self {
        Self {
            stream: "MIRROR".to_owned(),
            mirror: mirror.into(),
            consumer: consumer.into(),
            ack_wait: Duration::from_secs(30),
            part: (0, 1),
            bucket: "mirror-replay".to_owned(),
        }
    }

    /// Whether the shard with this subject is one of the part.
    pub(crate) fn has(&self, subject: &str) -> bool {
        is_in(subject, self.part)
    }
}

impl NatsReader {
    /// Opens consumers that are this reader's own, and reads what is in the stream now.
    ///
    /// # Errors
    ///
    /// There is no such stream, or the server does not say so in time.
    pub async fn open(connection: &Connection, options: &ReaderOptions) -> Result<Self, NatsError> {
        let client = connection.client().await?;
        let stream = Self::stream(connection, &client, options).await?;
        let ends = Self::ends(connection, &stream, options).await?;
        let mut reader = Self::new(connection, client, stream, options.ack_wait);
        for (subject, end) in ends {
            if !options.has(&subject) {
                continue;
            }
            let shard = subject.rsplit('.').next().unwrap_or_default();
            let name = format!("{}-{shard}", options.consumer);
            let created = Self::create_consumer(&reader.stream, &name, &subject, options).await;
            created.map_err(|error| reader.refused(error))?;
            let added = reader.add(&name, end).await;
            added.map_err(|error| reader.refused(error))?;
        }
        Ok(reader)
    }

    pub(crate) async fn stream(
        connection: &Connection,
        client: &Client,
        options: &ReaderOptions,
    ) -> Result<Stream, NatsError> {
        let mut context = jetstream::new(client.clone());
        context.set_timeout(REQUEST_TIMEOUT);
        let stream = context.get_stream(&options.stream).await;
        stream.map_err(|error| NatsError::Stream {
            stream: options.stream.clone(),
            reason: connection.explain(error),
        })
    }

    /// The last record of each shard of the mirror, by its subject.
    pub(crate) async fn ends(
        connection: &Connection,
        stream: &Stream,
        options: &ReaderOptions,
    ) -> Result<BTreeMap<String, u64>, NatsError> {
        let refused = |reason: String| NatsError::Stream {
            stream: options.stream.clone(),
            reason: connection.explain(reason),
        };
        let found = stream.info_with_subjects(subjects(&options.mirror)).await;
        let found = found.map_err(|error| refused(error.to_string()))?;
        let found: HashMap<String, usize> = found
            .try_collect()
            .await
            .map_err(|error| refused(error.to_string()))?;
        let mut ends = BTreeMap::new();
        for subject in found.into_keys() {
            let last = stream.get_last_raw_message_by_subject(&subject).await;
            let last = last.map_err(|error| refused(error.to_string()))?;
            ends.insert(subject, last.sequence);
        }
        Ok(ends)
    }

    /// The mirrors of which there are records in the stream, by name.
    ///
    /// # Errors
    ///
    /// There is no such stream, or the server does not say so in time.
    pub async fn mirrors(
        connection: &Connection,
        options: &ReaderOptions,
    ) -> Result<Vec<String>, NatsError> {
        let client = connection.client().await?;
        let stream = Self::stream(connection, &client, options).await?;
        let refused = |error: &dyn fmt::Display| NatsError::Stream {
            stream: options.stream.clone(),
            reason: connection.explain(error.to_string()),
        };
        let found = stream.info_with_subjects(SUBJECTS).await;
        let found: HashMap<String, usize> = found
            .map_err(|error| refused(&error))?
            .try_collect()
            .await
            .map_err(|error| refused(&error))?;
        let mirrors: BTreeSet<_> = found.keys().filter_map(|key| mirror_of(key)).collect();
        Ok(mirrors.into_iter().collect())
    }

    pub(crate) async fn create_consumer(
        stream: &Stream,
        name: &str,
        subject: &str,
        options: &ReaderOptions,
    ) -> Result<(), String> {
        let config = pull::Config {
            durable_name: Some(name.to_owned()),
            description: Some("A replay of recorded requests".to_owned()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: options.ack_wait,
            max_deliver: -1,
            max_ack_pending: MAX_ACK_PENDING,
            filter_subject: subject.to_owned(),
            inactive_threshold: INACTIVE,
            ..pull::Config::default()
        };
        let created = stream.create_consumer(config).await;
        created.map(drop).map_err(|error| error.to_string())
    }

    /// One that has no shards yet.
    pub(crate) fn new(
        connection: &Connection,
        client: Client,
        stream: Stream,
        ack_wait: Duration,
    ) -> Self {
        let now = Instant::now();
        Self {
            client,
            stream,
            shards: Vec::new(),
            pulls: SelectAll::new(),
            polled_at: now,
            arrived: BTreeSet::new(),
            held: BTreeMap::new(),
            ack_wait,
            settled: BTreeMap::new(),
            remembered: Remembered::default(),
            ask_at: now + ASK,
            asked_at: now,
            away_since: None,
            size: 0,
            asked_over: connection.presence().borrow().number,
            connected_again: None,
            presence: connection.presence(),
            refusals: connection.refusals(),
            connection: connection.clone(),
        }
    }

    /// Reads the consumer of a shard up to a record, and says whether it is there.
    pub(crate) async fn add(&mut self, name: &str, end: u64) -> Result<bool, String> {
        let info = match self.stream.consumer_info(name).await {
            Ok(info) => info,
            Err(error) if is_removed(&error.kind()) => return Ok(false),
            Err(error) => return Err(error.to_string()),
        };
        let left = info.num_pending + info.num_ack_pending as u64;
        let consumer: Result<PullConsumer, _> = self.stream.get_consumer(name).await;
        let consumer = consumer.map_err(|error| error.to_string())?;
        self.ack_wait = self.ack_wait.min(info.config.ack_wait);
        self.size += left;
        self.shards.push(Shard {
            name: name.to_owned(),
            consumer,
            end,
            asked: 0,
            ask_at: Instant::now(),
            is_over: false,
            is_delivered: false,
            left,
            others: 0,
        });
        Ok(true)
    }

    /// The next record; `None` at the end, as it was when this was opened: when no other reader
    /// holds a record that may come back. It may be dropped while it waits, and nothing is lost.
    ///
    /// # Errors
    ///
    /// The stream or a consumer cannot be reached for half a minute.
    pub async fn next(&mut self) -> Result<Option<ReadRecord>, NatsError> {
        loop {
            self.drain();
            while let Some(sequence) = self.arrived.pop_first() {
                if !self.holds(sequence) {
                    // It comes again, to this reader or another.
                    self.held.remove(&sequence);
                    continue;
                }
                let Some(held) = self.held.get(&sequence) else {
                    continue;
                };
                let info = held.message.info();
                let info = info.map_err(|error| self.refused(error.to_string()))?;
                let is_forgetful = self
                    .connected_again
                    .is_some_and(|at| at.elapsed() < FORGETFUL);
                return Ok(Some(ReadRecord {
                    sequence,
                    shard: held.shard,
                    payload: held.message.payload.clone(),
                    deliveries: u64::try_from(info.delivered).unwrap_or(1),
                    is_again: info.delivered > 1 || is_forgetful,
                }));
            }
            if self.shards.iter().all(|shard| shard.is_over) {
                return Ok(None);
            }
            self.ask_for_records().await?;
            tokio::select! {
                biased;
                Ok(refusal) = self.refusals.recv() => {
                    if ["CONSUMER.MSG.NEXT", "$JS.ACK"].iter().any(|of| refusal.contains(of)) {
                        return Err(self.refused("records cannot be had".to_owned()));
                    }
                }
                () = sleep_until(self.ask_at) => self.ask().await?,
                Some((shard, event)) = self.pulls.next() => {
                    self.note(shard, event, Instant::now());
                }
            }
        }
    }

    /// Asks for as many records as are of use.
    async fn ask_for_records(&mut self) -> Result<(), NatsError> {
        let connection = self.presence.borrow().number;
        if connection != self.asked_over {
            // The server has forgotten what it was asked for.
            self.asked_over = connection;
            self.connected_again = Some(Instant::now());
            self.pulls = SelectAll::new();
            for shard in &mut self.shards {
                shard.asked = 0;
            }
        }
        let now = Instant::now();
        for number in 0..self.shards.len() {
            while let Some(shard) = self.shards.get(number)
                && !shard.is_over
                && shard.asked < ASKED
                && shard.ask_at <= now
            {
                let batch = shard.consumer.batch().max_messages(BATCH).expires(EXPIRES);
                let batch = batch.messages().await;
                let batch = batch.map_err(|error| self.refused(error.to_string()))?;
                let events = batch.map(move |message| match message {
                    Ok(message) => (number, Event::Message(Box::new(message))),
                    Err(_) => (number, Event::Failed),
                });
                let events = events.chain(once(ready((number, Event::Over))));
                self.pulls.push(events.boxed());
                self.shards[number].asked += 1;
            }
        }
        Ok(())
    }

    /// Takes note of all that has come. The server hands out again what is not settled in time, so
    /// it must not lie about.
    fn drain(&mut self) {
        let since = self.polled_at;
        while let Some(Some((shard, event))) = self.pulls.next().now_or_never() {
            self.note(shard, event, since);
        }
        self.polled_at = Instant::now();
    }

    /// Something that has come, at this time or later.
    fn note(&mut self, number: usize, event: Event, at: Instant) {
        let Some(shard) = self.shards.get_mut(number) else {
            return;
        };
        let message = match event {
            Event::Message(message) => *message,
            Event::Over => {
                shard.asked = shard.asked.saturating_sub(1);
                return;
            }
            // A consumer that was removed is found out by `ask`.
            Event::Failed => {
                shard.ask_at = Instant::now() + ASK;
                return;
            }
        };
        let Ok(info) = message.info() else {
            return;
        };
        let sequence = info.stream_sequence;
        if sequence > shard.end || self.remembered.all.contains(&sequence) {
            // It is not to be read, or was settled, which the server has not heard.
            let settled = Settled {
                shard: number,
                message,
                kind: AckKind::Ack,
            };
            self.settled.insert(sequence, settled);
            return;
        }
        let held = Held {
            message,
            shard: number,
            told_at: at,
        };
        if self.held.insert(sequence, held).is_none() {
            self.arrived.insert(sequence);
        }
    }

    /// Asks how far the shards are.
    async fn ask(&mut self) -> Result<(), NatsError> {
        self.ask_at = Instant::now() + ASK;
        let asked = self.shards.iter().enumerate();
        let asked = asked.filter(|(_, shard)| !shard.is_over);
        let infos = asked.map(|(number, shard)| {
            let info = self.stream.consumer_info(&shard.name);
            info.map(move |info| (number, info))
        });
        let infos = join_all(infos).await;
        self.asked_at = Instant::now();
        let mut failed = None;
        for (number, info) in infos {
            let info = match info {
                Ok(info) => info,
                Err(error) if is_removed(&error.kind()) => {
                    let shard = &mut self.shards[number];
                    (shard.is_over, shard.left, shard.others) = (true, 0, 0);
                    continue;
                }
                Err(error) => {
                    failed = Some(error.to_string());
                    continue;
                }
            };
            let held = self.held.iter();
            let held = held.filter(|(_, held)| held.shard == number && self.is_ours(held));
            let settled = self.settled.values().filter(|of| of.shard == number);
            let ours = (held.count() + settled.count()) as u64;
            let pending = info.num_ack_pending as u64;
            let shard = &mut self.shards[number];
            shard.is_delivered =
                info.num_pending == 0 || info.delivered.stream_sequence >= shard.end;
            shard.left = pending
                + if shard.is_delivered {
                    0
                } else {
                    info.num_pending
                };
            shard.others = if shard.is_delivered {
                pending.saturating_sub(ours)
            } else {
                0
            };
            // Others may hold some, and end without having settled them.
            shard.is_over = shard.is_delivered && shard.others == 0;
        }
        self.note_failure(failed)
    }

    /// A server that is away for a moment is waited for.
    fn note_failure(&mut self, failed: Option<String>) -> Result<(), NatsError> {
        let Some(reason) = failed else {
            self.away_since = None;
            return Ok(());
        };
        let since = *self.away_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= AWAY {
            return Err(self.refused(reason));
        }
        Ok(())
    }

    /// Whether all records were handed out, and others hold some of them: they may come back.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let mut shards = self.shards.iter();
        self.arrived.is_empty() && shards.all(|shard| shard.is_over || shard.is_delivered)
    }

    /// How many records others hold, when all were handed out.
    #[must_use]
    pub fn waits_for(&self) -> u64 {
        self.shards.iter().map(|shard| shard.others).sum()
    }

    /// How many records are not settled, by whomever, as it was known last.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.shards.iter().map(|shard| shard.left).sum()
    }

    /// Whether a record is still this reader's. It is not if the server was not told for too long
    /// that it is worked on: it is handed out again then, and what has become of it counts there.
    #[must_use]
    pub fn holds(&self, sequence: u64) -> bool {
        self.held
            .get(&sequence)
            .is_some_and(|held| self.is_ours(held))
    }

    /// The server counts from when it has sent it.
    fn is_ours(&self, held: &Held) -> bool {
        held.told_at.elapsed() < self.ack_wait / 4 * 3
    }

    /// Says that a record is settled: it is not handed out again.
    pub fn ack(&mut self, sequence: u64) {
        self.settle(sequence, AckKind::Ack);
        self.remembered.push(sequence);
    }

    /// Says that a record is to be handed out again, to whomever.
    pub fn nak(&mut self, sequence: u64) {
        self.settle(sequence, AckKind::Nak(Some(SOON)));
    }

    /// Says that a record is set aside for good.
    pub fn term(&mut self, sequence: u64) {
        self.settle(sequence, AckKind::Term);
        self.remembered.push(sequence);
    }

    /// Says that a record is none of this reader's any more: it is not told of.
    pub fn forget(&mut self, sequence: u64) {
        self.held.remove(&sequence);
    }

    fn settle(&mut self, sequence: u64, kind: AckKind) {
        // Of one that is lost, somebody else tells.
        if let Some(held) = self.held.remove(&sequence)
            && self.is_ours(&held)
        {
            let settled = Settled {
                shard: held.shard,
                message: held.message,
                kind,
            };
            self.settled.insert(sequence, settled);
        }
    }

    /// The records that were settled for good last: all of which it is not known that the server
    /// has taken note, and more, sorted. If the process ends now, they may be handed out again.
    pub fn settled(&self) -> impl Iterator<Item = u64> {
        self.remembered.all.iter().copied()
    }

    /// Tells the server what is settled, and that what is held is still worked on.
    ///
    /// # Errors
    ///
    /// It cannot be told. It is tried again the next time.
    pub async fn commit(&mut self) -> Result<(), NatsError> {
        self.drain();
        let connection = self.presence.borrow().number;
        for settled in self.settled.values() {
            let told = settled.message.ack_with(settled.kind).await;
            told.map_err(|error| self.refused(error.to_string()))?;
        }
        let now = Instant::now();
        let mut told = Vec::new();
        for (sequence, held) in &self.held {
            // Of one that is lost, somebody else may have been told.
            if self.is_ours(held) && now.duration_since(held.told_at) >= self.ack_wait / 4 {
                let progress = held.message.ack_with(AckKind::Progress).await;
                progress.map_err(|error| self.refused(error.to_string()))?;
                told.push(*sequence);
            }
        }
        let flushed = tokio::time::timeout(REQUEST_TIMEOUT, self.client.flush()).await;
        match flushed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(self.refused(error.to_string())),
            Err(_) => return Err(self.refused("the server does not respond".to_owned())),
        }
        // What was on its way when a connection broke may be lost.
        let is_sure = {
            let presence = self.presence.borrow();
            presence.number == connection && presence.away().is_none()
        };
        if is_sure {
            self.settled.clear();
            for sequence in told {
                if let Some(held) = self.held.get_mut(&sequence) {
                    held.told_at = now;
                }
            }
            self.remembered.trim();
        }
        // Where much comes, nobody waits for the answers in `next`.
        if self.asked_at.elapsed() >= ASK {
            self.ask().await?;
        }
        Ok(())
    }

    /// Gives back what was asked for and is not handed out, so that nobody waits for it.
    pub async fn give_back(&mut self) {
        /// Nothing comes for so long: all that was on its way is there.
        const QUIET: Duration = Duration::from_millis(100);
        /// It is asked for until then, whatever comes.
        const LONGEST: Duration = Duration::from_secs(1);

        let end = Instant::now() + LONGEST;
        while Instant::now() < end {
            let next = tokio::time::timeout(QUIET, self.pulls.next()).await;
            let Ok(Some((shard, event))) = next else {
                break;
            };
            self.note(shard, event, Instant::now());
        }
        for sequence in std::mem::take(&mut self.arrived) {
            self.nak(sequence);
        }
        // If the server is not told, it waits for `ack_wait`.
        let _ = self.commit().await;
    }

    /// Removes the consumers.
    pub async fn remove_consumers(&mut self) {
        for shard in &self.shards {
            // One that is left is removed by the server in a week.
            let _ = self.stream.delete_consumer(&shard.name).await;
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
pub(crate) fn is_removed(kind: &ConsumerInfoErrorKind) -> bool {
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
