//! A directory of segments, or one of them.

#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque},
    io::{self, Read},
    path::Path,
    sync::Arc,
    thread,
};

use mirror_record::{ReadError, Reader, Record, Segment, segments};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{Delivery, Note, Pending, Source, SourceError};
use crate::clock::{Clock, Stamp, Writers};

/// So many records are decoded ahead.
const AHEAD: usize = 256;

/// The segments of so many writers are read at once. If more have written at a time, those that
/// began first are read until one of them ends.
const MAX_OPEN: usize = 64;

/// So many records say when a writer has begun: the clock may have been wrong for one.
const FIRST: usize = 8;

/// A record by its place: the number of its file, and how many are before it there.
type Place = (usize, u64);

/// What comes from the thread that reads.
#[derive(Debug)]
enum Event {
    Found(Found),
    /// So many records are in this file.
    End {
        file: usize,
        records: u64,
        is_torn: bool,
    },
}

/// A record as it was read.
struct Found {
    place: Place,
    record: Result<Arc<Record>, String>,
    /// When it arrived, on a line of time without the steps of its writer's clock.
    arrived_ns: u64,
    weight: u64,
}

/// The segments of a directory: those of one writer in the order of their names, and those of several
/// that have written at the same time by when their records arrived.
#[derive(Debug)]
pub struct Files {
    names: Vec<String>,
    size: u64,
    events: mpsc::Receiver<Result<Event, SourceError>>,
    next_token: u64,
    /// Those that were handed out and are not settled.
    open: HashMap<u64, Place>,
    settled: Settled,
    torn: BTreeSet<usize>,
    /// Those that are being replayed, and how often a run has ended while nothing else was.
    begun: HashMap<Place, u32>,
    /// The same of earlier runs that were killed.
    before: HashMap<Place, u32>,
    /// Those of them that were being replayed when the position was kept.
    begun_before: BTreeSet<Place>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// Which records are settled, by the numbers of their files.
#[derive(Clone, Debug, Default)]
struct Settled(BTreeMap<usize, OfFile>);

#[derive(Clone, Debug, Default)]
struct OfFile {
    /// So many from the first on.
    first: u64,
    /// And these behind.
    behind: BTreeSet<u64>,
    /// How many there are.
    records: Option<u64>,
}

impl OfFile {
    fn is_over(&self) -> bool {
        self.records == Some(self.first)
    }
}

impl Settled {
    fn insert(&mut self, (file, record): Place) {
        let file = self.0.entry(file).or_default();
        file.behind.insert(record);
        while file.behind.remove(&file.first) {
            file.first += 1;
        }
    }

    fn has(&self, (file, record): Place) -> bool {
        let file = self.0.get(&file);
        file.is_some_and(|file| record < file.first || file.behind.contains(&record))
    }

    fn has_all(&self, file: usize) -> bool {
        self.0.get(&file).is_some_and(OfFile::is_over)
    }
}

/// Where reading goes on, as it is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Position {
    /// All files before this one are settled.
    file: String,
    /// What is settled of it and of those behind.
    settled: Vec<KeptFile>,
    /// Those that were being replayed; how often runs have ended while nothing else was, if this one
    /// does so now; and how often they had before.
    begun: Vec<(String, u64, u32, u32)>,
    /// Those that an earlier run had begun, and this one had not yet.
    suspects: Vec<(String, u64, u32)>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct KeptFile {
    name: String,
    /// So many of its records from the first on.
    first: u64,
    /// And so many from these on.
    behind: Vec<(u64, u64)>,
    /// Whether these are all.
    is_over: bool,
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
        let numbers: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
        let mut settled = Settled::default();
        // A log loses its oldest files, and their names never come back.
        for file in 0..names.partition_point(|name| *name < position.file) {
            settled.0.entry(file).or_default().records = Some(0);
        }
        for kept in &position.settled {
            let Some(file) = numbers.get(kept.name.as_str()) else {
                continue;
            };
            let behind = kept.behind.iter();
            let behind = behind.flat_map(|(first, count)| *first..first.saturating_add(*count));
            let of_file = OfFile {
                first: kept.first,
                behind: behind.collect(),
                records: kept.is_over.then_some(kept.first),
            };
            settled.0.insert(*file, of_file);
        }
        let begun = position.begun.iter();
        let begun = begun.map(|(name, record, _, times)| (name, record, times));
        let suspects = position.suspects.iter();
        let suspects = suspects.map(|(name, record, times)| (name, record, times));
        let mut before = HashMap::new();
        let mut begun_before = BTreeSet::new();
        for (number, (name, record, times)) in begun.chain(suspects).enumerate() {
            let Some(file) = numbers.get(name.as_str()) else {
                continue;
            };
            before.insert((*file, *record), *times);
            if number < position.begun.len() {
                begun_before.insert((*file, *record));
            }
        }
        let unread = segments.iter().zip(0..);
        let unread = unread.filter(|(_, file)| !settled.has_all(*file));
        let size = unread.map(|(segment, _)| segment.bytes()).sum();
        let (sender, events) = mpsc::channel(AHEAD);
        let mut merge = Merge {
            segments,
            settled: settled.clone(),
            sender,
        };
        thread::Builder::new()
            .name("mirror-replay-read".to_owned())
            .spawn(move || merge.run())
            .map_err(|error| SourceError(format!("no thread can be started: {error}")))?;
        Ok(Self {
            names,
            size,
            events,
            next_token: 0,
            open: HashMap::new(),
            settled,
            torn: BTreeSet::new(),
            begun: HashMap::new(),
            before,
            begun_before,
        })
    }

