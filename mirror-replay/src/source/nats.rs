//! A stream of NATS.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::ready,
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use mirror_fleet::{Connection, NatsError, NatsReader, ReadRecord, ReaderOptions, Runs};
use mirror_record::Record;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};

use super::{Delivery, Found, Pending, Source, SourceError};
use crate::clock::{Clock, Stamp, Writers};

/// What others have found is read again after so long, when a record comes that somebody else had.
/// That is less than the time from the last word of one that was killed to its record.
const FRESH: Duration = Duration::from_millis(250);

/// If readers of a shard were lost so often, what was handed out more often, and is not settled, is
/// sent alone.
const LOST: u32 = 2;

/// If no record comes for so long, those that came say all about the clocks of their writers.
const PAUSE: Duration = Duration::from_millis(500);

/// The records of a mirror in a stream of NATS, which several replayers can share.
pub struct Nats {
    reader: NatsReader,
    /// `None` if nothing is kept.
    runs: Option<Runs>,
    size: u64,
    /// Those that are being replayed, and how often a run has ended while nothing else was.
    begun: BTreeMap<u64, u32>,
    others: Others,
    /// The newest term of a shard.
    newest: u64,
    /// What others had, while it is read: who asks for the next record may give that up at any time,
    /// and asks again.
    learning: Option<Learning>,
    /// A record that was read, until it is known who else had it.
    read: Option<ReadRecord>,
    /// Until when the next record is waited for, while something is held for its sake.
    pause_ends: Option<Instant>,
    /// By the part. Within one, records come as they were written, by all instances.
    clocks: BTreeMap<u64, Clock<Delivery>>,
}

type Learning = BoxFuture<'static, Result<Vec<Kept>, SourceError>>;

/// What is known of the records that others had.
#[derive(Debug, Default)]
struct Others {
    read: Option<Instant>,
    settled: BTreeSet<u64>,
    begun: BTreeMap<u64, u32>,
}

/// What a run keeps.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    found: Found,
    /// How often those were begun that are not settled.
    begun: BTreeMap<u64, u32>,
    /// Those that were settled last, as differences: the server may not have heard of them.
    settled: Vec<u64>,
}

impl Nats {
    /// Takes part in the replay that is named by the consumer, or begins it: if there is none, if it
    /// has come to its end, or if it is to be done `anew`. `job` says what it is: who names another
    /// one alike is refused.
    ///
    /// # Errors
    ///
    /// [`SourceError`] if there is no such stream, if it cannot be reached, or if the results cannot
    /// be kept there.
    pub async fn join(
        connection: &Connection,
        options: &ReaderOptions,
        job: &str,
        anew: bool,
    ) -> Result<Self, SourceError> {
        let joined = Runs::join(connection, options, job, anew).await;
        let (runs, reader) = joined.map_err(SourceError::from)?;
        Ok(Self::new(reader, Some(runs)))
    }

    /// Reads what is in the stream now, and leaves nothing.
    ///
    /// # Errors
    ///
    /// [`SourceError`] if there is no such stream, or it cannot be reached.
    pub async fn look(
        connection: &Connection,
        options: &ReaderOptions,
    ) -> Result<Self, SourceError> {
        let reader = NatsReader::open(connection, options).await;
        Ok(Self::new(reader.map_err(SourceError::from)?, None))
    }

    /// The mirrors of which a stream has records, by name.
    ///
    /// # Errors
    ///
    /// [`SourceError`] if there is no such stream, or it cannot be reached.
    pub async fn mirrors(
        connection: &Connection,
        options: &ReaderOptions,
    ) -> Result<Vec<String>, SourceError> {
        let mirrors = NatsReader::mirrors(connection, options).await;
        mirrors.map_err(SourceError::from)
    }

    fn new(reader: NatsReader, runs: Option<Runs>) -> Self {
        let mut reader = reader;
        if runs.is_some() {
            reader.wait_until_kept();
        }
        Self {
            size: reader.size(),
            reader,
            runs,
            begun: BTreeMap::new(),
            others: Others::default(),
            learning: None,
            pause_ends: None,
            newest: 0,
            read: None,
            clocks: BTreeMap::new(),
        }
    }

