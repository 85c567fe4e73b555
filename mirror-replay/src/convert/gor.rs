//! Captures of `GoReplay`: `.gor`.
//!
//! A payload is a line, `1 ID TIME LATENCY`, and a message of HTTP/1: 1 is a request and 2 the
//! response to it, 3 that of a server to which it was replayed. Between payloads is a line of its
//! own.

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, Write},
};

use mirror_record::{MAX_RECORD, Outcome, Record, RecordId, Request, Response};

use super::{
    ConvertError, Converted,
    message::{read_request, read_response, write_request, write_response},
};

/// The line between payloads.
const SEPARATOR: &[u8] = "🐵🙈🙉\n".as_bytes();

/// So many requests wait for their response. The response to the others is not known.
const MAX_WAITING: usize = 10_000;

/// A request that waits for its response.
struct Waiting {
    id: Vec<u8>,
    time: u64,
    request: Request,
}

/// Requests that wait, in the order in which they came.
#[derive(Default)]
struct Requests {
    numbers: HashMap<Vec<u8>, u64>,
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
}

impl Requests {
    fn add(&mut self, waiting: Waiting) -> Option<Waiting> {
        let oldest = (self.waiting.len() >= MAX_WAITING).then(|| self.oldest());
        self.numbers.insert(waiting.id.clone(), self.next);
        self.waiting.insert(self.next, waiting);
        self.next += 1;
        oldest.flatten()
    }

    fn take(&mut self, id: &[u8]) -> Option<Waiting> {
        self.waiting.remove(&self.numbers.remove(id)?)
    }

    fn oldest(&mut self) -> Option<Waiting> {
        let (_, oldest) = self.waiting.pop_first()?;
        self.numbers.remove(&oldest.id);
        Some(oldest)
    }
}

/// Reads a capture, as records of a mirror of this name.
///
/// # Errors
///
/// If the file cannot be read, or is no capture, and what `tell` returns.
pub fn read_gor(
    mut file: impl BufRead,
    mirror: &str,
    mut tell: impl FnMut(Record) -> Result<(), ConvertError>,
) -> Result<Converted, ConvertError> {
    let mut converted = Converted::default();
    let mut requests = Requests::default();
    let mut payload = Vec::new();
    let mut is_first = true;
    while read_payload(&mut file, &mut payload)? {
        let Some((kind, id, time, latency, message)) = parse(&payload) else {
            if is_first {
                let text = "it is no capture of GoReplay: it does not begin with `1 ID TIME`";
                return Err(ConvertError(text.to_owned()));
            }
            converted.left_out += 1;
            continue;
        };
        is_first = false;
        match kind {
            b"1" => match read_request(message) {
                Some(request) => {
                    let id = id.to_vec();
                    if let Some(oldest) = requests.add(Waiting { id, time, request }) {
                        emit(oldest, None, mirror, &mut converted, &mut tell)?;
                    }
                }
                None => converted.left_out += 1,
            },
            b"2" => {
                let Some(waiting) = requests.take(id) else {
                    continue;
                };
                let response = read_response(message).map(|mut response| {
                    let took = if latency > 0 {
                        latency
                    } else {
                        time.saturating_sub(waiting.time)
                    };
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
    let millis = waiting.time / 1_000_000;
    // The same at each import, so that a target can tell a request that it has seen.
    let random = waiting.id.iter().fold(0_u128, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013B)
    });
    let mut record = Record::new(
        RecordId::from_parts(millis, random),
        mirror,
        waiting.request,
    );
    record.arrived_ns = waiting.time;
    converted.records += 1;
    if let Some(response) = response {
        converted.with_response += 1;
        record.outcome = if response.body.is_some() {
            Outcome::Complete
        } else {
            Outcome::Cut
        };
        record.last_byte_us = Some(response.latency_us);
        record.response = Some(response);
    }
    tell(record)
}

/// Reads up to the next separator; whether there was something.
fn read_payload(file: &mut impl BufRead, payload: &mut Vec<u8>) -> Result<bool, ConvertError> {
    payload.clear();
    loop {
        let start = payload.len();
        if file.read_until(b'\n', payload)? == 0 {
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
        if payload.len() > MAX_RECORD {
            return Err(ConvertError("a payload has more than 64 MiB".to_owned()));
        }
    }
}

/// The kind, the id, the time and the latency of a payload, and its message.
#[expect(clippy::type_complexity, reason = "it is called once")]
fn parse(payload: &[u8]) -> Option<(&[u8], &[u8], u64, u64, &[u8])> {
    let end = payload.iter().position(|byte| *byte == b'\n')?;
    let (line, message) = (&payload[..end], &payload[end + 1..]);
    let mut words = line.split(|byte| *byte == b' ');
    let (kind, id) = (words.next()?, words.next()?);
    let mut number = || {
        std::str::from_utf8(words.next()?)
            .ok()?
            .trim()
            .parse::<i64>()
            .ok()
    };
    let time = u64::try_from(number()?).ok()?;
    let latency = number().and_then(|latency| u64::try_from(latency).ok());
    let is_known = matches!(kind, b"1" | b"2" | b"3") && !id.is_empty();
    is_known.then_some((kind, id, time, latency.unwrap_or(0), message))
}

/// Writes a record; whether it can be: one without its body cannot.
///
/// # Errors
///
/// If the file cannot be written.
pub fn write_gor(file: &mut impl Write, record: &Record) -> Result<bool, ConvertError> {
    let Some(request) = write_request(&record.request) else {
        return Ok(false);
    };
    let id = format!("{:032x}", u128::from_be_bytes(record.id.to_bytes()));
    let time = record.arrived_ns;
    writeln!(file, "1 {id} {time} 0")?;
    file.write_all(&request)?;
    file.write_all(b"\n")?;
    file.write_all(SEPARATOR)?;
    if let Some(response) = &record.response {
        let latency = response.latency_us.saturating_mul(1_000);
        writeln!(file, "2 {id} {} {latency}", time.saturating_add(latency))?;
        file.write_all(&write_response(response))?;
        file.write_all(b"\n")?;
        file.write_all(SEPARATOR)?;
    }
    Ok(true)
}