    fn name(&self, file: usize) -> String {
        self.names.get(file).cloned().unwrap_or_default()
    }
}

impl Source for Files {
    async fn next(&mut self) -> Result<Option<Delivery>, SourceError> {
        loop {
            let found = match self.events.recv().await.transpose()? {
                Some(Event::Found(found)) => found,
                Some(Event::End {
                    file,
                    records,
                    is_torn,
                }) => {
                    self.settled.0.entry(file).or_default().records = Some(records);
                    if is_torn {
                        self.torn.insert(file);
                    }
                    continue;
                }
                None => return Ok(None),
            };
            let token = self.next_token;
            self.next_token += 1;
            self.open.insert(token, found.place);
            let before = self.before.get(&found.place);
            return Ok(Some(Delivery {
                token,
                record: found.record,
                arrived_ns: found.arrived_ns,
                deliveries: before.copied().unwrap_or(0) + 1,
                is_suspect: before.is_some(),
                weight: found.weight,
                part: 0,
            }));
        }
    }

    fn start(&mut self, delivery: &Delivery) {
        if let Some(place) = self.open.get(&delivery.token) {
            self.begun.insert(*place, delivery.deliveries - 1);
        }
    }

    fn place(&self, delivery: &Delivery) -> Option<String> {
        let (file, record) = self.open.get(&delivery.token)?;
        Some(format!("{} {record}", self.name(*file)))
    }

    fn resume(&mut self, notes: &[Note]) {
        let place = |place: &str| {
            let (name, record) = place.rsplit_once(' ')?;
            let file = self.names.iter().position(|known| known == name)?;
            Some((file, record.parse().ok()?))
        };
        for note in notes {
            match note {
                Note::Begun(name, times) => {
                    let place = place(name).filter(|place| !self.settled.has(*place));
                    self.before.extend(place.map(|place| (place, *times)));
                    self.begun_before.extend(place);
                }
                Note::Over(name) => {
                    if let Some(place) = place(name) {
                        self.before.remove(&place);
                        self.begun_before.remove(&place);
                    }
                }
                Note::Run => end_run(&mut self.begun_before, &mut self.before),
            }
        }
        end_run(&mut self.begun_before, &mut self.before);
    }

    fn ack(&mut self, delivery: &Delivery) {
        if let Some(place) = self.open.remove(&delivery.token) {
            self.begun.remove(&place);
            self.before.remove(&place);
            self.settled.insert(place);
        }
    }

    fn nak(&mut self, delivery: &Delivery) {
        // It stays open, so a later reader begins with it. It was not begun by this one.
        if let Some(place) = self.open.get(&delivery.token) {
            self.begun.remove(place);
        }
    }

