//! Buckets of NATS: how they are made and checked, and how what is too large for one key is written.

mod fence;
mod key;
mod packed;

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use async_nats::{
    Client,
    jetstream::{
        self, Context,
        consumer::{DeliverPolicy, ReplayPolicy, push::OrderedConfig},
        kv::{Store, UpdateErrorKind},
        stream::{self, DiscardPolicy, LastRawMessageErrorKind, RetentionPolicy, StorageType},
    },
};
use bytes::Bytes;
use futures_util::StreamExt as _;

pub(crate) use self::{
    fence::{Fence, close},
    key::part,
    packed::{BESIDE, pack, unpack, whole},
};
use crate::nats::NatsError;

/// What a bucket is to be like.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) name: String,
    pub(crate) description: &'static str,
    pub(crate) max_bytes: u64,
    /// After so long, a value that was not written again is gone. Zero: never.
    pub(crate) max_age: Duration,
    pub(crate) replicas: usize,
}

/// The value of a key.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// `None` if the key was deleted.
    pub(crate) value: Option<Bytes>,
    pub(crate) revision: u64,
    /// By the clock of the server.
    pub(crate) written: SystemTime,
    /// Whether it is one of those that were there when the watch began.
    pub(crate) is_old: bool,
}

/// What happens to the keys of a bucket, beginning with the values that they have.
pub(crate) struct Watch {
    messages: jetstream::consumer::push::Ordered,
    prefix: String,
    /// How many of the values that were there are still to come.
    pending: u64,
    /// When it began, by the clock of the server.
    pub(crate) began: SystemTime,
}

/// The bucket, which is created if there is none.
///
/// # Errors
///
/// If it cannot be had, or is there with other bounds.
pub(crate) async fn ensure(client: &Client, bounds: &Bounds) -> Result<Store, NatsError> {
    let (store, found) = open(client, bounds).await?;
    let differences = differences(&config(bounds), &found);
    if differences.is_empty() {
        Ok(store)
    } else {
        Err(NatsError::Differs {
            stream: format!("KV_{}", bounds.name),
            differences,
        })
    }
}

/// The bucket with these bounds, or with those that it has if there is one.
///
/// # Errors
///
/// If it cannot be had.
pub(crate) async fn open(
    client: &Client,
    bounds: &Bounds,
) -> Result<(Store, stream::Config), NatsError> {
    let context = jetstream::new(client.clone());
    let failed = |error: &dyn std::fmt::Display| NatsError::Stream {
        stream: format!("KV_{}", bounds.name),
        reason: error.to_string(),
    };
    let store = match context.get_key_value(&bounds.name).await {
        Ok(store) => store,
        Err(_) => create(&context, bounds)
            .await
            .map_err(|error| failed(&error))?,
    };
    let info = store.status().await.map_err(|error| failed(&error))?;
    Ok((store, info.info.config))
}

/// As clients make buckets.
pub(crate) fn config(bounds: &Bounds) -> stream::Config {
    stream::Config {
        name: format!("KV_{}", bounds.name),
        description: Some(bounds.description.to_owned()),
        subjects: vec![format!("$KV.{}.>", bounds.name)],
        max_messages_per_subject: 1,
        max_bytes: i64::try_from(bounds.max_bytes).unwrap_or(i64::MAX),
        max_age: bounds.max_age,
        num_replicas: bounds.replicas,
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        ..stream::Config::default()
    }
}

/// No bound is 0, or below.
fn bound(of: i64) -> String {
    if of > 0 {
        of.to_string()
    } else {
        "unbounded".to_owned()
    }
}

/// No bound is 0.
fn age(of: Duration) -> String {
    if of.is_zero() {
        "unbounded".to_owned()
    } else {
        format!("{of:?}")
    }
}

/// In what a bucket differs from what was asked for, so that what is written would be lost sooner, or
/// differently.
fn differences(asked: &stream::Config, found: &stream::Config) -> Vec<String> {
    let mut differences = Vec::new();
    let mut compare = |what: &str, found: String, asked: String| {
        if found != asked {
            differences.push(format!("`{what}` is {found}, and {asked} was asked for"));
        }
    };
    let text = |of: &dyn std::fmt::Debug| format!("{of:?}");
    compare("max_bytes", bound(found.max_bytes), bound(asked.max_bytes));
    let (has, wanted) = (found.num_replicas, asked.num_replicas);
    compare("replicas", has.to_string(), wanted.to_string());
    compare("max_age", age(found.max_age), age(asked.max_age));
    compare("storage", text(&found.storage), text(&asked.storage));
    let (has, wanted) = (&found.retention, &asked.retention);
    compare("retention", text(has), text(wanted));
    compare("discard", text(&found.discard), text(&asked.discard));
    let has = bound(found.max_messages_per_subject);
    compare("history", has, bound(asked.max_messages_per_subject));
    let has = bound(found.max_messages);
    compare("max_msgs", has, bound(asked.max_messages));
    let has = bound(found.max_message_size.into());
    compare("max_msg_size", has, bound(asked.max_message_size.into()));
    differences
}

async fn create(context: &Context, bounds: &Bounds) -> Result<Store, String> {
    // Without asking for the account first, which old servers do not describe as new ones do.
    let config = config(bounds);
    let created = context.create_stream(config).await;
    match (context.get_key_value(&bounds.name).await, created) {
        // Another instance may have been faster.
        (Ok(store), _) => Ok(store),
        (Err(_), Err(error)) => Err(told(&error)),
        (Err(error), Ok(_)) => Err(told(&error)),
    }
}

impl Watch {
    /// Watches the keys that fit a filter.
    pub(crate) async fn new(client: &Client, store: &Store, filter: &str) -> Result<Self, String> {
        Self::with(client, store, filter, false).await
    }

