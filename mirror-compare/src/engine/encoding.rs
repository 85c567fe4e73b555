//! Bodies as they are compared: without their `Content-Encoding` (RFC 9110 section 8.4).

use std::io::Read;

use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::{
    encoding::encodings,
    model::{BufferedResponse, CompareMode, Ending, NotComparedReason},
    rules::Rules,
};

/// The most encodings that are undone, one after the other. Nobody applies more than one in
/// earnest.
const MAX_ENCODINGS: usize = 3;

/// The responses with their `Content-Encoding` undone; `None` if their bodies are equal.
pub(super) fn whole_bodies(
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    rules: &Rules,
) -> Result<Option<[BufferedResponse; 2]>, NotComparedReason> {
    check_whole([primary, shadow], rules)?;
    if primary.body() == shadow.body() && same_encodings(primary, shadow) {
        return Ok(None);
    }
    let decoded = [decoded(primary, rules)?, decoded(shadow, rules)?];
    Ok((decoded[0].body() != decoded[1].body()).then_some(decoded))
}

/// The body of a response as it is compared: without its `Content-Encoding`. `None` if it is not
/// known.
#[must_use]
pub fn compared_body(
    response: &BufferedResponse,
    mode: CompareMode,
    rules: &Rules,
) -> Option<Bytes> {
    if matches!(mode, CompareMode::Status) || check_whole([response], rules).is_err() {
        return None;
    }
    let decoded = decoded(response, rules).ok()?;
    Some(decoded.body().clone())
}

/// Whether all of the body is there, and its encoding can be undone.
pub(crate) fn is_readable(response: &BufferedResponse, rules: &Rules) -> bool {
    check_whole([response], rules).is_ok() && decoded(response, rules).is_ok()
}

pub(super) fn check_whole<const N: usize>(
    responses: [&BufferedResponse; N],
    rules: &Rules,
) -> Result<(), NotComparedReason> {
    for response in responses {
        match response.ending() {
            Ending::CutShort => return Err(NotComparedReason::CutShort),
            Ending::Streaming => return Err(NotComparedReason::Streaming),
            Ending::Truncated => return Err(NotComparedReason::TooLarge),
            Ending::Complete if response.body().len() > rules.max_compare_body => {
                return Err(NotComparedReason::TooLarge);
            }
            Ending::Complete => {}
        }
    }
    Ok(())
}

fn same_encodings(primary: &BufferedResponse, shadow: &BufferedResponse) -> bool {
    match (encodings(primary.headers()), encodings(shadow.headers())) {
        (Ok(primary), Ok(shadow)) => primary == shadow,
        _ => false,
    }
}

pub(super) fn decoded(
    response: &BufferedResponse,
    rules: &Rules,
) -> Result<BufferedResponse, NotComparedReason> {
    if response.is_decoded() {
        return Ok(response.decoded(response.body().clone()));
    }
    let encodings = encodings(response.headers())?;
    let body = decode(response.body(), &encodings, rules.max_compare_body)?;
    Ok(response.decoded(body))
}

/// A body without its encodings.
///
/// Decoding stops at `limit`, so that a few bytes cannot take the memory of the process.
fn decode(body: &Bytes, encodings: &[String], limit: usize) -> Result<Bytes, NotComparedReason> {
    if encodings.len() > MAX_ENCODINGS {
        return Err(NotComparedReason::Encoding);
    }
    let mut body = body.clone();
    for encoding in encodings.iter().rev() {
        // An empty body is what it is: a `304`, a response to `HEAD`, or a server that spares
        // itself the frame.
        if !body.is_empty() {
            body = undo(encoding, &body, limit)?;
        }
    }
    Ok(body)
}

fn undo(encoding: &str, body: &[u8], limit: usize) -> Result<Bytes, NotComparedReason> {
    match encoding {
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(body), limit),
        "deflate" if is_zlib(body) => read(ZlibDecoder::new(body), limit),
        "deflate" => read(DeflateDecoder::new(body), limit),
        "br" => read(brotli(body), limit),
        _ => Err(NotComparedReason::Encoding),
    }
}

fn brotli(body: &[u8]) -> impl Read {
    let mut decoder = Decompressor::new(body, BROTLI_BUFFER);
    // RFC 7932 knows windows of at most 16 MiB.
    decoder.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
    decoder
}

/// Bytes of input that are handed over at once.
const BROTLI_BUFFER: usize = 4096;

/// RFC 9110 section 8.4.1.2 says that `deflate` is a zlib stream, and that some send it without the
/// frame of zlib.
fn is_zlib(body: &[u8]) -> bool {
    match body {
        [method, flags, ..] => {
            method & 0x0F == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
        }
        _ => false,
    }
}

fn read(encoded: impl Read, limit: usize) -> Result<Bytes, NotComparedReason> {
    let mut decoded = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    match encoded.take(one_more).read_to_end(&mut decoded) {
        Ok(_) if decoded.len() > limit => Err(NotComparedReason::TooLarge),
        Ok(_) => Ok(decoded.into()),
        Err(_) => Err(NotComparedReason::Encoding),
    }
}
