//! A key that one writes, until somebody else closes it.
//!
//! Who writes it may be taken for lost, and write once more when it wakes up. What others have read
//! by then is the last that counts, so they close the key before they read it.

use std::sync::{
    Arc,
    atomic::{
        AtomicBool, AtomicU64,
        Ordering::{Acquire, Release},
    },
};

use async_nats::{
    Client, HeaderMap,
    jetstream::{
        self,
        context::PublishErrorKind,
        kv::{Store, UpdateErrorKind},
        message::StreamMessage,
        stream::LastRawMessageErrorKind,
    },
};
use bytes::Bytes;

use super::told;

/// The header of a key that is closed.
const CLOSED: &str = "Mirror-Closed";

/// The header with which a key is deleted.
const OPERATION: &str = "KV-Operation";

/// How often it is tried, while somebody else writes.
const TRIES: usize = 8;

/// What its writer knows of a key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fence {
    /// 0 if it was never written.
    revision: Arc<AtomicU64>,
    is_closed: Arc<AtomicBool>,
}

impl Fence {
    /// Puts a value, unless the key was closed.
    pub(crate) async fn put(&self, store: &Store, key: &str, value: Bytes) -> Result<(), String> {
        for _ in 0..TRIES {
            let revision = self.revision.load(Acquire);
            match store.update(key, value.clone(), revision).await {
                Ok(revision) => {
                    self.revision.store(revision, Release);
                    return Ok(());
                }
                Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => {}
                Err(error) => return Err(told(&error)),
            }
            // A value of its own that was thought to have failed, or it is closed.
            let newest = newest(store, key).await?;
            let is_closed = newest.as_ref().is_some_and(is_closed);
            self.is_closed.fetch_or(is_closed, Release);
            self.check()?;
            let revision = newest.map_or(0, |message| message.sequence);
            self.revision.store(revision, Release);
        }
        Err("somebody else writes it".to_owned())
    }

    /// Whether it is open, as far as it is known.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.is_closed.load(Acquire) {
            return Err("others have taken this run for lost".to_owned());
        }
        Ok(())
    }
}

/// Closes a key: its value stays as it is.
pub(crate) async fn close(client: &Client, store: &Store, key: &str) -> Result<(), String> {
    let context = jetstream::new(client.clone());
    for _ in 0..TRIES {
        let newest = newest(store, key).await?;
        if newest.as_ref().is_some_and(is_closed) {
            return Ok(());
        }
        let mut headers = HeaderMap::new();
        headers.insert(CLOSED, "1");
        let revision = newest.as_ref().map_or(0, |message| message.sequence);
        let expected = async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
        headers.insert(expected, revision.to_string().as_str());
        let value = if let Some(message) = newest {
            message.payload
        } else {
            headers.insert(OPERATION, "DEL");
            Bytes::new()
        };
        let subject = format!("{}{key}", store.prefix);
        let sent = context.publish_with_headers(subject, headers, value).await;
        let closed = match sent {
            Ok(sent) => sent.await,
            Err(error) => Err(error),
        };
        match closed {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => {}
            Err(error) => return Err(told(&error)),
        }
    }
    Err(format!("`{key}` is written again and again"))
}

fn is_closed(message: &StreamMessage) -> bool {
    message.headers.get(CLOSED).is_some()
}

/// As the leader of the stream has it.
async fn newest(store: &Store, key: &str) -> Result<Option<StreamMessage>, String> {
    let subject = format!("{}{key}", store.prefix);
    match store.stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(told(&error)),
    }
}
