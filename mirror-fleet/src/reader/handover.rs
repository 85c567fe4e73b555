//! Shards that come from others, and go to them.

use std::{cmp::Reverse, collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use super::{AWAY, NatsReader, shard::Term};
use crate::{leases::Leases, nats::NatsError};

impl NatsReader {
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

    /// Takes note of the shards that are this reader's by now, and of those that are to be others'.
    pub(super) fn note_leases(&mut self) -> Result<(), NatsError> {
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
            if lost.is_none()
                && let Some(term) = shard.term.take()
            {
                // It is somebody else's: who reads it tells what becomes of it.
                self.withdrawn.push_back(term.number);
                shard.arrived.clear();
                self.held.retain(|_, held| held.shard != number);
                self.settled.retain(|_, settled| settled.shard != number);
            }
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
    pub(super) fn lose(&mut self) {
        self.held.clear();
        self.settled.clear();
        for shard in &mut self.shards {
            shard.arrived.clear();
            if let Some(term) = shard.term.take() {
                self.withdrawn.push_back(term.number);
            }
        }
    }

    pub(super) fn is_lost(&self) -> String {
        let patience = self.leases.as_ref().map_or(self.ack_wait, Leases::patience);
        format!(
            "nothing was heard of this replayer for {patience:?}, so others go on with what it had; \
             what it had not written down is replayed by them"
        )
    }

    /// A [term](crate::ReadRecord::term) that has ended, or is to end: nothing of it is begun any
    /// more, and what was not begun is [given back](Self::nak).
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

    /// The shards that can be let go: nothing of them is on its way to here, or in flight.
    pub(super) fn left_shards(&self) -> BTreeSet<usize> {
        let shards = self.shards.iter().enumerate();
        let left = shards.filter(|(number, shard)| {
            let mut held = self.held.values();
            let mut settled = self.settled.values();
            shard.is_leaving()
                && shard.asked == 0
                && !held.any(|held| held.shard == *number && held.is_out)
                && !settled.any(|it| it.shard == *number && it.before >= Some(self.kept()))
        });
        left.map(|(number, _)| number).collect()
    }

    /// Frees shards of which the server was given back all that is not settled.
    pub(super) fn let_go(&mut self, left: &BTreeSet<usize>) {
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
}
