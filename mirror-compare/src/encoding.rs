//! Undoing the `Content-Encoding` of a body (RFC 9110 section 8.4).

use std::io::Read;

use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};

use crate::model::NotComparedReason;

/// The most encodings that are undone, one after the other. Nobody applies more than one in earnest.
const MAX_ENCODINGS: usize = 3;

/// The encodings of a body, in the order in which they were applied.
pub(crate) fn encodings(headers: &HeaderMap) -> Result<Vec<String>, NotComparedReason> {
    let mut encodings = Vec::new();
    for line in headers.get_all(header::CONTENT_ENCODING) {
        let line = line.to_str().map_err(|_| NotComparedReason::Encoding)?;
        let names = line.split(',').map(|name| name.trim().to_ascii_lowercase());
        encodings.extend(names.filter(|name| !name.is_empty() && name != "identity"));
    }
    Ok(encodings)
}

/// A body without its encodings.
///
/// What becomes larger than `limit` is given up there, so that a few bytes cannot take the memory of the process.
pub(crate) fn decode(
    body: &Bytes,
    encodings: &[String],
    limit: usize,
) -> Result<Bytes, NotComparedReason> {
    if encodings.len() > MAX_ENCODINGS {
        return Err(NotComparedReason::Encoding);
    }
    let mut body = body.clone();
    for encoding in encodings.iter().rev() {
        // An empty body is what it is: a `304`, an answer to `HEAD`, or a server that spares itself the frame.
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

/// RFC 9110 section 8.4.1.2 says that `deflate` is a zlib stream, and that some send it without the frame of zlib.
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