    /// A record whose time is known.
    fn placed(&mut self) -> Option<Delivery> {
        let placed = self.clocks.values_mut().find_map(Clock::pop);
        placed.map(|(arrived_ns, delivery)| Delivery {
            arrived_ns,
            ..delivery
        })
    }

    fn is_undecided(&self) -> bool {
        self.clocks.values().any(Clock::is_undecided)
    }

    /// Reads what others had, unless it is known.
    async fn learn(&mut self) -> Result<(), SourceError> {
        if self.others.read.is_some_and(|read| read.elapsed() < FRESH) {
            return Ok(());
        }
        let begun = || kept(self.runs.as_ref());
        let kept = self.learning.get_or_insert_with(begun).await;
        self.learning = None;
        let kept = kept?;
        let mut others = Others {
            read: Some(Instant::now()),
            ..Others::default()
        };
        for run in kept {
            others.settled.extend(summed(&run.settled));
            for (sequence, begun) in run.begun {
                let most = others.begun.entry(sequence).or_default();
                *most = begun.max(*most);
            }
        }
        self.others = others;
        Ok(())
    }
}

impl Source for Nats {
    async fn next(&mut self) -> Result<Option<Delivery>, SourceError> {
        loop {
            if let Some(delivery) = self.placed() {
                return Ok(Some(delivery));
            }
            if self.read.is_none() {
                let is_undecided = self.is_undecided();
                let pause_ends = *self
                    .pause_ends
                    .get_or_insert_with(|| Instant::now() + PAUSE);
                self.read = tokio::select! {
                    biased;
                    read = self.reader.next() => read.map_err(SourceError::from)?,
                    () = sleep_until(pause_ends), if is_undecided => None,
                };
                self.pause_ends = None;
                if self.read.is_none() && is_undecided {
                    self.clocks.values_mut().for_each(Clock::flush);
                    continue;
                }
            }
            let Some(read) = &self.read else {
                return Ok(None);
            };
            if read.term > self.newest {
                // Who had the shard before may have written something since.
                self.newest = read.term;
                (self.others.read, self.learning) = (None, None);
            }
            // It was handed out before, perhaps to somebody who has counted it and was killed then.
            if read.is_again {
                self.learn().await?;
            }
            let Some(read) = self.read.take() else {
                continue;
            };
            if read.is_again && self.others.settled.contains(&read.sequence) {
                self.reader.ack_of_others(read.sequence);
                continue;
            }
            let begun = self.others.begun.get(&read.sequence);
            let begun = begun.filter(|_| read.is_again);
            let record = Record::decode(&read.payload);
            let stamp = record.as_ref().ok().map(Stamp::of);
            let delivery = Delivery {
                token: read.sequence,
                record: record
                    .map(Arc::new)
                    .map_err(|error| format!("message {}: {error}", read.sequence)),
                arrived_ns: 0,
                // One that ends a run at once was not noted: that it comes again and again tells.
                is_suspect: begun.is_some()
                    || read.lost >= LOST && read.deliveries > u64::from(LOST),
                // One that was only held for sorting was handed out as well: that it was begun counts.
                deliveries: begun.copied().unwrap_or(0) + 1,
                weight: 1,
                part: read.term,
            };
            let Some(stamp) = stamp else {
                return Ok(Some(delivery));
            };
            let clock = self.clocks.entry(read.term);
            let clock = clock.or_insert_with(|| Clock::new(Writers::Many));
            clock.push(stamp, read.payload.len(), delivery);
        }
    }

    fn is_idle(&self) -> bool {
        self.read.is_none() && !self.is_undecided() && self.reader.is_idle()
    }

    fn withdrawn(&mut self) -> Option<u64> {
        let part = self.reader.withdrawn()?;
        if let Some(read) = self.read.take_if(|read| read.term == part) {
            self.reader.nak(read.sequence);
        }
        let clock = self.clocks.remove(&part);
        for delivery in clock.into_iter().flat_map(Clock::into_rest) {
            self.reader.nak(delivery.token);
        }
        Some(part)
    }

    fn is_unsure(&self) -> bool {
        self.reader.is_unsure()
    }

