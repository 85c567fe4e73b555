//! Reading the records of a mirror back from the stream.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use async_nats::{
    Client,
    jetstream::{
        self, AckKind, ErrorCode, Message,
        consumer::{self, AckPolicy, PullConsumer, pull},
        context::ConsumerInfoErrorKind,
        stream::Stream,
    },
};
use bytes::Bytes;
use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::{BoxFuture, join_all, ready},
    stream::{BoxStream, SelectAll, once},
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard, broadcast, mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    leases::Leases,
    nats::{Connection, NatsError, Presence},
    sink::{SUBJECTS, mirror_of, subjects},
};

/// So many records are asked for at once, of each shard, [twice](ASKED): no more than one reader
/// needs, so that there are some for others.
const BATCH: usize = 16;

/// So often is asked before all has come, so that the next records are on their way by then.
const ASKED: usize = 2;

/// After so long without a record it is asked anew, and it is if the server has forgotten the
/// request. Whoever gives a shard to others waits for what it has asked for.
const EXPIRES: Duration = Duration::from_secs(2);

/// As many records of a shard may be handed out and not settled.
const MAX_ACK_PENDING: i64 = 20_000;

/// How long a consumer that nobody reads stays, so that a later run goes on.
pub(crate) const INACTIVE: Duration = Duration::from_hours(7 * 24);

/// When a record is handed out again that is given back at the end: when this reader asks for no
/// more.
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

struct Shard {
    name: String,
    consumer: PullConsumer,
    /// The last record that is read.
    end: u64,
    /// Those of the held records that are not handed out.
    arrived: BTreeSet<u64>,
    /// `None` if others may read it.
    term: Option<Term>,
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

/// A time for which a shard is read here.
struct Term {
    number: u64,
    /// How often a reader of the shard was lost before.
    lost: u32,
    /// Records may be on their way that come before those that are here, as they do whose reader was
    /// lost, or whose connection broke. Nothing is handed out until all have come.
    is_opening: bool,
    /// While it is opened, records came that nobody had before.
    has_new: bool,
    /// Those that others had come first, so it is asked whether there are more of them.
    is_asking: bool,
    /// The shard is given to others: nothing is handed out any more.
    is_leaving: bool,
    /// The consumer counts what it hands out. All up to this number have come.
    whole: u64,
    /// The last that has come, and how many behind the ones above.
    newest: u64,
    came: u64,
}

impl Term {
    fn new(number: u64, lost: u32, is_opening: bool) -> Self {
        Self {
            number,
            lost,
            is_opening,
            has_new: false,
            is_asking: false,
            is_leaving: false,
            whole: 0,
            newest: 0,
            came: 0,
        }
    }

    fn note(&mut self, number: u64) {
        if number > self.whole {
            self.came += 1;
            self.newest = self.newest.max(number);
        }
    }

    /// Whether none is missing.
    fn is_whole(&self) -> bool {
        self.newest.saturating_sub(self.whole) == self.came
    }
}

struct Held {
    message: Arc<Message>,
    shard: usize,
    term: u64,
    told_at: Instant,
    /// Whether it was handed out, and whether it was begun.
    is_out: bool,
    is_begun: bool,
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

impl Shard {
    fn is_leaving(&self) -> bool {
        self.term.as_ref().is_some_and(|term| term.is_leaving)
    }

    /// Waits until all has come that was handed out.
    fn open_again(&mut self) {
        if let Some(term) = &mut self.term {
            term.is_opening = true;
            (term.has_new, term.is_asking) = (false, false);
        }
    }

