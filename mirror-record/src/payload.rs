//! A record as one payload.

use bytes::Bytes;

use crate::{
    borrowed::{FieldList, RecordRef, RequestRef, ResponseRef},
    error::RecordError,
    id::RecordId,
    record::{FORMAT_VERSION, Fields, MAX_FIELDS, Outcome, Record, Request, Response, SessionHash},
};

/// The oldest version that is read.
const OLDEST_VERSION: u8 = 1;

/// The bytes of a length that is written before what it is the length of is known: 32 GiB.
const NESTED_LENGTH: usize = 5;

/// Tags of a record.
mod tag {
    pub(super) const ID: u8 = 1;
    pub(super) const MIRROR: u8 = 2;
    pub(super) const BUILD: u8 = 3;
    pub(super) const ARRIVED: u8 = 4;
    pub(super) const HANDLER_START: u8 = 5;
    pub(super) const FIRST_BYTE: u8 = 6;
    pub(super) const LAST_BYTE: u8 = 7;
    pub(super) const OUTCOME: u8 = 8;
    pub(super) const SHARE: u8 = 9;
    pub(super) const SESSION: u8 = 10;
    pub(super) const REDACTION: u8 = 11;
    pub(super) const RULES: u8 = 12;
    pub(super) const REQUEST: u8 = 13;
    pub(super) const RESPONSE: u8 = 14;
}

/// Tags of a request and of a response.
mod message {
    pub(super) const METHOD: u8 = 1;
    pub(super) const TARGET: u8 = 2;
    pub(super) const STATUS: u8 = 3;
    pub(super) const HEADERS: u8 = 4;
    pub(super) const BODY: u8 = 5;
    pub(super) const TRAILERS: u8 = 6;
    pub(super) const REDACTED: u8 = 7;
    pub(super) const LATENCY: u8 = 8;
}

impl RecordRef<'_> {
    /// The record as one payload: the bytes of a message in a queue, or of a record in a file.
    ///
    /// Of fields of headers, of trailers, and of places that were replaced, those beyond
    /// [`MAX_FIELDS`] are left out.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut payload = Vec::with_capacity(self.size_hint());
        self.encode_into(&mut payload);
        payload.into()
    }

    /// The same, behind what is there.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        out.push(FORMAT_VERSION);
        field(out, tag::ID, &self.id.to_bytes());
        field(out, tag::MIRROR, self.mirror.as_bytes());
        if let Some(build) = self.build {
            field(out, tag::BUILD, build.as_bytes());
        }
        number_field(out, tag::ARRIVED, self.arrived_ns);
        for (tag, time) in [
            (tag::HANDLER_START, self.handler_start_us),
            (tag::FIRST_BYTE, self.first_byte_us),
            (tag::LAST_BYTE, self.last_byte_us),
        ] {
            if let Some(time) = time {
                number_field(out, tag, time);
            }
        }
        field(out, tag::OUTCOME, &[number_of(self.outcome)]);
        field(out, tag::SHARE, &self.share.to_be_bytes());
        if let Some(SessionHash(bytes)) = &self.session {
            field(out, tag::SESSION, bytes);
        }
        number_field(out, tag::REDACTION, self.redaction_version.into());
        number_field(out, tag::RULES, self.rules_version);
        nested(out, tag::REQUEST, |out| self.request.encode_into(out));
        if let Some(response) = &self.response {
            nested(out, tag::RESPONSE, |out| response.encode_into(out));
        }
    }
}

impl Record {
    /// The record as one payload: see [`RecordRef::encode`].
    #[must_use]
    pub fn encode(&self) -> Bytes {
        self.borrowed().encode()
    }

    /// A record of a payload.
    ///
    /// # Errors
    ///
    /// [`RecordError`] if it is of another version, if it ends too early, or if a field that each
    /// record has is missing. Fields that are not known are passed over.
    pub fn decode(payload: &[u8]) -> Result<Self, RecordError> {
        Self::decode_bytes(&Bytes::copy_from_slice(payload))
    }