    fn start(&mut self, delivery: &Delivery) {
        self.reader.begin(delivery.token);
        self.begun.insert(delivery.token, delivery.deliveries - 1);
    }

    fn ack(&mut self, delivery: &Delivery) {
        self.begun.remove(&delivery.token);
        self.reader.ack(delivery.token);
    }

    fn nak(&mut self, delivery: &Delivery) {
        self.begun.remove(&delivery.token);
        self.reader.nak(delivery.token);
    }

    fn term(&mut self, delivery: &Delivery) {
        self.begun.remove(&delivery.token);
        self.reader.term(delivery.token);
    }

    fn position(&self) -> Option<serde_json::Value> {
        None
    }

    fn holds(&self, delivery: &Delivery) -> bool {
        self.reader.holds(delivery.token)
    }

    fn forget(&mut self, delivery: &Delivery) {
        self.begun.remove(&delivery.token);
        self.reader.forget(delivery.token);
    }

    fn keeps(&self) -> bool {
        self.runs.is_some()
    }

    fn keep(&mut self, found: &Found) -> Pending {
        let Some(runs) = &mut self.runs else {
            return Box::pin(ready(Ok(())));
        };
        if self.reader.is_unkept() && self.reader.is_unsure() {
            let why = "NATS was not reached for too long: others may go on with what this run has";
            return Box::pin(ready(Err(SourceError(why.to_owned()))));
        }
        let keeping = self.reader.keeping();
        let kept = Kept {
            found: found.clone(),
            // Of several, each may be the one that ends this run. That is found out.
            begun: match self.begun.len() {
                1 => self
                    .begun
                    .iter()
                    .map(|(number, times)| (*number, times + 1))
                    .collect(),
                _ => self.begun.clone(),
            },
            settled: differences(self.reader.settled()),
        };
        let written = runs.write(&kept);
        Box::pin(async move {
            written.await?;
            keeping.done();
            Ok(())
        })
    }

    async fn others(&mut self) -> Result<Vec<Found>, SourceError> {
        let kept = kept(self.runs.as_ref()).await?;
        Ok(kept.into_iter().map(|run| run.found).collect())
    }

    fn commit(&mut self) -> Pending {
        let told = self.reader.commit();
        Box::pin(async move { told.await.map_err(SourceError::from) })
    }

    async fn close(&mut self, is_over: bool) -> Result<(), SourceError> {
        let Some(runs) = &mut self.runs else {
            self.reader.remove_consumers().await;
            return Ok(());
        };
        if !is_over {
            self.reader.give_back().await;
            return Ok(());
        }
        self.reader.leave().await;
        runs.end().await.map_err(SourceError::from)
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn waits_for(&self) -> u64 {
        self.reader.waits_for()
    }

    fn left(&self) -> Option<u64> {
        Some(self.reader.left())
    }
}

/// What other runs have kept.
fn kept(runs: Option<&Runs>) -> Learning {
    let Some(runs) = runs else {
        return Box::pin(ready(Ok(Vec::new())));
    };
    let others = runs.others();
    Box::pin(async move { others.await.map_err(SourceError::from) })
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nats")
            .field("reader", &self.reader)
            .field("runs", &self.runs)
            .field("begun", &self.begun.len())
            .finish_non_exhaustive()
    }
}

impl From<NatsError> for SourceError {
    fn from(error: NatsError) -> Self {
        Self(error.to_string())
    }
}

fn differences(sorted: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut last = 0;
    let differences = sorted.map(|number| {
        let difference = number - last;
        last = number;
        difference
    });
    differences.collect()
}

fn summed(differences: &[u64]) -> impl Iterator<Item = u64> {
    differences.iter().scan(0_u64, |sum, difference| {
        *sum = sum.saturating_add(*difference);
        Some(*sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_as_differences() {
        let numbers = BTreeSet::from([3, 4, 5, 900, u64::MAX]);
        let kept = differences(numbers.iter().copied());
        assert_eq!(kept[..4], [3, 1, 1, 895]);
        assert_eq!(summed(&kept).collect::<BTreeSet<_>>(), numbers);
    }
}
