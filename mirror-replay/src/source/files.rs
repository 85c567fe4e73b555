//! A directory of segments, or one of them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    path::Path,
    sync::Arc,
    thread,
};

use mirror_record::{ReadError, Record, Segment, segments};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{Delivery, Source, SourceError};

/// So many records are decoded ahead.
const AHEAD: usize = 256;

/// A record by its place: the number of its file, and how many are before it there.
type Place = (usize, u64);

/// A record as it comes from the thread that reads.
struct Found {
    place: Place,
    record: Result<Arc<Record>, String>,
    weight: u64,
}

/// The segments of a directory, in the order of their names.
#[derive(Debug)]
pub struct Files {
    names: Vec<String>,
    size: u64,
    found: mpsc::Receiver<Result<Found, SourceError>>,
    next_token: u64,
    /// Those that were handed out and are not settled.
    open: BTreeMap<u64, Place>,
    /// Those that are settled, behind the first that is not.
    settled: BTreeMap<u64, Place>,
    /// Those that an earlier run has settled, behind the first that it had not.
    skipped: BTreeSet<Place>,
    /// Behind the last that was handed out.
    end: Place,
    /// How often those were begun that are not settled.
    begun: HashMap<Place, u32>,
    before: HashMap<Place, u32>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// Where reading goes on, as it is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    /// All files before this one are settled.
    file: String,
    /// And so many of its records.
    records: u64,
    /// Those that are settled behind that, as the name of a file and a number in it.
    settled: Vec<(String, u64)>,
    /// Those that were being replayed, and how often they were begun.
    begun: Vec<(String, u64, u32)>,
}

impl Files {
    /// Opens a log: a directory of segments, or one file. It goes on at a position that was kept.
    ///
    /// # Errors
    ///
    /// [`SourceError`] if there is no log, or if the position is not one of it.
    pub fn open(path: &Path, position: Option<&serde_json::Value>) -> Result<Self, SourceError> {
        let segments = segments_of(path)?;
        let position: Option<Position> = position
            .map(Position::deserialize)
            .transpose()
            .map_err(|error| SourceError(format!("the kept position cannot be read: {error}")))?;
        let position = position.unwrap_or_default();
        let names: Vec<_> = segments.iter().map(|it| it.name().to_owned()).collect();
        let place = |name: &str, record: u64| {
            let file = names.iter().position(|known| known == name)?;
            Some((file, record))
        };
        // A log loses its oldest files, and their names never come back.
        let first = names.partition_point(|name| *name < position.file);
        let is_there = names.get(first).is_some_and(|name| *name == position.file);
        let start = (first, if is_there { position.records } else { 0 });
        let skipped: BTreeSet<Place> = position
            .settled
            .iter()
            .filter_map(|(name, record)| place(name, *record))
            .collect();
        let before = position
            .begun
            .iter()
            .filter_map(|(name, record, times)| Some((place(name, *record)?, *times)))
            .collect();
        let size = segments[first..].iter().map(Segment::bytes).sum();
        let (sender, found) = mpsc::channel(AHEAD);
        let of_thread = skipped.clone();
        thread::Builder::new()
            .name("mirror-replay-read".to_owned())
            .spawn(move || read_all(&segments, start, &of_thread, &sender))
            .map_err(|error| SourceError(format!("no thread can be started: {error}")))?;
        Ok(Self {
            names,
            size,
            found,
            next_token: 0,
            open: BTreeMap::new(),
            settled: BTreeMap::new(),
            skipped,
            end: start,
            begun: HashMap::new(),
            before,
        })
    }

    fn name(&self, file: usize) -> String {
        self.names.get(file).cloned().unwrap_or_default()
    }

    fn settle(&mut self, token: u64) {
        if let Some(place) = self.open.remove(&token) {
            self.begun.remove(&place);
            self.settled.insert(token, place);
        }
        let first = self.open.keys().next().copied();
        let behind = first.unwrap_or(self.next_token);
        self.settled = self.settled.split_off(&behind);
    }
}

