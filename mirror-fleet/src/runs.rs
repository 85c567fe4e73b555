//! The runs of one replay, wherever they are: they share its consumers, and keep what each has found
//! in one bucket.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use async_nats::{
    Client,
    jetstream::{
        kv::Store,
        stream::{LastRawMessageErrorKind, Stream},
    },
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use mirror_record::RecordId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::Instant;

use crate::{
    bucket::{self, BESIDE, Bounds, Fence},
    leases::{Leases, Shared},
    nats::{Connection, NatsError},
    reader::{INACTIVE, NatsReader, ReaderOptions, is_removed},
};

/// What all replays of a server may keep: a run takes some hundred KB.
const MAX_BYTES: u64 = 256 << 20;

/// What a run has found is gone after so long, if nobody begins the replay anew before. Consumers
/// that nobody reads are gone sooner: what is counted is never read again.
const MAX_AGE: Duration = Duration::from_hours(30 * 24);

/// How long the bucket may take to say something.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is tried to begin, or to join, while others do so.
const TRIES: usize = 16;

/// How often the server is asked whether it has taken note of the last acknowledgements, and how
/// long it is waited in between.
const NOTED: (usize, Duration) = (20, Duration::from_millis(100));

/// The version of [`Head`].
const VERSION: u32 = 1;

/// One run of a replay. Others may take part in it at the same time, or have done so before.
///
/// A replay begins with the first run, and reads the records that are in the stream then. It ends
/// when all of them are settled; the next run with the same name begins anew. What the runs have
/// found stays until the replay after that begins, so that none that ends a moment later misses
/// something.
pub struct Runs {
    client: Client,
    stream: Stream,
    store: Store,
    /// The name of the consumers, as a part of a key.
    key: String,
    consumer: String,
    head: Head,
    /// This run.
    run: String,
    /// How often it has written.
    number: u64,
    /// Closed by others, if they take this run for lost.
    fence: Fence,
    connection: Connection,
}

/// What all runs of a replay have to agree about.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Head {
    version: u32,
    /// What tells the replay from others with the same name.
    job: String,
    /// A word for this time that it is done.
    generation: String,
    /// The last record of each shard, by its subject.
    ends: BTreeMap<String, u64>,
    is_ended: bool,
    /// The time before.
    previous: Option<Previous>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Previous {
    generation: String,
    is_ended: bool,
}

/// Where the shards of a replay are.
#[derive(Default)]
struct Standing {
    open: BTreeSet<String>,
    removed: usize,
}

impl Runs {
    /// Takes part in the replay of that name, or begins it: if there is none, if it has come to its
    /// end, or if it is to be done `anew`. `job` tells it from others that happen to have its name.
    ///
    /// # Errors
    ///
    /// There is no such stream, the bucket cannot be had, or has no bounds, or the replay of that
    /// name is another one.
    pub async fn join(
        connection: &Connection,
        options: &ReaderOptions,
        job: &str,
        anew: bool,
    ) -> Result<(Self, NatsReader), NatsError> {
        let client = connection.client().await?;
        let stream = NatsReader::stream(connection, &client, options).await?;
        let replicas = stream.cached_info().config.num_replicas;
        let store = open(&client, &options.bucket, replicas).await;
        let store = store.map_err(|error| connection.explained(error))?;
        let mut runs = Self {
            client,
            stream,
            store,
            key: bucket::part(&options.consumer),
            consumer: options.consumer.clone(),
            head: Head {
                version: VERSION,
                job: job.to_owned(),
                generation: String::new(),
                ends: BTreeMap::new(),
                is_ended: false,
                previous: None,
            },
            run: RecordId::generate().to_string(),
            number: 0,
            fence: Fence::default(),
            connection: connection.clone(),
        };
        let mut anew = anew;
        for _ in 0..TRIES {
            let (known, revision) = runs.read_head().await?;
            if let Some(head) = &known
                && !head.is_ended
                && !anew
            {
                runs.take_part_in(head)?;
                let (reader, missing) = runs.open_consumers(connection, options).await?;
                if missing == 0 {
                    let reader = runs.share(reader);
                    return Ok((runs, reader));
                }
                let standing = runs.standing().await?;
                if runs.read_head().await?.1 != revision {
                    // It has just ended, and its consumers were removed.
                    continue;
                }
                if standing.removed < head.ends.len() {
                    return Err(runs.refused(format!(
                        "consumers of the replay `{}` are gone: nobody has read them for a week; \
                         begin anew with `--restart`",
                        runs.consumer
                    )));
                }
            }
            if runs.begin(options, known.as_ref(), revision, job).await? {
                let (reader, _) = runs.open_consumers(connection, options).await?;
                let reader = runs.share(reader);
                return Ok((runs, reader));
            }
            // Somebody else has begun it.
            anew = false;
        }
        Err(runs.refused(format!(
            "the replay `{}` is begun by others again and again",
            runs.consumer
        )))
    }