    async fn with(
        client: &Client,
        store: &Store,
        filter: &str,
        headers_only: bool,
    ) -> Result<Self, String> {
        let config = OrderedConfig {
            deliver_subject: client.new_inbox(),
            filter_subject: format!("{}{filter}", store.prefix),
            replay_policy: ReplayPolicy::Instant,
            deliver_policy: DeliverPolicy::LastPerSubject,
            headers_only,
            ..OrderedConfig::default()
        };
        let consumer = store.stream.create_consumer(config).await;
        let consumer = consumer.map_err(|error| error.to_string())?;
        let pending = consumer.cached_info().num_pending;
        let began = consumer.cached_info().created.into();
        let messages = consumer.messages().await;
        Ok(Self {
            messages: messages.map_err(|error| error.to_string())?,
            prefix: store.prefix.clone(),
            pending,
            began,
        })
    }

    /// The next change.
    pub(crate) async fn next(&mut self) -> Result<Entry, String> {
        let message = self.messages.next().await;
        let message = message.ok_or("the watch has ended")?;
        let message = message.map_err(|error| error.to_string())?;
        let info = message.info().map_err(|error| error.to_string())?;
        let is_old = self.pending > 0;
        self.pending = self.pending.saturating_sub(1);
        let written = info.published.into();
        let key = message.subject.strip_prefix(&*self.prefix);
        let key = key.unwrap_or_default().to_owned();
        let headers = message.headers.as_ref();
        let is_gone = headers.is_some_and(|headers| headers.get("KV-Operation").is_some());
        Ok(Entry {
            key,
            value: (!is_gone).then(|| message.payload.clone()),
            revision: info.stream_sequence,
            written,
            is_old,
        })
    }

    /// Whether the values that were there are still to come.
    pub(crate) const fn is_loading(&self) -> bool {
        self.pending > 0
    }
}

/// Writes the parts of a snapshot: the first last, because it says in which slot the others are.
pub(crate) async fn write(
    store: &Store,
    key: &str,
    slot: u64,
    parts: Vec<Bytes>,
) -> Result<(), String> {
    for (index, value) in parts.into_iter().enumerate().rev() {
        let key = match index {
            0 => key.to_owned(),
            _ => format!("{key}.{slot}-{index}"),
        };
        let put = store.put(&key, value).await;
        put.map_err(|error| told(&error))?;
    }
    Ok(())
}

/// The same, unless the first was closed.
pub(crate) async fn write_fenced(
    store: &Store,
    fence: &Fence,
    key: &str,
    slot: u64,
    parts: Vec<Bytes>,
) -> Result<(), String> {
    // The parts of what is under a key that is closed stay.
    fence.check()?;
    let mut parts = parts.into_iter();
    let first = parts.next().ok_or("nothing is to be written")?;
    for (index, value) in parts.enumerate() {
        let put = store
            .put(format!("{key}.{slot}-{}", index + 1), value)
            .await;
        put.map_err(|error| told(&error))?;
    }
    fence.put(store, key, first).await
}

/// An error with its causes.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}

/// The values of the keys that fit a filter, as they are now.
pub(crate) async fn read(
    client: &Client,
    store: &Store,
    filter: &str,
    patience: Duration,
) -> Result<BTreeMap<String, Entry>, String> {
    read_all(client, store, filter, patience, false).await
}

/// The value of a key, as the leader of the stream has it: no copy that is behind.
pub(super) async fn newest(store: &Store, key: &str) -> Result<Option<Entry>, String> {
    let subject = format!("{}{key}", store.prefix);
    let message = match store.stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => message,
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => return Ok(None),
        Err(error) => return Err(told(&error)),
    };
    let is_gone = message.headers.get("KV-Operation").is_some();
    Ok(Some(Entry {
        key: key.to_owned(),
        value: (!is_gone).then_some(message.payload),
        revision: message.sequence,
        written: message.time.into(),
        is_old: true,
    }))
}

/// The keys that fit a filter, as they are now.
pub(crate) async fn keys(
    client: &Client,
    store: &Store,
    filter: &str,
    patience: Duration,
) -> Result<Vec<String>, String> {
    let all = read_all(client, store, filter, patience, true).await?;
    Ok(all.into_keys().collect())
}

async fn read_all(
    client: &Client,
    store: &Store,
    filter: &str,
    patience: Duration,
    headers_only: bool,
) -> Result<BTreeMap<String, Entry>, String> {
    let all = async {
        let mut watch = Watch::with(client, store, filter, headers_only).await?;
        let mut entries = BTreeMap::new();
        while watch.is_loading() {
            let entry = watch.next().await?;
            entries.insert(entry.key.clone(), entry);
        }
        entries.retain(|_, entry: &mut Entry| entry.value.is_some());
        Ok(entries)
    };
    match tokio::time::timeout(patience, all).await {
        Ok(read) => read,
        Err(_) => Err("no response from NATS in time".to_owned()),
    }
}

/// Puts a value in the place of that with the revision; `false` if there is another one by now.
pub(crate) async fn put_if(
    store: &Store,
    key: &str,
    revision: u64,
    value: Bytes,
) -> Result<bool, String> {
    match store.update(key, value, revision).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => Ok(false),
        Err(error) => Err(told(&error)),
    }
}

/// Removes the keys that fit a filter, without a trace.
pub(crate) async fn remove(store: &Store, filter: &str) -> Result<(), String> {
    let subject = format!("{}{filter}", store.prefix);
    let purged = store.stream.purge().filter(subject).await;
    purged.map(drop).map_err(|error| told(&error))
}

/// A word that nobody else has.
pub(crate) fn unique() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let word = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}", word())
}