    /// How many requests for records may be under way.
    fn to_ask(&self) -> usize {
        match &self.term {
            None => 0,
            Some(term) if term.is_leaving || term.is_asking => 0,
            Some(term) if term.is_opening => 1,
            Some(_) => ASKED,
        }
    }
}

struct Settled {
    shard: usize,
    message: Arc<Message>,
    kind: AckKind,
    /// How often what is known was to be kept before: it is told when it is kept. `None` if there is
    /// nothing to keep.
    before: Option<u64>,
    is_told: bool,
}

impl Settled {
    fn new(shard: usize, message: Arc<Message>, kind: AckKind, before: Option<u64>) -> Self {
        Self {
            shard,
            message,
            kind,
            before,
            is_told: false,
        }
    }
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

/// What the server was told.
struct Told {
    /// Each with how often what is known was to be kept before.
    settled: Vec<(u64, Option<u64>)>,
    progress: Vec<u64>,
    at: Instant,
    /// The shards that are let go.
    left: BTreeSet<usize>,
}

/// Why nothing is known of a consumer.
enum Unknown {
    Removed,
    Failed(String),
}

/// A question about some shards.
struct Question {
    stream: Stream,
    /// Their numbers and the names of their consumers.
    shards: Vec<(usize, String)>,
    ours: Vec<u64>,
    hear: mpsc::UnboundedSender<Heard>,
}

impl Question {
    async fn ask(self) {
        let infos = self.shards.iter().map(async |(number, name)| {
            let info = self.stream.consumer_info(name).await;
            let info = info.map_err(|error| match is_removed(&error.kind()) {
                true => Unknown::Removed,
                false => Unknown::Failed(error.to_string()),
            });
            (*number, info)
        });
        let infos = join_all(infos).await;
        // Nobody is there any more.
        let _ = self.hear.send(Heard::Asked {
            ours: self.ours,
            infos,
        });
    }
}

/// What is known is written down. To be told when it is.
#[derive(Debug)]
pub struct Keeping {
    kept: Option<Arc<AtomicU64>>,
    number: u64,
}

impl Keeping {
    /// It is safe: what was acknowledged before may be acknowledged to the server.
    pub fn done(self) {
        if let Some(kept) = self.kept {
            kept.fetch_max(self.number, Relaxed);
        }
    }
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
        self.ack_wait = self.ack_wait.min(info.config.ack_wait);
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

    /// Reads only those shards from now on that are this reader's.
    pub(crate) fn share(&mut self, leases: Leases) {
        self.leases = Some(leases);
        for shard in &mut self.shards {
            shard.term = None;
        }
    }