    /// Reads what others do not.
    fn share(&self, reader: NatsReader) -> NatsReader {
        let mut reader = reader;
        let shards = self
            .head
            .ends
            .keys()
            .map(|subject| shard(subject).to_owned());
        let shared = Shared {
            client: self.client.clone(),
            store: self.store.clone(),
            prefix: format!("{}.{}", self.key, self.head.generation),
            me: self.run.clone(),
            shards: shards.collect(),
            patience: reader.ack_wait(),
        };
        reader.share(Leases::start(shared));
        reader
    }

    fn take_part_in(&mut self, head: &Head) -> Result<(), NatsError> {
        if head.version != VERSION {
            return Err(self.refused(format!(
                "the replay `{}` is one of another version of this program; begin anew with \
                 `--restart`",
                self.consumer
            )));
        }
        if head.job != self.head.job {
            return Err(self.refused(format!(
                "the replay `{}` was begun with other options; name another one with \
                 `--consumer`, or begin anew with `--restart`",
                self.consumer
            )));
        }
        self.head = head.clone();
        Ok(())
    }

    /// Begins the replay, unless somebody else does so at the same time.
    async fn begin(
        &mut self,
        options: &ReaderOptions,
        before: Option<&Head>,
        revision: u64,
        job: &str,
    ) -> Result<bool, NatsError> {
        let head = Head {
            version: VERSION,
            job: job.to_owned(),
            generation: RecordId::generate().to_string(),
            ends: NatsReader::ends(&self.connection, &self.stream, options).await?,
            is_ended: false,
            previous: before.map(|head| Previous {
                generation: head.generation.clone(),
                is_ended: head.is_ended,
            }),
        };
        for subject in head.ends.keys() {
            let name = consumer(&self.consumer, &head.generation, subject);
            NatsReader::create_consumer(&self.stream, &name, subject, options)
                .await
                .map_err(|error| self.refused(error))?;
        }
        if !self.write_head(&head, revision).await? {
            self.remove_consumers(&head).await;
            return Ok(false);
        }
        self.head = head;
        if let Some(before) = before {
            self.remove_consumers(before).await;
            self.remove_leases(before).await;
        }
        self.remove_older().await;
        Ok(true)
    }

    /// Removes what the runs have found of the replays before the previous one.
    async fn remove_older(&self) {
        let filter = format!("{}.>", self.key);
        // What is left is removed by the server, or when the replay is begun the next time.
        let keys = bucket::keys(&self.client, &self.store, &filter, PATIENCE).await;
        let previous = self.head.previous.as_ref();
        let older: BTreeSet<_> = keys
            .iter()
            .flatten()
            .filter_map(|key| key.split('.').nth(1))
            .filter(|of| *of != self.head.generation)
            .filter(|of| previous.is_none_or(|previous| *of != previous.generation))
            .collect();
        for generation in older {
            let _ = bucket::remove(&self.store, &format!("{}.{generation}.>", self.key)).await;
        }
    }

    /// Whoever reads nothing any more needs none.
    async fn remove_leases(&self, of: &Head) {
        for what in ["member", "shard"] {
            let filter = format!("{}.{}.{what}.*", self.key, of.generation);
            let _ = bucket::remove(&self.store, &filter).await;
        }
    }

    /// The consumers, and how many of them are missing.
    async fn open_consumers(
        &self,
        connection: &Connection,
        options: &ReaderOptions,
    ) -> Result<(NatsReader, usize), NatsError> {
        let mut reader = NatsReader::new(
            connection,
            self.client.clone(),
            self.stream.clone(),
            options.ack_wait,
        );
        let mut missing = 0;
        for (subject, end) in &self.head.ends {
            let name = consumer(&self.consumer, &self.head.generation, subject);
            let is_there = reader.add(&name, *end).await;
            missing += usize::from(!is_there.map_err(|error| self.refused(error))?);
        }
        Ok((reader, missing))
    }