impl Source for Files {
    async fn next(&mut self) -> Result<Option<Delivery>, SourceError> {
        let Some(found) = self.found.recv().await.transpose()? else {
            return Ok(None);
        };
        let token = self.next_token;
        self.next_token += 1;
        self.open.insert(token, found.place);
        self.end = (found.place.0, found.place.1 + 1);
        Ok(Some(Delivery {
            token,
            record: found.record,
            deliveries: self.before.get(&found.place).copied().unwrap_or(0) + 1,
            weight: found.weight,
        }))
    }

    fn start(&mut self, delivery: &Delivery) {
        if let Some(place) = self.open.get(&delivery.token) {
            self.begun.insert(*place, delivery.deliveries);
        }
    }

    fn ack(&mut self, delivery: &Delivery) {
        self.settle(delivery.token);
    }

    fn nak(&mut self, delivery: &Delivery) {
        // It stays open, so a later reader begins with it. It was not begun by this one.
        if let Some(place) = self.open.get(&delivery.token) {
            self.begun.remove(place);
        }
    }

    fn position(&self) -> Option<serde_json::Value> {
        let (file, records) = self.open.values().next().copied().unwrap_or(self.end);
        let named = |(file, record): &Place| (self.name(*file), *record);
        let position = Position {
            file: self.name(file),
            records,
            settled: self
                .settled
                .values()
                .chain(self.skipped.range((file, records)..))
                .map(named)
                .collect(),
            begun: self
                .begun
                .iter()
                .map(|((file, record), times)| (self.name(*file), *record, *times))
                .collect(),
        };
        serde_json::to_value(position).ok()
    }

    async fn commit(&mut self) -> Result<(), SourceError> {
        Ok(())
    }

    fn size(&self) -> u64 {
        self.size
    }
}

/// The files of a log, oldest first.
pub(crate) fn segments_of(path: &Path) -> Result<Vec<Segment>, SourceError> {
    let found = segments(path).map_err(|error| failed(path, error))?;
    if found.is_empty() {
        let path = path.display();
        return Err(SourceError(format!(
            "{path}: there is no log: no file with the name `*.mrec` or `*.mrec.zst`"
        )));
    }
    Ok(found)
}

pub(crate) fn failed(path: &Path, error: impl std::fmt::Display) -> SourceError {
    SourceError(format!("{}: {error}", path.display()))
}

/// Reads all records, from a place on, without those that are settled.
fn read_all(
    segments: &[Segment],
    (first, records): Place,
    skipped: &BTreeSet<Place>,
    sender: &mpsc::Sender<Result<Found, SourceError>>,
) {
    for (file, segment) in segments.iter().enumerate().skip(first) {
        let passed = if file == first { records } else { 0 };
        let found = read_one(file, segment, |found| {
            let is_done = found.place.1 < passed || skipped.contains(&found.place);
            is_done || sender.blocking_send(Ok(found)).is_ok()
        });
        match found {
            Ok(true) => {}
            // Nobody listens any more.
            Ok(false) => return,
            Err(error) => {
                let _ = sender.blocking_send(Err(error));
                return;
            }
        }
    }
}

/// Reads a file, until somebody says `false`.
fn read_one(
    file: usize,
    segment: &Segment,
    mut tell: impl FnMut(Found) -> bool,
) -> Result<bool, SourceError> {
    let failed = |error: &dyn std::fmt::Display| failed(segment.path(), error);
    let mut reader = match segment.open() {
        Ok(reader) => reader,
        // It was deleted, because the log has a bound.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(failed(&error)),
    };
    let (mut number, mut told) = (0, 0);
    let mut is_over = false;
    loop {
        let record = match reader.next_record() {
            Ok(Some(record)) => Ok(Arc::new(record)),
            Ok(None) => return Ok(true),
            Err(ReadError::Io(error)) => match error.kind() {
                // A frame that is torn, or damaged: there is nothing behind it.
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::InvalidData
                | io::ErrorKind::Other => {
                    is_over = true;
                    Err(failed(&error).0)
                }
                _ => return Err(failed(&error)),
            },
            Err(error) => Err(failed(&error).0),
        };
        // Of a compressed file more comes out than there is.
        let weight = reader.offset().min(segment.bytes()).saturating_sub(told);
        told += weight;
        let place = (file, number);
        number += 1;
        let found = Found {
            place,
            record,
            weight,
        };
        if !tell(found) {
            return Ok(false);
        }
        if is_over {
            return Ok(true);
        }
    }
}
