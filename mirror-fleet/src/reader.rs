//! Reading the records of a mirror back from the stream.

mod commit;
mod handover;
mod progress;
mod settled;
mod shard;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use async_nats::{
    Client,
    jetstream::{
        self, AckKind, Message,
        consumer::{self, AckPolicy, PullConsumer, pull},
        stream::Stream,
    },
};
use bytes::Bytes;
use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::ready,
    stream::{BoxStream, SelectAll, once},
};
use tokio::{
    sync::{Mutex, broadcast, mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

pub(crate) use self::progress::is_removed;
pub use self::settled::Keeping;
use self::{
    commit::{REQUEST_TIMEOUT, Told},
    progress::{ASK, Unknown},
    settled::{Remembered, Settled},
    shard::{Held, Shard, Term},
};
use crate::{
    leases::Leases,
    nats::{Connection, NatsError, Presence},
    sink::{SUBJECTS, mirror_of, subjects},
};

/// So many records are asked for at once, of each shard, [twice](ASKED): no more than one reader
/// needs, so that there are some for others.
const BATCH: usize = 16;

/// After so long without a record it is asked anew, and it is if the server has forgotten the
/// request. Whoever gives a shard to others waits for what it has asked for.
const EXPIRES: Duration = Duration::from_secs(2);

/// As many records of a shard may be handed out and not settled.
const MAX_ACK_PENDING: i64 = 20_000;

/// How long a consumer that nobody reads stays, so that a later run goes on.
pub(crate) const INACTIVE: Duration = Duration::from_hours(7 * 24);

/// So often it is asked at once whether a shard can be opened: then there are some that come only
/// when the server believes that they are lost.
const AT_ONCE: usize = 3;

/// The server may be away for so long.
const AWAY: Duration = Duration::from_secs(30);

/// A server that was ended may have forgotten what it had handed out, and hands it out again as if it
/// never had: so long after it is there again.
const FORGETFUL: Duration = Duration::from_secs(30);

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
    /// is not, as long as it [commits](NatsReader::commit), every second or so. Of
    /// [runs](crate::Runs), one that is not heard of for so long is lost, and its shards are read by
    /// others. Of readers that share the records, it is that of the first. Default: 30 seconds.
    pub ack_wait: Duration,
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
    /// The time for which its shard is read here, which has a number: a shard that was given to
    /// others and comes back is read for another time.
    pub term: u64,
    /// The record as it was encoded.
    pub payload: Bytes,
    /// How often it was handed out, to whomever, as far as the server knows.
    pub deliveries: u64,
    /// Whether it may have been handed out before, to whomever.
    pub is_again: bool,
    /// How often a reader of its shard was lost.
    pub lost: u32,
}

/// Reads the records of a mirror that are in the stream when it is opened.
///
/// There is a durable pull consumer for each shard. All records of a session are in one shard, so
/// they come in the order in which they were written, if one reader has all of the shard. The
/// readers of [runs](crate::Runs) see to that: each shard has one at a time.
pub struct NatsReader {
    client: Client,
    stream: Stream,
    shards: Vec<Shard>,
    pulls: SelectAll<Pull>,
    /// When all that had come by then was taken note of.
    polled_at: Instant,
    held: BTreeMap<u64, Held>,
    ack_wait: Duration,
    /// What is told with the next [`commit`](Self::commit), and again until it is known that the
    /// server has it.
    settled: BTreeMap<u64, Settled>,
    remembered: Remembered,
    /// How often what is known [was to be kept](Self::keeping).
    keeping: u64,
    /// Of these, the last that was; if it is not said, all is.
    kept: Option<Arc<AtomicU64>>,
    /// When something was acknowledged last, counted so.
    acked: Option<u64>,
    /// What has become of what was told and asked.
    heard: mpsc::UnboundedReceiver<Heard>,
    hear: mpsc::UnboundedSender<Heard>,
    /// It is not asked while something is told: nobody would know whether it is in the answer.
    turn: Arc<Mutex<()>>,
    asking: JoinSet<()>,
    /// What is wrong for too long.
    failure: Option<NatsError>,
    /// Which shards are read here. `None` if nobody is asked.
    leases: Option<Leases>,
    /// How many terms there were.
    terms: u64,
    /// The terms that have ended, or are to end.
    withdrawn: VecDeque<u64>,
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

/// What the server has heard, or says.
enum Heard {
    Told(Told),
    Asked {
        /// How many records of each shard were this reader's for sure.
        ours: Vec<u64>,
        infos: Vec<(usize, Result<consumer::Info, Unknown>)>,
    },
}

impl ReaderOptions {
    /// The records of a mirror, for consumers of this name.
    pub fn new(mirror: impl Into<String>, consumer: impl Into<String>) -> Self {
        Self {
            stream: "MIRROR".to_owned(),
            mirror: mirror.into(),
            consumer: consumer.into(),
            ack_wait: Duration::from_secs(30),
            bucket: "mirror-replay".to_owned(),
        }
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
        let (hear, heard) = mpsc::unbounded_channel();
        Self {
            client,
            stream,
            shards: Vec::new(),
            pulls: SelectAll::new(),
            polled_at: now,
            held: BTreeMap::new(),
            ack_wait,
            settled: BTreeMap::new(),
            remembered: Remembered::default(),
            keeping: 0,
            kept: None,
            acked: None,
            heard,
            hear,
            turn: Arc::default(),
            asking: JoinSet::new(),
            failure: None,
            leases: None,
            terms: 0,
            withdrawn: VecDeque::new(),
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
        // That of the first reader counts, whatever this one was told.
        self.ack_wait = if self.shards.is_empty() {
            info.config.ack_wait
        } else {
            self.ack_wait.min(info.config.ack_wait)
        };
        self.size += left;
        self.shards.push(Shard {
            name: name.to_owned(),
            consumer,
            end,
            arrived: BTreeSet::new(),
            term: Some(Term::new(0, 0, false)),
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
    /// The stream or a consumer cannot be reached for half a minute, or others have taken this one
    /// for lost.
    pub async fn next(&mut self) -> Result<Option<ReadRecord>, NatsError> {
        loop {
            self.note_leases()?;
            self.note_heard();
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            self.drain();
            if let Some(record) = self.hand_out()? {
                return Ok(Some(record));
            }
            // If this one was taken for lost, others may have come to the end.
            if self.shards.iter().all(|shard| shard.is_over) && !self.is_unsure() {
                return Ok(None);
            }
            self.ask_for_records().await?;
            let leases = self.leases.as_ref();
            tokio::select! {
                biased;
                Ok(refusal) = self.refusals.recv() => {
                    if ["CONSUMER.MSG.NEXT", "$JS.ACK"].iter().any(|of| refusal.contains(of)) {
                        return Err(self.refused("records cannot be had".to_owned()));
                    }
                }
                () = sleep_until(self.ask_at) => self.ask(),
                Some(heard) = self.heard.recv() => self.note_one(heard),
                () = async { leases?.changed().await; Some(()) }.map(drop), if leases.is_some() => {}
                Some((shard, event)) = self.pulls.next() => {
                    self.note(shard, event, Instant::now());
                }
            }
        }
    }

    /// A record that has come, with none before it in its shard.
    fn hand_out(&mut self) -> Result<Option<ReadRecord>, NatsError> {
        if self.is_unsure() {
            return Ok(None);
        }
        let is_shared = self.leases.is_some();
        loop {
            let shards = self.shards.iter().enumerate();
            let open = shards.filter(|(_, shard)| {
                let term = shard.term.as_ref();
                term.is_some_and(|term| {
                    !term.is_opening && !term.is_leaving && (!is_shared || term.is_whole())
                })
            });
            let first = open.filter_map(|(number, shard)| Some((*shard.arrived.first()?, number)));
            let Some((sequence, number)) = first.min() else {
                return Ok(None);
            };
            self.shards[number].arrived.remove(&sequence);
            if !self.holds(sequence) {
                // It comes again, to this reader or another.
                self.held.remove(&sequence);
                continue;
            }
            let Some(held) = self.held.get_mut(&sequence) else {
                continue;
            };
            held.is_out = true;
            let Ok(info) = held.message.info() else {
                continue;
            };
            let is_forgetful = self
                .connected_again
                .is_some_and(|at| at.elapsed() < FORGETFUL);
            let term = self.shards[number].term.as_ref();
            return Ok(Some(ReadRecord {
                sequence,
                shard: number,
                term: held.term,
                payload: held.message.payload.clone(),
                deliveries: u64::try_from(info.delivered).unwrap_or(1),
                is_again: info.delivered > 1 || is_forgetful,
                lost: term.map_or(0, |term| term.lost),
            }));
        }
    }

    /// Says that a record was begun.
    pub fn begin(&mut self, sequence: u64) {
        if let Some(held) = self.held.get_mut(&sequence) {
            held.is_begun = true;
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
                // What was on its way is lost, and comes later.
                if self.leases.is_some() {
                    shard.open_again();
                }
            }
        }
        if self.is_unsure() {
            return Ok(());
        }
        let now = Instant::now();
        // Before others may have the shard.
        let expires = EXPIRES.min(self.ack_wait / 4);
        for number in 0..self.shards.len() {
            while let Some(shard) = self.shards.get(number)
                && !shard.is_over
                && shard.asked < shard.to_ask()
                && shard.ask_at <= now
            {
                let batch = shard.consumer.batch().max_messages(BATCH).expires(expires);
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
                if let Some(term) = &mut shard.term
                    && std::mem::take(&mut term.has_new)
                    && term.is_opening
                {
                    term.is_asking = true;
                    term.asked += 1;
                    if term.asked <= AT_ONCE {
                        self.ask_at = Instant::now();
                    }
                }
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
        let Some(term) = &mut shard.term else {
            let settled = Settled::new(number, Arc::new(message), AckKind::Nak(None), None);
            self.settled.insert(sequence, settled);
            return;
        };
        term.note(info.consumer_sequence);
        term.has_new |= info.delivered <= 1;
        if sequence > shard.end || self.remembered.all.contains(&sequence) {
            // It is not to be read, or was settled, which the server has not heard.
            let before = self.is_unkept().then_some(self.keeping);
            let settled = Settled::new(number, Arc::new(message), AckKind::Ack, before);
            self.settled.insert(sequence, settled);
            return;
        }
        let before = self.held.get(&sequence);
        let before = before.filter(|before| before.term == term.number);
        let held = Held {
            shard: number,
            term: term.number,
            told_at: at,
            is_out: before.is_some_and(|before| before.is_out),
            is_begun: before.is_some_and(|before| before.is_begun),
            message: Arc::new(message),
        };
        if !held.is_out {
            shard.arrived.insert(sequence);
        }
        self.held.insert(sequence, held);
    }

    fn note_heard(&mut self) {
        while let Ok(heard) = self.heard.try_recv() {
            self.note_one(heard);
        }
    }

    fn note_one(&mut self, heard: Heard) {
        match heard {
            Heard::Told(told) => self.note_told(&told),
            Heard::Asked { ours, infos } => self.note_infos(&ours, infos),
        }
    }

    /// Whether a record is still this reader's. It is not if the server was not told for too long
    /// that it is worked on: it is handed out again then, and what has become of it counts there.
    #[must_use]
    pub fn holds(&self, sequence: u64) -> bool {
        self.held
            .get(&sequence)
            .is_some_and(|held| self.is_ours(held))
    }

    /// The server counts from when it has sent it. Of a shard that nobody else reads, nobody else is
    /// handed it.
    fn is_ours(&self, held: &Held) -> bool {
        if self.leases.is_none() {
            return held.told_at.elapsed() < self.ack_wait / 4 * 3;
        }
        let term = self.shards[held.shard].term.as_ref();
        term.is_some_and(|term| term.number == held.term)
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
        self.refusal().because(reason)
    }

    fn refusal(&self) -> Refusal {
        Refusal {
            stream: self.stream.cached_info().config.name.clone(),
            connection: self.connection.clone(),
        }
    }
}

/// What is said of the stream if something fails.
struct Refusal {
    stream: String,
    connection: Connection,
}

impl Refusal {
    fn because(&self, reason: String) -> NatsError {
        NatsError::Stream {
            stream: self.stream.clone(),
            reason: self.connection.explain(reason),
        }
    }
}

impl fmt::Debug for NatsReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsReader")
            .field("shards", &self.shards.len())
            .field("held", &self.held.len())
            .finish_non_exhaustive()
    }
}
