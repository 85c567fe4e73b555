//! A shard, and the time for which it is read here.

use std::{collections::BTreeSet, sync::Arc};

use async_nats::jetstream::{Message, consumer::PullConsumer};
use tokio::time::Instant;

/// So often is asked before all has come, so that the next records are on their way by then.
pub(super) const ASKED: usize = 2;

pub(super) struct Shard {
    pub(super) name: String,
    pub(super) consumer: PullConsumer,
    /// The last record that is read.
    pub(super) end: u64,
    /// Those of the held records that are not handed out.
    pub(super) arrived: BTreeSet<u64>,
    /// `None` if others may read it.
    pub(super) term: Option<Term>,
    /// Requests for records that are under way.
    pub(super) asked: usize,
    pub(super) ask_at: Instant,
    pub(super) is_over: bool,
    /// All of its records were handed out, to whomever.
    pub(super) is_delivered: bool,
    /// Records that are not settled, as far as is known.
    pub(super) left: u64,
    /// Those of them that others hold, if all were handed out.
    pub(super) others: u64,
}

impl Shard {
    pub(super) fn is_leaving(&self) -> bool {
        self.term.as_ref().is_some_and(|term| term.is_leaving)
    }

    /// Waits until all has come that was handed out.
    pub(super) fn open_again(&mut self) {
        if let Some(term) = &mut self.term {
            term.is_opening = true;
            (term.has_new, term.is_asking) = (false, false);
        }
    }

    /// How many requests for records may be under way.
    pub(super) fn to_ask(&self) -> usize {
        match &self.term {
            None => 0,
            Some(term) if term.is_leaving || term.is_asking => 0,
            Some(term) if term.is_opening => 1,
            Some(_) => ASKED,
        }
    }
}

/// A time for which a shard is read here.
pub(super) struct Term {
    pub(super) number: u64,
    /// How often a reader of the shard was lost before.
    pub(super) lost: u32,
    /// Records may be on their way that come before those that are here, as they do whose reader was
    /// lost, or whose connection broke. Nothing is handed out until all have come.
    pub(super) is_opening: bool,
    /// While it is opened, records came that nobody had before.
    pub(super) has_new: bool,
    /// Those that others had come first, so it is asked whether there are more of them.
    pub(super) is_asking: bool,
    /// How often it was asked so.
    pub(super) asked: usize,
    /// The shard is given to others: nothing is handed out any more.
    pub(super) is_leaving: bool,
    /// The consumer counts what it hands out. All up to this number have come.
    pub(super) whole: u64,
    /// The last that has come, and how many behind the ones above.
    pub(super) newest: u64,
    pub(super) came: u64,
}

impl Term {
    pub(super) fn new(number: u64, lost: u32, is_opening: bool) -> Self {
        Self {
            number,
            lost,
            is_opening,
            has_new: false,
            is_asking: false,
            asked: 0,
            is_leaving: false,
            whole: 0,
            newest: 0,
            came: 0,
        }
    }

    pub(super) fn note(&mut self, number: u64) {
        if number > self.whole {
            self.came += 1;
            self.newest = self.newest.max(number);
        }
    }

    /// Whether none is missing.
    pub(super) fn is_whole(&self) -> bool {
        self.newest.saturating_sub(self.whole) == self.came
    }
}

pub(super) struct Held {
    pub(super) message: Arc<Message>,
    pub(super) shard: usize,
    pub(super) term: u64,
    pub(super) told_at: Instant,
    /// Whether it was handed out, and whether it was begun.
    pub(super) is_out: bool,
    pub(super) is_begun: bool,
}
