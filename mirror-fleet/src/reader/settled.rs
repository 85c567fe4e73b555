//! What has become of the records that were handed out.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use async_nats::jetstream::{AckKind, Message};

use super::NatsReader;

/// When a record is handed out again that is given back at the end: when this reader asks for no
/// more.
pub(super) const SOON: Duration = Duration::from_secs(2);

/// So many of the records that were settled last are remembered: more than a server forgets that
/// ends without having written them down.
pub(super) const REMEMBERED: usize = 16_384;

/// Records that are settled for good.
#[derive(Default)]
pub(super) struct Remembered {
    pub(super) all: BTreeSet<u64>,
    /// The last ones at the end.
    pub(super) order: VecDeque<u64>,
}

impl Remembered {
    pub(super) fn push(&mut self, sequence: u64) {
        if self.all.insert(sequence) {
            self.order.push_back(sequence);
        }
    }

    pub(super) fn trim(&mut self) {
        let many = self.order.len().saturating_sub(REMEMBERED);
        for sequence in self.order.drain(..many) {
            self.all.remove(&sequence);
        }
    }
}

pub(super) struct Settled {
    pub(super) shard: usize,
    pub(super) message: Arc<Message>,
    pub(super) kind: AckKind,
    /// How often what is known was to be kept before: it is told when it is kept. `None` if there is
    /// nothing to keep.
    pub(super) before: Option<u64>,
    pub(super) is_told: bool,
}

impl Settled {
    pub(super) fn new(
        shard: usize,
        message: Arc<Message>,
        kind: AckKind,
        before: Option<u64>,
    ) -> Self {
        Self {
            shard,
            message,
            kind,
            before,
            is_told: false,
        }
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

impl NatsReader {
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

    pub(super) fn settle(&mut self, sequence: u64, kind: AckKind, before: Option<u64>) {
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
    pub(super) fn kept(&self) -> Option<u64> {
        let kept = self.kept.as_ref().map(|kept| kept.load(Relaxed));
        Some(kept.unwrap_or(u64::MAX))
    }
}
