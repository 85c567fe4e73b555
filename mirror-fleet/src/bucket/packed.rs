//! What is too large for one key: packed, and in parts.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
};

use bytes::Bytes;
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::{Serialize, de::DeserializeOwned};

use super::Entry;

/// The version of the format. A reader leaves out what is of another one, and says so.
const VERSION: u8 = 1;

/// The longest snapshot that is read, when it is unpacked: more than one with all of its tables
/// full.
const LONGEST: u64 = 64 << 20;

/// The bytes before what is packed: version, part, parts, slot, and the number of the snapshot.
const HEAD: usize = 12;

/// What a message needs beside its payload: its subject and its headers.
pub(crate) const BESIDE: usize = 4096;

/// A value as it is sent, in parts of at most `longest` bytes each: mostly one. `number` tells it
/// from those before.
///
/// # Errors
///
/// If it cannot be serialized, or would take more than 255 parts.
pub(crate) fn pack(
    value: &impl Serialize,
    number: u64,
    longest: usize,
) -> Result<Vec<Bytes>, String> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut packed, value).map_err(|error| error.to_string())?;
    packed.flush().map_err(|error| error.to_string())?;
    let packed = packed.finish().map_err(|error| error.to_string())?;
    let room = longest.saturating_sub(HEAD).max(1);
    let parts = packed.len().div_ceil(room).max(1);
    let count = u8::try_from(parts).map_err(|_| {
        format!(
            "{} bytes are too many for parts of {longest}: raise `max_payload` of the server",
            packed.len()
        )
    })?;
    let slot = u8::from(number % 2 == 1);
    let part = |(index, bytes): (u8, &[u8])| {
        let mut part = Vec::with_capacity(HEAD + bytes.len());
        part.extend([VERSION, index, count, slot]);
        part.extend(number.to_le_bytes());
        part.extend(bytes);
        Bytes::from(part)
    };
    Ok((0..count).zip(packed.chunks(room)).map(part).collect())
}

/// What [`pack`] has made.
///
/// # Errors
///
/// If it is none of it, or of another version.
pub(crate) fn unpack<T: DeserializeOwned>(parts: &[Bytes]) -> Result<T, String> {
    let mut packed = Vec::new();
    for part in parts {
        head(part)?;
        packed.extend(&part[HEAD..]);
    }
    let unpacked = DeflateDecoder::new(&packed[..]).take(LONGEST);
    // Into memory first: serde_json reads a slice several times as fast.
    let mut text = Vec::new();
    std::io::BufReader::new(unpacked)
        .read_to_end(&mut text)
        .map_err(|error| format!("it cannot be unpacked: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| format!("it cannot be read: {error}"))
}

/// All parts of what is under a key, of which this is the first.
pub(crate) fn whole(
    entries: &BTreeMap<String, Entry>,
    key: &str,
    first: &Entry,
) -> Result<Vec<Bytes>, String> {
    let value = first.value.clone().unwrap_or_default();
    let first = head(&value)?;
    let mut parts = vec![value];
    for index in 1..first.parts {
        let part = entries.get(&format!("{key}.{}-{index}", first.slot));
        let part = part.and_then(|entry| entry.value.clone());
        let part = part.ok_or("a part of it is missing")?;
        if head(&part)?.number != first.number {
            return Err("it is just being written".to_owned());
        }
        parts.push(part);
    }
    Ok(parts)
}

/// Where a part of a snapshot belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    parts: u8,
    /// Which of two sets of keys has the other parts: the one that the snapshot before has not.
    slot: u8,
    number: u64,
}

fn head(part: &[u8]) -> Result<Head, String> {
    let Some((&[version, _, parts, slot], rest)) = part.split_first_chunk() else {
        return Err("it is no snapshot".to_owned());
    };
    if version != VERSION {
        return Err(format!(
            "it is of version {version}, and this process reads version {VERSION}"
        ));
    }
    let (number, _) = rest.split_first_chunk().ok_or("it is no snapshot")?;
    Ok(Head {
        parts,
        slot,
        number: u64::from_le_bytes(*number),
    })
}