    /// The time after which others are handed what this reader holds.
    pub(crate) fn ack_wait(&self) -> Duration {
        self.ack_wait
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
            if self.shards.iter().all(|shard| shard.is_over) {
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

    /// Takes note of the shards that are this reader's by now, and of those that are to be others'.
    fn note_leases(&mut self) -> Result<(), NatsError> {
        let Some(leases) = &self.leases else {
            return Ok(());
        };
        if let Some(reason) = leases.trouble(AWAY) {
            return Err(self.refused(reason));
        }
        let mut state = leases.lock();
        if state.is_lost {
            drop(state);
            self.lose();
            return Err(self.refused(self.is_lost()));
        }
        let mut is_news = false;
        for (number, shard) in self.shards.iter_mut().enumerate() {
            if shard.is_over {
                is_news |= state.over.insert(number);
                continue;
            }
            let lost = state.held.get(&number);
            if let Some(lost) = lost.filter(|_| !state.let_go.contains(&number))
                && shard.term.is_none()
            {
                self.terms += 1;
                shard.term = Some(Term::new(self.terms, *lost, true));
                self.ask_at = Instant::now();
            }
        }
        let leaving = self.shards.iter().filter(|shard| shard.is_leaving());
        for _ in leaving.count() + state.let_go.len()..state.leave {
            let begun = |number: usize| {
                let held = self.held.values().filter(|held| held.shard == number);
                held.filter(|held| held.is_begun).count()
            };
            let shards = self.shards.iter().enumerate();
            let may_go = shards.filter(|(_, shard)| {
                let term = shard.term.as_ref();
                !shard.is_over && term.is_some_and(|term| !term.is_leaving)
            });
            // Soon, and with much to do for whoever has it next.
            let best = may_go.min_by_key(|(number, shard)| (begun(*number), Reverse(shard.left)));
            let Some((number, _)) = best else {
                break;
            };
            if let Some(term) = &mut self.shards[number].term {
                term.is_leaving = true;
                self.withdrawn.push_back(term.number);
            }
        }
        drop(state);
        if is_news {
            leases.wake();
        }
        Ok(())
    }

    /// Forgets all that it holds: others do, too.
    fn lose(&mut self) {
        self.held.clear();
        self.settled.clear();
        for shard in &mut self.shards {
            shard.arrived.clear();
            if let Some(term) = shard.term.take() {
                self.withdrawn.push_back(term.number);
            }
        }
    }

    fn is_lost(&self) -> String {
        let patience = self.leases.as_ref().map_or(self.ack_wait, Leases::patience);
        format!(
            "nothing was heard of this replayer for {patience:?}, so others go on with what it had; \
             what it had not written down is replayed by them"
        )
    }

    /// A [term](ReadRecord::term) that has ended, or is to end: nothing of it is begun any more, and
    /// what was not begun is [given back](Self::nak).
    pub fn withdrawn(&mut self) -> Option<u64> {
        // Who waits for nothing is told here.
        let _ = self.note_leases();
        self.note_heard();
        self.withdrawn.pop_front()
    }

    /// Whether others may believe that this reader is lost, so that nothing may be begun for now.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.leases.as_ref().is_some_and(|leases| !leases.is_sure())
    }

    /// Whether something was acknowledged since what is known of it was [kept](Self::keeping).
    #[must_use]
    pub fn is_unkept(&self) -> bool {
        self.acked >= self.kept()
    }

    /// Acknowledges nothing to the server from now on whose result is not [kept](Self::keeping).
    pub fn wait_until_kept(&mut self) {
        self.kept = Some(Arc::default());
    }

    /// Says that what is known of all that is acknowledged by now is being written down.
    pub fn keeping(&mut self) -> Keeping {
        self.keeping += 1;
        Keeping {
            kept: self.kept.clone(),
            number: self.keeping,
        }
    }

    /// What was acknowledged less often is kept.
    fn kept(&self) -> Option<u64> {
        let kept = self.kept.as_ref().map(|kept| kept.load(Relaxed));
        Some(kept.unwrap_or(u64::MAX))
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

    /// Asks how far the shards are, unless something is told.
    fn ask(&mut self) {
        self.ask_at = Instant::now() + ASK;
        let Ok(turn) = Arc::clone(&self.turn).try_lock_owned() else {
            return;
        };
        // Those that were noted, and no others, are known to be handed out to here.
        self.drain();
        let question = self.question();
        while self.asking.try_join_next().is_some() {}
        self.asking.spawn(async move {
            let _turn: OwnedMutexGuard<()> = turn;
            question.ask().await;
        });
    }

    fn question(&self) -> Question {
        let shards = self.shards.iter().enumerate();
        let open = shards.filter(|(_, shard)| !shard.is_over);
        let ours = |number: usize| {
            let held = self.held.values();
            let held = held.filter(|held| held.shard == number && self.is_ours(held));
            let settled = self.settled.values();
            let settled = settled.filter(|of| of.shard == number && !of.is_told);
            (held.count() + settled.count()) as u64
        };
        Question {
            stream: self.stream.clone(),
            shards: open
                .map(|(number, shard)| (number, shard.name.clone()))
                .collect(),
            ours: (0..self.shards.len()).map(ours).collect(),
            hear: self.hear.clone(),
        }
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

    /// Takes note of how far the shards are.
    fn note_infos(&mut self, ours: &[u64], infos: Vec<(usize, Result<consumer::Info, Unknown>)>) {
        self.asked_at = Instant::now();
        let mut failed = None;
        for (number, info) in infos {
            let info = match info {
                Ok(info) => info,
                Err(Unknown::Removed) => {
                    let shard = &mut self.shards[number];
                    (shard.is_over, shard.left, shard.others) = (true, 0, 0);
                    continue;
                }
                Err(Unknown::Failed(reason)) => {
                    failed = Some(reason);
                    continue;
                }
            };
            let ours = ours[number];
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
            if self.leases.is_some()
                && let Some(term) = &mut shard.term
            {
                term.is_asking = false;
                term.is_opening |= !term.is_whole();
                if term.is_opening && pending <= ours {
                    let whole = info.delivered.consumer_sequence;
                    let held = self.held.values().filter(|held| held.shard == number);
                    let behind = held.filter_map(|held| {
                        let info = held.message.info().ok()?;
                        (info.consumer_sequence > whole).then_some(info.consumer_sequence)
                    });
                    (term.whole, term.newest, term.came) = (whole, whole, 0);
                    behind.for_each(|number| term.note(number));
                    term.is_opening = false;
                }
            }
        }
        if let Err(failure) = self.note_failure(failed) {
            self.failure = Some(failure);
        }
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
        self.shards.iter().all(|shard| {
            let is_open = shard.term.as_ref().is_some_and(|term| !term.is_opening);
            let is_known = shard.is_over || shard.term.is_none() || is_open && shard.is_delivered;
            is_known && shard.arrived.is_empty()
        })
    }

    /// How many records others hold, when this reader has come to the end of what it reads.
    #[must_use]
    pub fn waits_for(&self) -> u64 {
        let open = self.shards.iter().filter(|shard| !shard.is_over);
        if self.leases.is_none() {
            return open.map(|shard| shard.others).sum();
        }
        let is_done = open.clone().all(|shard| shard.term.is_none());
        if is_done {
            open.map(|shard| shard.left).sum()
        } else {
            0
        }
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

    /// The server counts from when it has sent it. Of a shard that nobody else reads, nobody else is
    /// handed it.
    fn is_ours(&self, held: &Held) -> bool {
        if self.leases.is_none() {
            return held.told_at.elapsed() < self.ack_wait / 4 * 3;
        }
        let term = self.shards[held.shard].term.as_ref();
        term.is_some_and(|term| term.number == held.term)
    }

    /// Says that a record is settled: it is not handed out again.
    pub fn ack(&mut self, sequence: u64) {
        self.settle(sequence, AckKind::Ack, Some(self.keeping));
        self.remembered.push(sequence);
        self.acked = Some(self.keeping);
    }

    /// Says that others have settled a record, and have kept what they know of it.
    pub fn ack_of_others(&mut self, sequence: u64) {
        self.settle(sequence, AckKind::Ack, None);
        self.remembered.push(sequence);
    }

    /// Says that a record is to be handed out again, to whomever.
    pub fn nak(&mut self, sequence: u64) {
        if let Some(held) = self.held.get_mut(&sequence)
            && self.shards[held.shard].is_leaving()
        {
            // It goes with the shard.
            (held.is_out, held.is_begun) = (false, false);
            return;
        }
        self.settle(sequence, AckKind::Nak(Some(SOON)), None);
    }

    /// Says that a record is set aside for good.
    pub fn term(&mut self, sequence: u64) {
        self.settle(sequence, AckKind::Term, Some(self.keeping));
        self.remembered.push(sequence);
        self.acked = Some(self.keeping);
    }

    /// Says that a record is none of this reader's any more: it is not told of.
    pub fn forget(&mut self, sequence: u64) {
        self.held.remove(&sequence);
    }

    fn settle(&mut self, sequence: u64, kind: AckKind, before: Option<u64>) {
        // Of one that is lost, somebody else tells.
        if let Some(held) = self.held.remove(&sequence)
            && self.is_ours(&held)
        {
            let settled = Settled::new(held.shard, held.message, kind, before);
            self.settled.insert(sequence, settled);
        }
    }

    /// The records that were settled for good last: all of which it is not known that the server
    /// has taken note, and more, sorted. If the process ends now, they may be handed out again.
    pub fn settled(&self) -> impl Iterator<Item = u64> {
        self.remembered.all.iter().copied()
    }

    /// Tells the server what is settled, and that what is held is still worked on. Shards that are
    /// to be others' are let go, if nothing of them is in flight. Nothing is told if what is returned
    /// is dropped; the reader can be used while it is under way.
    ///
    /// # Errors
    ///
    /// It cannot be told. It is tried again the next time.
    pub fn commit(&mut self) -> BoxFuture<'static, Result<(), NatsError>> {
        // If it is lost, it is told of it by `next`.
        let _ = self.note_leases();
        self.note_heard();
        self.drain();
        let now = Instant::now();
        let mut told = Told {
            settled: Vec::new(),
            progress: Vec::new(),
            at: now,
            left: self.left_shards(),
        };
        let kept = self.kept();
        let mut messages = Vec::new();
        for (sequence, settled) in &mut self.settled {
            if settled.before < kept {
                settled.is_told = true;
                told.settled.push((*sequence, settled.before));
                messages.push((Arc::clone(&settled.message), settled.kind));
            }
        }
        for (sequence, held) in &self.held {
            let message = || Arc::clone(&held.message);
            if told.left.contains(&held.shard) {
                messages.push((message(), AckKind::Nak(None)));
            } else if self.is_ours(held) && now.duration_since(held.told_at) >= self.ack_wait / 4 {
                // Of one that is lost, somebody else may have been told.
                messages.push((message(), AckKind::Progress));
                told.progress.push(*sequence);
            }
        }
        // Where much comes, nobody waits for the answers in `next`.
        let question = (self.asked_at.elapsed() >= ASK).then(|| self.question());
        let (client, presence) = (self.client.clone(), self.presence.clone());
        let (turn, hear) = (Arc::clone(&self.turn), self.hear.clone());
        let refusal = self.refusal();
        Box::pin(async move {
            let _turn = turn.lock_owned().await;
            let connection = presence.borrow().number;
            for (message, kind) in messages {
                let told = message.ack_with(kind).await;
                told.map_err(|error| refusal.because(error.to_string()))?;
            }
            let flushed = tokio::time::timeout(REQUEST_TIMEOUT, client.flush()).await;
            match flushed {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(refusal.because(error.to_string())),
                Err(_) => return Err(refusal.because("the server does not respond".to_owned())),
            }
            // What was on its way when a connection broke may be lost.
            let is_sure = {
                let presence = presence.borrow();
                presence.number == connection && presence.away().is_none()
            };
            if is_sure {
                // Nobody is there any more.
                let _ = hear.send(Heard::Told(told));
            }
            if let Some(question) = question {
                question.ask().await;
            }
            Ok(())
        })
    }

    /// Takes note of what the server knows.
    fn note_told(&mut self, told: &Told) {
        for (sequence, before) in &told.settled {
            let settled = self.settled.get(sequence);
            if settled.is_some_and(|settled| settled.is_told && settled.before == *before) {
                self.settled.remove(sequence);
            }
        }
        for sequence in &told.progress {
            if let Some(held) = self.held.get_mut(sequence) {
                held.told_at = held.told_at.max(told.at);
            }
        }
        self.remembered.trim();
        self.let_go(&told.left);
    }

    /// The shards that can be let go: nothing of them is on its way to here, or in flight.
    fn left_shards(&self) -> BTreeSet<usize> {
        let shards = self.shards.iter().enumerate();
        let left = shards.filter(|(number, shard)| {
            let mut held = self.held.values();
            let mut settled = self.settled.values();
            shard.is_leaving()
                && shard.asked == 0
                && !held.any(|held| held.shard == *number && held.is_out)
                && !settled.any(|it| it.shard == *number && it.before >= self.kept())
        });
        left.map(|(number, _)| number).collect()
    }

    /// Frees shards of which the server was given back all that is not settled.
    fn let_go(&mut self, left: &BTreeSet<usize>) {
        let Some(leases) = self.leases.as_ref().filter(|_| !left.is_empty()) else {
            return;
        };
        self.held.retain(|_, held| !left.contains(&held.shard));
        for number in left {
            let shard = &mut self.shards[*number];
            shard.arrived.clear();
            shard.term = None;
        }
        leases.lock().let_go.extend(left);
        leases.wake();
    }

    /// Lets all shards go.
    pub async fn leave(&mut self) {
        if let Some(leases) = &mut self.leases {
            leases.leave().await;
        }
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
        for number in 0..self.shards.len() {
            for sequence in std::mem::take(&mut self.shards[number].arrived) {
                self.settle(sequence, AckKind::Nak(Some(SOON)), None);
            }
        }
        // If the server is not told, it waits for `ack_wait`.
        let _ = self.commit().await;
        self.note_heard();
        self.leave().await;
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

impl fmt::Debug for NatsReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsReader")
            .field("shards", &self.shards.len())
            .field("held", &self.held.len())
            .finish_non_exhaustive()
    }
}