    fn position(&self) -> Option<serde_json::Value> {
        let last = self.names.len().saturating_sub(1);
        let first = (0..last).find(|file| !self.settled.has_all(*file));
        let first = first.unwrap_or(last);
        let settled = self.settled.0.range(first..);
        let suspects = self.before.iter();
        let suspects = suspects.filter(|(place, _)| !self.begun.contains_key(place));
        let position = Position {
            suspects: suspects
                .map(|((file, record), times)| (self.name(*file), *record, *times))
                .collect(),
            file: self.name(first),
            settled: settled
                .map(|(file, settled)| KeptFile {
                    name: self.name(*file),
                    first: settled.first,
                    behind: ranges(&settled.behind),
                    is_over: settled.is_over(),
                })
                .collect(),
            begun: self
                .begun
                .iter()
                .map(|((file, record), times)| {
                    let alone = u32::from(self.begun.len() == 1);
                    (self.name(*file), *record, *times + alone, *times)
                })
                .collect(),
        };
        serde_json::to_value(position).ok()
    }

    fn commit(&mut self) -> Pending {
        Box::pin(std::future::ready(Ok(())))
    }

    fn torn(&self) -> u64 {
        // As long as something of it is not settled, a later run finds it again.
        let torn = self.torn.iter();
        torn.filter(|file| self.settled.has_all(**file)).count() as u64
    }

    fn size(&self) -> u64 {
        self.size
    }
}

/// A run was killed. Of several that it had begun, each may be why: that is found out.
fn end_run(begun: &mut BTreeSet<Place>, times: &mut HashMap<Place, u32>) {
    if begun.len() == 1 {
        for place in begun.iter() {
            *times.entry(*place).or_default() += 1;
        }
    }
    begun.clear();
}

/// Numbers in a row, as the first one and how many they are.
fn ranges(numbers: &BTreeSet<u64>) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((first, count)) if *first + *count == *number => *count += 1,
            _ => ranges.push((*number, 1)),
        }
    }
    ranges
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

/// Why reading has ended before its end.
enum Ended {
    /// Nobody listens any more.
    Unheard,
    Failed(SourceError),
}

/// Reads the segments of several writers at once, the one first whose next record arrived first.
struct Merge {
    segments: Vec<Segment>,
    /// By an earlier run.
    settled: Settled,
    sender: mpsc::Sender<Result<Event, SourceError>>,
}

/// The segments of one writer, one after the other.
struct Lane {
    files: VecDeque<usize>,
    reading: Option<Reading>,
    clock: Clock<Found>,
    /// The next record.
    head: Option<Found>,
}

/// A segment that is being read.
struct Reading {
    file: usize,
    reader: Reader<Box<dyn Read + Send>>,
    /// The number of the next record.
    number: u64,
    /// The weight that was told.
    told: u64,
    is_over: bool,
    is_closed: bool,
}

impl Merge {
    fn run(&mut self) {
        if let Err(Ended::Failed(error)) = self.read() {
            let _ = self.sender.blocking_send(Err(error));
        }
    }

    fn read(&mut self) -> Result<(), Ended> {
        let mut waiting = self.lanes().into_iter().peekable();
        let mut lanes: HashMap<usize, Lane> = HashMap::new();
        let mut heads: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        loop {
            let next = heads.peek().map(|Reverse((arrived, _))| *arrived);
            let may_open =
                |(began, _): &(u64, VecDeque<usize>)| next.is_none_or(|next| *began <= next);
            let number = if lanes.len() < MAX_OPEN && waiting.peek().is_some_and(may_open) {
                let (_, files) = waiting.next().unwrap_or_default();
                let number = files.front().copied().unwrap_or_default();
                lanes.insert(number, Lane::new(files));
                number
            } else if let Some(Reverse((_, number))) = heads.pop() {
                number
            } else {
                return Ok(());
            };
            let Some(lane) = lanes.get_mut(&number) else {
                continue;
            };
            if let Some(found) = lane.head.take() {
                self.tell(Event::Found(found))?;
            }
            match self.next(lane)? {
                Some(found) => {
                    heads.push(Reverse((found.arrived_ns, number)));
                    lane.head = Some(found);
                }
                None => drop(lanes.remove(&number)),
            }
        }
    }

    fn tell(&self, event: Event) -> Result<(), Ended> {
        let told = self.sender.blocking_send(Ok(event));
        told.map_err(|_| Ended::Unheard)
    }