    /// Read where it was written, and not from a copy that may be older.
    async fn read_head(&self) -> Result<(Option<Head>, u64), NatsError> {
        let subject = format!("{}{}", self.store.prefix, self.key);
        let stream = &self.store.stream;
        let message = match stream.get_last_raw_message_by_subject(&subject).await {
            Ok(message) => message,
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                return Ok((None, 0));
            }
            Err(error) => return Err(self.bucket_failed(bucket::told(&error))),
        };
        let revision = message.sequence;
        if message.headers.get("KV-Operation").is_some() {
            return Ok((None, revision));
        }
        let head = serde_json::from_slice(&message.payload).map_err(|error| {
            self.bucket_failed(format!("`{}` cannot be read: {error}", self.key))
        })?;
        Ok((Some(head), revision))
    }

    /// Writes what all agree about in the place of what they did; `false` if there is something
    /// newer.
    async fn write_head(&self, head: &Head, revision: u64) -> Result<bool, NatsError> {
        let failed = |error: String| self.bucket_failed(error);
        let value = serde_json::to_vec(head).map_err(|error| failed(error.to_string()))?;
        let put = bucket::put_if(&self.store, &self.key, revision, value.into());
        put.await.map_err(failed)
    }

    /// Keeps what this run has found, in the place of what it had found before. It is packed at once,
    /// and written while something else is done.
    ///
    /// # Errors
    ///
    /// It could not be written. What was there is still there.
    pub fn write(&mut self, found: &impl Serialize) -> BoxFuture<'static, Result<(), NatsError>> {
        self.number += 1;
        let longest = self.client.max_payload().saturating_sub(BESIDE);
        let key = format!("{}.{}.{}", self.key, self.head.generation, self.run);
        let parts = bucket::pack(found, self.number, longest);
        let (slot, store) = (self.number % 2, self.store.clone());
        let (connection, fence) = (self.connection.clone(), self.fence.clone());
        Box::pin(async move {
            let written = async { bucket::write_fenced(&store, &fence, &key, slot, parts?).await };
            written.await.map_err(|reason| NatsError::Stream {
                stream: store.stream_name.clone(),
                reason: connection.explain(reason),
            })
        })
    }

    /// What the other runs of this replay have found by now.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    #[must_use = "nothing is read before it is polled"]
    pub fn others<T>(&self) -> BoxFuture<'static, Result<Vec<T>, NatsError>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        /// When it is read again, because somebody is just writing.
        const PAUSE: Duration = Duration::from_millis(50);

        let (client, store) = (self.client.clone(), self.store.clone());
        let prefix = format!("{}.{}.", self.key, self.head.generation);
        let (run, connection) = (self.run.clone(), self.connection.clone());
        Box::pin(async move {
            let end = Instant::now() + PATIENCE;
            let mut found = read_others(&client, &store, &prefix, &run).await;
            while found.is_err() && Instant::now() < end {
                tokio::time::sleep(PAUSE).await;
                found = read_others(&client, &store, &prefix, &run).await;
            }
            found.map_err(|reason| NatsError::Stream {
                stream: store.stream_name.clone(),
                reason: connection.explain(reason),
            })
        })
    }

    /// Ends the replay. To be called when the reader has come to its end, and has committed for the
    /// last time.
    ///
    /// # Errors
    ///
    /// It was begun anew in the meantime, or the server does not say how far it is.
    pub async fn end(&mut self) -> Result<(), NatsError> {
        let mut standing = self.standing().await?;
        for _ in 0..NOTED.0 {
            if standing.open.is_empty() {
                break;
            }
            tokio::time::sleep(NOTED.1).await;
            standing = self.standing().await?;
        }
        let (known, revision) = self.read_head().await?;
        let is_ours = known
            .as_ref()
            .is_some_and(|head| head.generation == self.head.generation);
        let is_ended = match &known {
            Some(head) if is_ours => Some(head.is_ended),
            Some(head) => head.previous.as_ref().and_then(|previous| {
                (previous.generation == self.head.generation).then_some(previous.is_ended)
            }),
            None => None,
        };
        match is_ended {
            // Somebody has seen that all is settled, and has removed the consumers.
            Some(true) => return Ok(()),
            Some(false) if standing.removed == 0 && is_ours => {}
            _ => {
                return Err(self.refused(format!(
                    "the replay `{}` was begun anew, or its consumers were removed, while this run \
                     took part in it",
                    self.consumer
                )));
            }
        }
        if standing.open.is_empty() {
            let mut head = self.head.clone();
            head.is_ended = true;
            // Who was faster has done the same.
            let _ = self.write_head(&head, revision).await?;
            self.remove_consumers(&head).await;
        }
        Ok(())
    }

    async fn standing(&self) -> Result<Standing, NatsError> {
        let mut standing = Standing::default();
        for (subject, end) in &self.head.ends {
            let name = consumer(&self.consumer, &self.head.generation, subject);
            match self.stream.consumer_info(&name).await {
                Ok(info) => {
                    let is_delivered =
                        info.num_pending == 0 || info.delivered.stream_sequence >= *end;
                    if !is_delivered || info.num_ack_pending > 0 {
                        standing.open.insert(subject.clone());
                    }
                }
                Err(error) if is_removed(&error.kind()) => standing.removed += 1,
                Err(error) => return Err(self.refused(bucket::told(&error))),
            }
        }
        Ok(standing)
    }

    /// One that is left is removed by the server in a week.
    async fn remove_consumers(&self, head: &Head) {
        for subject in head.ends.keys() {
            let name = consumer(&self.consumer, &head.generation, subject);
            let _ = self.stream.delete_consumer(&name).await;
        }
    }

    fn refused(&self, reason: String) -> NatsError {
        NatsError::Stream {
            stream: self.stream.cached_info().config.name.clone(),
            reason: self.connection.explain(reason),
        }
    }

    fn bucket_failed(&self, reason: String) -> NatsError {
        NatsError::Stream {
            stream: self.store.stream_name.clone(),
            reason: self.connection.explain(reason),
        }
    }
}

