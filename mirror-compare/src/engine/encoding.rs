//! Bodies as they are compared: without their `Content-Encoding` (RFC 9110 section 8.4).

use std::{borrow::Cow, io::Read};

use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use http::header;
use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

use crate::{
    encoding::encodings,
    model::{BufferedResponse, CompareMode, Ending, NotComparedReason},
    rules::Rules,
};

/// The most encodings that are undone, one after the other. Nobody applies more than one in
/// earnest.
const MAX_ENCODINGS: usize = 3;

/// The largest window of zstd: what every client that takes it must have room for (RFC 9659). It is
/// never filled beyond the largest body that is compared.
const MAX_WINDOW: u64 = 8 << 20;

/// Why there are no two bodies to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Nothing is known, for a reason that is the primary's, or that is nobody's fault.
    Unknown(NotComparedReason),
    /// The primary's response is whole, and the shadow's is not what it should be.
    Shadow(Fault),
}

/// The fault of a shadow's response whose body cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It broke off before its end.
    CutShort,
    /// It is larger than what is compared.
    TooLarge,
    /// It is not in the encoding that it says it is in.
    Broken,
}

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unreadable {
    /// It is not in the encoding that it says it is in.
    Broken,
    /// The encoding is not known.
    Unknown,
    TooLarge,
}

impl Unreadable {
    fn of_primary(self) -> Unread {
        Unread::Unknown(self.into())
    }

    fn of_shadow(self) -> Unread {
        match self {
            Self::Broken => Unread::Shadow(Fault::Broken),
            Self::TooLarge => Unread::Shadow(Fault::TooLarge),
            Self::Unknown => Unread::Unknown(NotComparedReason::Encoding),
        }
    }
}

impl From<Unreadable> for NotComparedReason {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::TooLarge => Self::TooLarge,
            Unreadable::Broken | Unreadable::Unknown => Self::Encoding,
        }
    }
}

/// The responses with their `Content-Encoding` undone; `None` if their bodies are equal. Their
/// headers may be known to say the same of it.
pub(super) fn whole_bodies(
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    rules: &Rules,
    have_same_encoding: bool,
) -> Result<Option<[BufferedResponse; 2]>, Unread> {
    check_both(primary, shadow, rules)?;
    if primary.body() == shadow.body() {
        let is_encoded = || primary.headers().contains_key(header::CONTENT_ENCODING);
        if have_same_encoding && !is_encoded() || same_encodings(primary, shadow) {
            return Ok(None);
        }
    }
    let decoded = both_decoded(primary, shadow, rules)?;
    Ok((decoded[0].body() != decoded[1].body()).then_some(decoded))
}

/// The responses with their `Content-Encoding` undone.
pub(super) fn both_decoded(
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    rules: &Rules,
) -> Result<[BufferedResponse; 2], Unread> {
    check_both(primary, shadow, rules)?;
    let primary = decoded(primary, rules).map_err(Unreadable::of_primary)?;
    let shadow = decoded(shadow, rules).map_err(Unreadable::of_shadow)?;
    Ok([primary, shadow])
}

/// A message of gRPC, with the flag before it.
pub(super) type Message<'b> = (u8, Cow<'b, [u8]>);

/// How the messages of a call are compressed.
pub(super) const GRPC_ENCODING: &str = "grpc-encoding";

/// The bit of the flag that says that a message is compressed.
const COMPRESSED: u8 = 1;