    /// The files of each writer, and when it has begun.
    fn lanes(&self) -> Vec<(u64, VecDeque<usize>)> {
        let mut lanes: Vec<(u64, VecDeque<usize>)> = Vec::new();
        let mut by_mark: HashMap<[u8; 8], usize> = HashMap::new();
        for (file, segment) in self.segments.iter().enumerate() {
            if self.settled.has_all(file) {
                continue;
            }
            let mut first = None;
            let mut mark = None;
            if let Ok(mut reader) = segment.open() {
                let record = reader.next_record();
                mark = reader.mark();
                if let Some(lane) = mark.and_then(|mark| by_mark.get(&mark)) {
                    let (_, files) = &mut lanes[*lane];
                    files.push_back(file);
                    continue;
                }
                let others = reader.take(FIRST - 1).map_while(Result::ok);
                let records = record.ok().flatten().into_iter().chain(others);
                first = records.map(|record| record.arrived_ns).min();
            }
            // What is no log is told of at once.
            if let Some(mark) = mark {
                by_mark.insert(mark, lanes.len());
            }
            lanes.push((first.unwrap_or_default(), VecDeque::from([file])));
        }
        lanes.sort();
        lanes
    }

    /// The next record of a writer that is not settled.
    fn next(&self, lane: &mut Lane) -> Result<Option<Found>, Ended> {
        loop {
            while let Some((arrived_ns, found)) = lane.clock.pop() {
                if !self.settled.has(found.place) {
                    return Ok(Some(Found {
                        arrived_ns,
                        ..found
                    }));
                }
            }
            let Some(reading) = &mut lane.reading else {
                let Some(file) = lane.files.pop_front() else {
                    if !lane.clock.is_undecided() {
                        return Ok(None);
                    }
                    lane.clock.flush();
                    continue;
                };
                lane.reading = self.open(file)?;
                continue;
            };
            let segment = &self.segments[reading.file];
            let Some(found) = reading.next(segment).map_err(Ended::Failed)? else {
                if !reading.is_closed && segment.is_closed() {
                    // Something may have been written before it was.
                    reading.is_closed = true;
                    continue;
                }
                // Where one is being written, a later run goes on.
                let end = reading.is_closed.then(|| Event::End {
                    file: reading.file,
                    records: reading.number,
                    is_torn: reading.reader.mark().is_some() && reading.reader.unread() > 0,
                });
                lane.reading = None;
                end.map_or(Ok(()), |end| self.tell(end))?;
                continue;
            };
            match &found.record {
                Ok(record) => {
                    let (stamp, bytes) = (Stamp::of(record), record.body_bytes());
                    lane.clock.push(stamp, bytes, found);
                }
                Err(_) if self.settled.has(found.place) => {}
                Err(_) => self.tell(Event::Found(found))?,
            }
        }
    }

    fn open(&self, file: usize) -> Result<Option<Reading>, Ended> {
        let segment = &self.segments[file];
        match segment.open() {
            Ok(reader) => Ok(Some(Reading {
                file,
                reader,
                number: 0,
                told: 0,
                is_over: false,
                is_closed: false,
            })),
            // It was deleted, because the log has a bound.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Ended::Failed(failed(segment.path(), error))),
        }
    }
}

impl Lane {
    fn new(files: VecDeque<usize>) -> Self {
        Self {
            files,
            reading: None,
            clock: Clock::new(Writers::One),
            head: None,
        }
    }
}

impl Reading {
    fn next(&mut self, segment: &Segment) -> Result<Option<Found>, SourceError> {
        if self.is_over {
            return Ok(None);
        }
        let failed = |error: &dyn std::fmt::Display| failed(segment.path(), error);
        let record = match self.reader.next_record() {
            Ok(Some(record)) => Ok(Arc::new(record)),
            Ok(None) => return Ok(None),
            Err(ReadError::Io(error)) => match error.kind() {
                // A frame that is torn, or damaged: there is nothing behind it.
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::InvalidData
                | io::ErrorKind::Other => {
                    self.is_over = true;
                    Err(failed(&error).0)
                }
                _ => return Err(failed(&error)),
            },
            Err(error) => Err(failed(&error).0),
        };
        // Of a compressed file more comes out than there is.
        let read = self.reader.offset().min(segment.bytes());
        let weight = read.saturating_sub(self.told);
        self.told += weight;
        self.number += 1;
        Ok(Some(Found {
            place: (self.file, self.number - 1),
            record,
            arrived_ns: 0,
            weight,
        }))
    }
}
