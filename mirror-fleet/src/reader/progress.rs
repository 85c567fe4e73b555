//! How far the shards are.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{ErrorCode, consumer, context::ConsumerInfoErrorKind, stream::Stream};
use futures_util::future::join_all;
use tokio::{
    sync::{OwnedMutexGuard, mpsc},
    time::Instant,
};

use super::{AWAY, Heard, NatsReader};
use crate::nats::NatsError;

/// How often it is asked whether there is more, and when it is asked again after something has
/// failed.
pub(super) const ASK: Duration = Duration::from_millis(500);

/// Why nothing is known of a consumer.
pub(super) enum Unknown {
    Removed,
    Failed(String),
}

/// A question about some shards.
pub(super) struct Question {
    pub(super) stream: Stream,
    /// Their numbers and the names of their consumers.
    pub(super) shards: Vec<(usize, String)>,
    pub(super) ours: Vec<u64>,
    pub(super) hear: mpsc::UnboundedSender<Heard>,
}

impl Question {
    pub(super) async fn ask(self) {
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

impl NatsReader {
    /// Asks how far the shards are, unless something is told.
    pub(super) fn ask(&mut self) {
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

    pub(super) fn question(&self) -> Question {
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

    /// Takes note of how far the shards are.
    pub(super) fn note_infos(
        &mut self,
        ours: &[u64],
        infos: Vec<(usize, Result<consumer::Info, Unknown>)>,
    ) {
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
    pub(super) fn note_failure(&mut self, failed: Option<String>) -> Result<(), NatsError> {
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