/// What runs but this one have found.
async fn read_others<T: DeserializeOwned>(
    client: &Client,
    store: &Store,
    prefix: &str,
    this: &str,
) -> Result<Vec<T>, String> {
    let entries = bucket::read(client, store, &format!("{prefix}>"), PATIENCE).await?;
    let runs = entries.iter().filter(|(key, _)| {
        let run = key.strip_prefix(prefix).unwrap_or_default();
        // Others are further parts.
        !run.contains('.') && run != this
    });
    runs.map(|(key, entry)| {
        let parts: Vec<Bytes> = bucket::whole(&entries, key, entry)?;
        bucket::unpack(&parts)
    })
    .collect()
}

/// The bucket, which must forget at some time what nobody asks for.
async fn open(client: &Client, name: &str, replicas: usize) -> Result<Store, NatsError> {
    let bounds = Bounds {
        name: name.to_owned(),
        description: "What the replays of recorded requests have found",
        max_bytes: MAX_BYTES,
        max_age: MAX_AGE,
        // As safe as the records.
        replicas,
    };
    let (store, config) = bucket::open(client, &bounds).await?;
    let mut differences = Vec::new();
    if config.max_bytes <= 0 {
        differences.push("`max_bytes` is not set, and a bound is needed".to_owned());
    }
    if config.max_age.is_zero() {
        differences.push("`max_age` is not set, and a bound is needed".to_owned());
    } else if config.max_age < INACTIVE {
        differences.push(format!(
            "`max_age` is {} s, and {} s are needed: as long as a replay can be gone on with",
            config.max_age.as_secs(),
            INACTIVE.as_secs()
        ));
    }
    if differences.is_empty() {
        Ok(store)
    } else {
        Err(NatsError::Differs {
            stream: config.name,
            differences,
        })
    }
}

/// The name of the consumer of a shard.
fn consumer(name: &str, generation: &str, subject: &str) -> String {
    format!("{name}-{generation}-{}", shard(subject))
}

/// The last part of the subject of a shard.
fn shard(subject: &str) -> &str {
    subject.rsplit('.').next().unwrap_or_default()
}

impl fmt::Debug for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runs")
            .field("consumer", &self.consumer)
            .field("generation", &self.head.generation)
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
