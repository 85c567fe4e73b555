//! Captures of `GoReplay`: `.gor`.
//!
//! A payload is a line, `1 ID TIME LATENCY`, and a message of HTTP/1: 1 is a request and 2 the
//! response to it, 3 that of a server to which it was replayed. Between payloads is a line of its
//! own.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io::{BufRead, BufReader, ErrorKind, Read as _, Write},
};

use mirror_record::{MAX_RECORD, Outcome, Record, RecordId, Request, Response};

use super::{
    ConvertError, Converted, decompressed,
    message::{
        outcome_of, read_request, read_response, reason_of, reason_of_response, write_request,
        write_response,
    },
};

/// The line between payloads.
const SEPARATOR: &[u8] = "🐵🙈🙉\n".as_bytes();

/// So many requests wait for their response. The response to the others is not known.
const MAX_WAITING: usize = 10_000;

/// Two requests with one id and one time are told apart if there are fewer than so many between
/// them.
const MAX_NAMES: usize = 65_536;

/// A request that waits for its response.
struct Waiting {
    id: Vec<u8>,
    time: u64,
    record: RecordId,
    request: Request,
}

/// Requests that wait, in the order in which they came.
#[derive(Default)]
struct Requests {
    /// Requests of one connection may have one id: their responses come in the same order.
    numbers: HashMap<Vec<u8>, VecDeque<u64>>,
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
}

impl Requests {
    fn add(&mut self, waiting: Waiting) -> Option<Waiting> {
        let oldest = (self.waiting.len() >= MAX_WAITING).then(|| self.oldest());
        let numbers = self.numbers.entry(waiting.id.clone()).or_default();
        numbers.push_back(self.next);
        self.waiting.insert(self.next, waiting);
        self.next += 1;
        oldest.flatten()
    }

    fn take(&mut self, id: &[u8]) -> Option<Waiting> {
        let number = *self.numbers.get(id)?.front()?;
        let waiting = self.waiting.remove(&number)?;
        self.forget(id);
        Some(waiting)
    }

    fn oldest(&mut self) -> Option<Waiting> {
        let (_, oldest) = self.waiting.pop_first()?;
        // The oldest of all is the oldest of those with its id.
        self.forget(&oldest.id);
        Some(oldest)
    }

    /// Forgets the oldest with this id.
    fn forget(&mut self, id: &[u8]) {
        let Some(numbers) = self.numbers.get_mut(id) else {
            return;
        };
        numbers.pop_front();
        if numbers.is_empty() {
            self.numbers.remove(id);
        }
    }
}

/// Names of records: the same at each import, so that a target can tell a request that it has seen,
/// and others for others.
#[derive(Default)]
struct Names {
    /// How often there were that id and that time, of the last.
    times: HashMap<u128, u64>,
    order: VecDeque<u128>,
}

impl Names {
    fn name(&mut self, id: &[u8], time: u64) -> RecordId {
        let bytes = id.iter().copied().chain(time.to_be_bytes());
        let hash = bytes.fold(0, fold);
        let before = self.times.entry(hash).or_insert_with(|| {
            self.order.push_back(hash);
            0
        });
        let random = match *before {
            0 => hash,
            before => before.to_be_bytes().into_iter().fold(hash, fold),
        };
        *before += 1;
        if self.order.len() > MAX_NAMES
            && let Some(oldest) = self.order.pop_front()
        {
            self.times.remove(&oldest);
        }
        RecordId::from_parts(time / 1_000_000, random)
    }
}

/// FNV-1a.
fn fold(hash: u128, byte: u8) -> u128 {
    (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B)
}

/// Reads a capture, as records of a mirror of this name. It may be compressed by `gzip`.
///
/// # Errors
///
/// If the file cannot be read, or is no capture, and what `tell` returns.
pub fn read_gor(
    file: impl BufRead,
    mirror: &str,
    mut tell: impl FnMut(Record) -> Result<(), ConvertError>,
) -> Result<Converted, ConvertError> {
    let mut file = BufReader::new(decompressed(file)?);
    let mut converted = Converted::default();
    let mut requests = Requests::default();
    let mut names = Names::default();
    let mut payload = Vec::new();
    let mut is_capture = false;
    for number in 1_u64.. {
        match read_payload(&mut file, &mut payload) {
            Ok(true) => {}
            Ok(false) => break,
            // What was compressed is there up to its end only.
            Err(Unread::Torn) if is_capture => {
                converted.leave_out(|| format!("payload {number}: the file ends within it"));
                break;
            }
            Err(Unread::Torn) => return Err(ConvertError("the file ends too early".to_owned())),
            Err(Unread::Failed(error)) => return Err(error),
        }
        let Some(Payload {
            kind,
            id,
            time,
            latency,
            message,
        }) = parse(&payload)
        else {
            if !is_capture {
                let text = "it is no capture of GoReplay: it does not begin with `1 ID TIME`";
                return Err(ConvertError(text.to_owned()));
            }
            converted.leave_out(|| format!("payload {number}: it does not begin with `1 ID TIME`"));
            continue;
        };
        is_capture = true;
        match kind {
            b"1" => match read_request(message) {
                Some(request) => {
                    let waiting = Waiting {
                        record: names.name(id, time),
                        id: id.to_vec(),
                        time,
                        request,
                    };
                    if let Some(oldest) = requests.add(waiting) {
                        emit(oldest, None, mirror, &mut converted, &mut tell)?;
                    }
                }
                None => {
                    converted.leave_out(|| format!("payload {number}: it is no whole request"));
                }
            },
            b"2" => {
                let Some(waiting) = requests.take(id) else {
                    converted.leave_response_out(|| {
                        format!("payload {number}: a response, and its request is not known")
                    });
                    continue;
                };
                let response = read_response(message, &waiting.request.method);
                if response.is_none() {
                    converted.leave_response_out(|| {
                        format!("payload {number}: the head of the response cannot be read")
                    });
                }
                let took = match latency {
                    0 => time.saturating_sub(waiting.time),
                    latency => latency,
                };
                let response = response.map(|mut response| {
                    response.latency_us = took / 1_000;
                    response
                });
                emit(waiting, response, mirror, &mut converted, &mut tell)?;
            }
            // Of a replay: not what the primary has said.
            _ => {}
        }
    }
    while let Some(oldest) = requests.oldest() {
        emit(oldest, None, mirror, &mut converted, &mut tell)?;
    }
    Ok(converted)
}