    /// The same without a copy: the bytes of the record are those of the payload.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    pub fn decode_bytes(payload: &Bytes) -> Result<Self, RecordError> {
        let mut input = Input(payload.clone());
        let version = input.byte("the version")?;
        if !(OLDEST_VERSION..=FORMAT_VERSION).contains(&version) {
            return Err(RecordError::Version(version));
        }
        let (mut id, mut mirror, mut arrived, mut outcome) = (None, None, None, None);
        let (mut request, mut response) = (None, None);
        let id_of_none = RecordId::from_bytes([0; 16]);
        let mut record = Self::new(id_of_none, "", Request::new("", ""));
        while let Some((tag, value)) = input.field()? {
            match tag {
                tag::ID => id = Some(RecordId::from_bytes(array(&value, "the id")?)),
                tag::MIRROR => mirror = Some(text(&value, "the mirror")?),
                tag::BUILD => record.build = Some(text(&value, "the build")?),
                tag::ARRIVED => arrived = Some(number(value, "the arrival")?),
                tag::HANDLER_START => {
                    record.handler_start_us = Some(number(value, "the start of the handler")?);
                }
                tag::FIRST_BYTE => record.first_byte_us = Some(number(value, "the first byte")?),
                tag::LAST_BYTE => record.last_byte_us = Some(number(value, "the last byte")?),
                tag::OUTCOME => outcome = Some(outcome_of(&value)?),
                tag::SHARE => record.share = share(&value)?,
                tag::SESSION => record.session = Some(SessionHash(array(&value, "the session")?)),
                tag::REDACTION => {
                    let version = number(value, "the version of the redaction")?;
                    let version = version.try_into();
                    record.redaction_version =
                        version.map_err(|_| RecordError::Value("the version of the redaction"))?;
                }
                tag::RULES => record.rules_version = number(value, "the version of the rules")?,
                tag::REQUEST => request = Some(Request::decode(value)?),
                tag::RESPONSE => response = Some(Response::decode(value)?),
                // Of a newer program.
                _ => {}
            }
        }
        record.id = id.ok_or(RecordError::Missing("id"))?;
        record.mirror = mirror.ok_or(RecordError::Missing("mirror"))?;
        record.arrived_ns = arrived.ok_or(RecordError::Missing("arrival"))?;
        record.outcome = outcome.ok_or(RecordError::Missing("outcome"))?;
        record.request = request.ok_or(RecordError::Missing("request"))?;
        record.response = response;
        Ok(record)
    }
}

impl RequestRef<'_> {
    fn encode_into(&self, out: &mut Vec<u8>) {
        field(out, message::METHOD, self.method.as_bytes());
        field(out, message::TARGET, self.target);
        encode_parts(out, self.headers, self.body, self.trailers, self.redacted);
    }
}

impl ResponseRef<'_> {
    fn encode_into(&self, out: &mut Vec<u8>) {
        number_field(out, message::STATUS, self.status.into());
        encode_parts(out, self.headers, self.body, self.trailers, self.redacted);
        number_field(out, message::LATENCY, self.latency_us);
    }
}

impl Request {
    fn decode(value: Bytes) -> Result<Self, RecordError> {
        let (mut method, mut target) = (None, None);
        let mut parts = Parts::default();
        let mut input = Input(value);
        while let Some((tag, value)) = input.field()? {
            match tag {
                message::METHOD => method = Some(text(&value, "the method")?),
                message::TARGET => target = Some(value),
                _ => parts.decode(tag, value)?,
            }
        }
        Ok(Self {
            method: method.ok_or(RecordError::Missing("method"))?,
            target: target.ok_or(RecordError::Missing("target"))?,
            headers: parts.headers,
            body: parts.body,
            trailers: parts.trailers,
            redacted: parts.redacted,
        })
    }
}

impl Response {
    fn decode(value: Bytes) -> Result<Self, RecordError> {
        let (mut status, mut latency_us) = (None, 0);
        let mut parts = Parts::default();
        let mut input = Input(value);
        while let Some((tag, value)) = input.field()? {
            match tag {
                message::STATUS => {
                    let number = number(value, "the status")?.try_into();
                    status = Some(number.map_err(|_| RecordError::Value("the status"))?);
                }
                message::LATENCY => latency_us = number(value, "the latency")?,
                _ => parts.decode(tag, value)?,
            }
        }
        Ok(Self {
            status: status.ok_or(RecordError::Missing("status"))?,
            headers: parts.headers,
            body: parts.body,
            trailers: parts.trailers,
            redacted: parts.redacted,
            latency_us,
        })
    }
}

/// What requests and responses have alike.
#[derive(Default)]
struct Parts {
    headers: Fields,
    body: Option<Bytes>,
    trailers: Fields,
    redacted: Vec<String>,
}

impl Parts {
    fn decode(&mut self, tag: u8, value: Bytes) -> Result<(), RecordError> {
        match tag {
            message::HEADERS => self.headers = pairs(value, "header fields")?,
            message::BODY => self.body = Some(value),
            message::TRAILERS => self.trailers = pairs(value, "trailer fields")?,
            message::REDACTED => self.redacted = places(value)?,
            _ => {}
        }
        Ok(())
    }
}

fn encode_parts(
    out: &mut Vec<u8>,
    headers: &dyn FieldList,
    body: Option<&[u8]>,
    trailers: &dyn FieldList,
    redacted: &[String],
) {
    encode_fields(out, message::HEADERS, headers);
    if let Some(body) = body {
        field(out, message::BODY, body);
    }
    encode_fields(out, message::TRAILERS, trailers);
    if !redacted.is_empty() {
        nested(out, message::REDACTED, |out| {
            for place in redacted.iter().take(MAX_FIELDS) {
                counted(out, place.as_bytes());
            }
        });
    }
}

