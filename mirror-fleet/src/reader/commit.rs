//! What the server is told.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_nats::jetstream::AckKind;
use futures_util::{StreamExt as _, future::BoxFuture};
use tokio::time::Instant;

use super::{Heard, NatsReader, progress::ASK, settled::SOON};
use crate::nats::NatsError;

/// How long the server may take to say something.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// What the server was told.
pub(super) struct Told {
    /// Each with how often what is known was to be kept before.
    pub(super) settled: Vec<(u64, Option<u64>)>,
    pub(super) progress: Vec<u64>,
    pub(super) at: Instant,
    /// The shards that are let go.
    pub(super) left: BTreeSet<usize>,
}

impl NatsReader {
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
            if settled.before < Some(kept) {
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
    pub(super) fn note_told(&mut self, told: &Told) {
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

    /// Gives back what was asked for and is not handed out, so that nobody waits for it.
    pub async fn give_back(&mut self) {
        /// Nothing comes for so long: all that was on its way is there.
        const QUIET: Duration = Duration::from_millis(100);
        /// It is asked for until then, whatever comes.
        const LONGEST: Duration = Duration::from_secs(1);

        if self.is_unsure() {
            // Nothing of it can be said, or it is others' already.
            return;
        }
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
}