fn emit(
    waiting: Waiting,
    response: Option<Response>,
    mirror: &str,
    converted: &mut Converted,
    tell: &mut impl FnMut(Record) -> Result<(), ConvertError>,
) -> Result<(), ConvertError> {
    let mut record = Record::new(waiting.record, mirror, waiting.request);
    record.arrived_ns = waiting.time;
    converted.add(&record.request, response.is_some());
    if let Some(response) = response {
        record.outcome = outcome_of(&response);
        record.last_byte_us = Some(response.latency_us);
        record.response = Some(response);
    }
    tell(record)
}

/// Why there is no payload.
enum Unread {
    /// The file is compressed, and ends too early.
    Torn,
    Failed(ConvertError),
}

/// Reads up to the next separator; whether there was something.
fn read_payload(file: &mut impl BufRead, payload: &mut Vec<u8>) -> Result<bool, Unread> {
    payload.clear();
    loop {
        let start = payload.len();
        let mut rest = (&mut *file).take((MAX_RECORD + 1).saturating_sub(start) as u64);
        let read = rest.read_until(b'\n', payload);
        let read = read.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => Unread::Torn,
            _ => Unread::Failed(error.into()),
        })?;
        if payload.len() > MAX_RECORD {
            let error = ConvertError("a payload has more than 64 MiB".to_owned());
            return Err(Unread::Failed(error));
        }
        if read == 0 {
            return Ok(!payload.is_empty());
        }
        if &payload[start..] == SEPARATOR {
            // The line before it ends because of it.
            payload.truncate(start.saturating_sub(1));
            if payload.is_empty() {
                continue;
            }
            return Ok(true);
        }
    }
}

/// A message, and what is said of it.
struct Payload<'p> {
    kind: &'p [u8],
    id: &'p [u8],
    time: u64,
    latency: u64,
    message: &'p [u8],
}

fn parse(payload: &[u8]) -> Option<Payload<'_>> {
    let end = payload.iter().position(|byte| *byte == b'\n')?;
    let (line, message) = (&payload[..end], &payload[end + 1..]);
    let mut words = line.split(|byte| *byte == b' ');
    let (kind, id) = (words.next()?, words.next()?);
    let mut number = || {
        let text = std::str::from_utf8(words.next()?).ok()?;
        text.trim().parse::<i64>().ok()
    };
    let time = u64::try_from(number()?).ok()?;
    let latency = number().and_then(|latency| u64::try_from(latency).ok());
    let is_known = matches!(kind, b"1" | b"2" | b"3") && !id.is_empty();
    is_known.then_some(Payload {
        kind,
        id,
        time,
        latency: latency.unwrap_or(0),
        message,
    })
}

/// Writes records as a capture. A response that is not whole is left out.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write_gor(
    mut file: impl Write,
    records: impl Iterator<Item = Record>,
) -> Result<Converted, ConvertError> {
    let mut converted = Converted::default();
    for record in records {
        write_record(&mut file, &record, &mut converted)?;
    }
    Ok(converted)
}

fn write_record(
    file: &mut impl Write,
    record: &Record,
    converted: &mut Converted,
) -> Result<(), ConvertError> {
    let id = format!("{:032x}", u128::from_be_bytes(record.id.to_bytes()));
    let time = record.arrived_ns;
    let request = write_request(&record.request);
    let request = request.and_then(|message| payload(&format!("1 {id} {time} 0"), &message));
    let Some(request) = request else {
        converted.leave_out(|| reason_of(record));
        return Ok(());
    };
    file.write_all(&request)?;
    let is_whole = record.outcome == Outcome::Complete;
    let written = record.response.as_ref().filter(|_| is_whole);
    let written = written.and_then(|response| {
        let message = write_response(response, &record.request.method)?;
        let latency = response.latency_us.checked_mul(1_000)?;
        let time = time.checked_add(latency)?;
        payload(&format!("2 {id} {time} {latency}"), &message)
    });
    converted.add(&record.request, written.is_some());
    match written {
        Some(response) => file.write_all(&response)?,
        None if record.response.is_some() => {
            converted.leave_response_out(|| reason_of_response(record));
        }
        None => {}
    }
    Ok(())
}

/// A payload with its separator; `None` if the message holds one itself, or more than is read.
fn payload(line: &str, message: &[u8]) -> Option<Vec<u8>> {
    let mut payload = [line.as_bytes(), b"\n", message, b"\n"].concat();
    let is_whole = !payload
        .split_inclusive(|byte| *byte == b'\n')
        .any(|line| line == SEPARATOR);
    payload.extend_from_slice(SEPARATOR);
    (is_whole && payload.len() <= MAX_RECORD && parse(&payload).is_some()).then_some(payload)
}