/// As many of a list as may be there; nothing if it is empty.
fn encode_fields(out: &mut Vec<u8>, tag: u8, fields: &dyn FieldList) {
    if fields.is_empty() {
        return;
    }
    nested(out, tag, |out| {
        let mut left = MAX_FIELDS;
        fields.each(&mut |name, value| {
            if left > 0 {
                left -= 1;
                counted(out, name);
                counted(out, value);
            }
        });
    });
}

/// A field whose length is known when it is there: it has five bytes, also if fewer would do.
fn nested(out: &mut Vec<u8>, tag: u8, encode: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let at = out.len();
    out.extend_from_slice(&[0; NESTED_LENGTH]);
    encode(out);
    let mut length = out.len() - at - NESTED_LENGTH;
    for (place, byte) in out[at..at + NESTED_LENGTH].iter_mut().enumerate() {
        let more = if place + 1 < NESTED_LENGTH { 0x80 } else { 0 };
        *byte = u8::try_from(length & 0x7F).unwrap_or(0) | more;
        length >>= 7;
    }
}

fn field(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    counted(out, value);
}

fn counted(out: &mut Vec<u8>, bytes: &[u8]) {
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn number_field(out: &mut Vec<u8>, tag: u8, number: u64) {
    out.extend_from_slice(&[tag, 0]);
    let at = out.len();
    varint(out, number);
    // Ten bytes at most.
    out[at - 1] = u8::try_from(out.len() - at).unwrap_or(0);
}

/// Seven bits in a byte, the lowest first. The highest bit of a byte says that there are more.
fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7F).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

/// What is left of a payload.
struct Input(Bytes);

impl Input {
    fn byte(&mut self, what: &'static str) -> Result<u8, RecordError> {
        let (first, _) = self.0.split_first().ok_or(RecordError::Short(what))?;
        let first = *first;
        let _ = self.0.split_to(1);
        Ok(first)
    }

    fn varint(&mut self, what: &'static str) -> Result<u64, RecordError> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte(what)?;
            let bits = u64::from(byte & 0x7F);
            if bits.leading_zeros() < shift {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(RecordError::Value(what))
    }

    fn bytes(&mut self, what: &'static str) -> Result<Bytes, RecordError> {
        let length = usize::try_from(self.varint(what)?).ok();
        let length = length.filter(|length| *length <= self.0.len());
        Ok(self.0.split_to(length.ok_or(RecordError::Short(what))?))
    }

    fn field(&mut self) -> Result<Option<(u8, Bytes)>, RecordError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.byte("a field")?;
        Ok(Some((tag, self.bytes("a field")?)))
    }
}

fn number(value: Bytes, what: &'static str) -> Result<u64, RecordError> {
    let mut input = Input(value);
    let number = input.varint(what)?;
    if input.0.is_empty() {
        Ok(number)
    } else {
        Err(RecordError::Value(what))
    }
}

fn array<const N: usize>(value: &[u8], what: &'static str) -> Result<[u8; N], RecordError> {
    value.try_into().map_err(|_| RecordError::Value(what))
}

fn text(value: &[u8], what: &'static str) -> Result<String, RecordError> {
    let text = std::str::from_utf8(value).map_err(|_| RecordError::Value(what))?;
    Ok(text.to_owned())
}

fn share(value: &[u8]) -> Result<f64, RecordError> {
    let share = f64::from_be_bytes(array(value, "the share")?);
    if (0.0..=100.0).contains(&share) {
        Ok(share)
    } else {
        Err(RecordError::Value("the share"))
    }
}

fn number_of(outcome: Outcome) -> u8 {
    let place = Outcome::ALL.iter().position(|one| *one == outcome);
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(u8::MAX)
}

fn outcome_of(value: &[u8]) -> Result<Outcome, RecordError> {
    let [number] = array(value, "the outcome")?;
    let outcome = Outcome::ALL.get(usize::from(number));
    outcome.copied().ok_or(RecordError::Value("the outcome"))
}

fn pairs(value: Bytes, what: &'static str) -> Result<Fields, RecordError> {
    let mut fields = Vec::new();
    let mut input = Input(value);
    while !input.0.is_empty() {
        if fields.len() == MAX_FIELDS {
            return Err(RecordError::TooMany(what));
        }
        fields.push((input.bytes(what)?, input.bytes(what)?));
    }
    Ok(fields)
}

fn places(value: Bytes) -> Result<Vec<String>, RecordError> {
    const WHAT: &str = "redacted places";
    let mut places = Vec::new();
    let mut input = Input(value);
    while !input.0.is_empty() {
        if places.len() == MAX_FIELDS {
            return Err(RecordError::TooMany(WHAT));
        }
        places.push(text(&input.bytes(WHAT)?, WHAT)?);
    }
    Ok(places)
}

#[cfg(test)]
pub(crate) mod tests;