/// The messages of both, without their compression: a server compresses which it likes.
pub(super) fn decoded_messages<'b>(
    [ones, others]: [&[(u8, &'b [u8])]; 2],
    [primary, shadow]: [&BufferedResponse; 2],
    rules: &Rules,
) -> Result<[Vec<Message<'b>>; 2], Unread> {
    let ones = messages(ones, primary, rules).map_err(Unreadable::of_primary)?;
    let others = messages(others, shadow, rules).map_err(Unreadable::of_shadow)?;
    Ok([ones, others])
}

fn messages<'b>(
    messages: &[(u8, &'b [u8])],
    response: &BufferedResponse,
    rules: &Rules,
) -> Result<Vec<Message<'b>>, Unreadable> {
    let coding = response.headers().get(GRPC_ENCODING);
    let coding = coding.and_then(|value| value.to_str().ok());
    let coding = coding.unwrap_or_default().trim().to_ascii_lowercase();
    let mut left = rules.max_compare_body;
    let decoded = messages.iter().map(|(flag, message)| {
        let message = if flag & COMPRESSED == 0 || coding == "identity" {
            Cow::Borrowed(*message)
        } else {
            Cow::Owned(undo(&coding, message, left)?)
        };
        left = left
            .checked_sub(message.len())
            .ok_or(Unreadable::TooLarge)?;
        Ok((flag & !COMPRESSED, message))
    });
    decoded.collect()
}

fn check_both(
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    rules: &Rules,
) -> Result<(), Unread> {
    check_whole(primary, rules).map_err(Unread::Unknown)?;
    check_whole(shadow, rules).map_err(|reason| match reason {
        NotComparedReason::CutShort => Unread::Shadow(Fault::CutShort),
        NotComparedReason::TooLarge => Unread::Shadow(Fault::TooLarge),
        reason => Unread::Unknown(reason),
    })
}

/// The body of a response as it is compared: without its `Content-Encoding`. `None` if it is not
/// known.
#[must_use]
pub fn compared_body(
    response: &BufferedResponse,
    mode: CompareMode,
    rules: &Rules,
) -> Option<Bytes> {
    if matches!(mode, CompareMode::Status) || check_whole(response, rules).is_err() {
        return None;
    }
    let decoded = decoded(response, rules).ok()?;
    Some(decoded.body().clone())
}

/// Whether all of the body is there, and its encoding can be undone.
pub(crate) fn is_readable(response: &BufferedResponse, rules: &Rules) -> bool {
    check_whole(response, rules).is_ok() && decoded(response, rules).is_ok()
}

fn check_whole(response: &BufferedResponse, rules: &Rules) -> Result<(), NotComparedReason> {
    match response.ending() {
        Ending::CutShort => Err(NotComparedReason::CutShort),
        Ending::Streaming => Err(NotComparedReason::Streaming),
        Ending::Truncated => Err(NotComparedReason::TooLarge),
        Ending::Complete if response.body().len() > rules.max_compare_body => {
            Err(NotComparedReason::TooLarge)
        }
        Ending::Complete => Ok(()),
    }
}

fn same_encodings(primary: &BufferedResponse, shadow: &BufferedResponse) -> bool {
    match (encodings(primary.headers()), encodings(shadow.headers())) {
        (Ok(primary), Ok(shadow)) => primary == shadow,
        _ => false,
    }
}

fn decoded(response: &BufferedResponse, rules: &Rules) -> Result<BufferedResponse, Unreadable> {
    if response.is_decoded() {
        return Ok(response.decoded(response.body().clone()));
    }
    let encodings = encodings(response.headers()).map_err(|_| Unreadable::Unknown)?;
    let body = decode(response.body(), &encodings, rules.max_compare_body)?;
    Ok(response.decoded(body))
}

/// A body without its encodings.
///
/// Decoding stops at `limit`, so that a few bytes cannot take the memory of the process.
fn decode(body: &Bytes, encodings: &[String], limit: usize) -> Result<Bytes, Unreadable> {
    if encodings.len() > MAX_ENCODINGS {
        return Err(Unreadable::Unknown);
    }
    let mut body = body.clone();
    for encoding in encodings.iter().rev() {
        // An empty body is what it is: a `304`, a response to `HEAD`, or a server that spares
        // itself the frame.
        if !body.is_empty() {
            body = undo(encoding, &body, limit)?.into();
        }
    }
    Ok(body)
}

fn undo(encoding: &str, body: &[u8], limit: usize) -> Result<Vec<u8>, Unreadable> {
    match encoding {
        "gzip" | "x-gzip" => gzip(body, limit),
        "deflate" if is_zlib(body) => read(ZlibDecoder::new(body), limit),
        "deflate" => read(DeflateDecoder::new(body), limit),
        "br" => read(brotli(body), limit),
        "zstd" => zstd(body, limit),
        _ => Err(Unreadable::Unknown),
    }
}

/// Members one after the other, and zeros behind them: some writers fill blocks with these, and
/// readers skip them.
fn gzip(mut body: &[u8], limit: usize) -> Result<Vec<u8>, Unreadable> {
    let mut decoded = Vec::new();
    loop {
        let mut member = GzDecoder::new(body);
        read_onto(&mut decoded, &mut member, limit)?;
        body = member.into_inner();
        if body.iter().all(|byte| *byte == 0) {
            return Ok(decoded);
        }
    }
}

/// Frames one after the other (RFC 8878 section 3). A frame that needs a dictionary, or a larger
/// window than clients have, is one that is not known.
fn zstd(mut body: &[u8], limit: usize) -> Result<Vec<u8>, Unreadable> {
    let mut decoded = Vec::new();
    while !body.is_empty() {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(MAX_WINDOW);
        match frame.init(&mut body) {
            Ok(()) => {}
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = usize::try_from(length).map_err(|_| Unreadable::Broken)?;
                body = body.get(length..).ok_or(Unreadable::Broken)?;
                continue;
            }
            Err(
                FrameDecoderError::DictNotProvided { .. }
                | FrameDecoderError::WindowSizeTooBig { .. },
            ) => return Err(Unreadable::Unknown),
            Err(_) => return Err(Unreadable::Broken),
        }
        // It keeps what it has decoded until it ends: of more than is compared, no more than one
        // block.
        let room = BlockDecodingStrategy::UptoBytes(limit + 1 - decoded.len());
        match frame.decode_blocks(&mut body, room) {
            Ok(true) => decoded.extend(frame.collect().unwrap_or_default()),
            Ok(false) => return Err(Unreadable::TooLarge),
            Err(_) => return Err(Unreadable::Broken),
        }
        let (written, calculated) = (
            frame.get_checksum_from_data(),
            frame.get_calculated_checksum(),
        );
        if written.is_some() && written != calculated {
            return Err(Unreadable::Broken);
        }
        if decoded.len() > limit {
            return Err(Unreadable::TooLarge);
        }
    }
    Ok(decoded)
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

fn read(encoded: impl Read, limit: usize) -> Result<Vec<u8>, Unreadable> {
    let mut decoded = Vec::new();
    read_onto(&mut decoded, encoded, limit)?;
    Ok(decoded)
}

/// Reads what comes behind what was read already: so much in all at most.
fn read_onto(decoded: &mut Vec<u8>, encoded: impl Read, limit: usize) -> Result<(), Unreadable> {
    let room = limit.saturating_sub(decoded.len());
    let one_more = u64::try_from(room).unwrap_or(u64::MAX).saturating_add(1);
    match encoded.take(one_more).read_to_end(decoded) {
        Ok(_) if decoded.len() > limit => Err(Unreadable::TooLarge),
        Ok(_) => Ok(()),
        Err(_) => Err(Unreadable::Broken),
    }
}
