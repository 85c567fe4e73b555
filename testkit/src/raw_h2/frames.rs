//! The frames of HTTP/2, as bytes (RFC 9113 section 6).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of a body (section 6.1).
pub const DATA: u8 = 0;
/// A head, or trailers (section 6.2).
pub const HEADERS: u8 = 1;
/// Deprecated (section 6.3).
pub const PRIORITY: u8 = 2;
/// The end of a stream (section 6.4).
pub const RST_STREAM: u8 = 3;
/// Settings (section 6.5).
pub const SETTINGS: u8 = 4;
/// A request that nobody sent (section 6.6).
pub const PUSH_PROMISE: u8 = 5;
/// A question whether anybody is there (section 6.7).
pub const PING: u8 = 6;
/// The end of a connection (section 6.8).
pub const GO_AWAY: u8 = 7;
/// Room for bodies (section 6.9).
pub const WINDOW_UPDATE: u8 = 8;
/// The rest of a head (section 6.10).
pub const CONTINUATION: u8 = 9;
/// A type that nobody knows, which must be ignored (section 5.5).
pub const UNKNOWN: u8 = 0xee;

/// The flag of `SETTINGS` and `PING` that are responses.
pub const ACK: u8 = 1;
/// The flag of a stream's last frame.
pub const END_STREAM: u8 = 1;
/// The flag of a head's last frame.
pub const END_HEADERS: u8 = 4;

/// The setting of how many requests may be under way (section 6.5.2).
pub const MAX_CONCURRENT_STREAMS: u16 = 3;
/// The setting of how much of a body may be under way.
pub const INITIAL_WINDOW_SIZE: u16 = 4;

/// The error code that is none (section 7).
pub const NO_ERROR: u32 = 0;
/// The error of a server that is at fault.
pub const INTERNAL_ERROR: u32 = 2;
/// The error of a request that was not processed.
pub const REFUSED_STREAM: u32 = 7;
/// The error of a stream that nobody needs any more.
pub const CANCEL: u32 = 8;

/// A frame that arrived.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its type.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// The stream it is on; 0 is the connection.
    pub stream: u32,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Frame {
    /// Reads one.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await?;
        Ok(Self {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff,
            payload,
        })
    }

    /// Whether the client says no more on its stream.
    pub fn ends_stream(&self) -> bool {
        matches!(self.kind, HEADERS | DATA) && self.flags & END_STREAM != 0
    }

    pub(super) fn is_ack(&self) -> bool {
        matches!(self.kind, SETTINGS | PING) && self.flags & ACK != 0
    }
}

/// Any frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// `SETTINGS` with these names and values.
pub fn settings(settings: &[(u16, u32)]) -> Vec<u8> {
    let entry =
        |&(name, value): &(u16, u32)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
    let payload: Vec<u8> = settings.iter().flat_map(entry).collect();
    frame(SETTINGS, 0, 0, &payload)
}

/// The whole of a response: 200, without a body.
pub fn ok(stream: u32) -> Vec<u8> {
    status_200(stream, END_STREAM)
}

/// The head of a response, of which a body is still to come.
pub fn ok_and_more(stream: u32) -> Vec<u8> {
    status_200(stream, 0)
}

fn status_200(stream: u32, end: u8) -> Vec<u8> {
    // 0x88 stands for `:status: 200` (RFC 7541 appendix A).
    frame(HEADERS, END_HEADERS | end, stream, &[0x88])
}

/// An informational response.
pub fn early_hints(stream: u32) -> Vec<u8> {
    // `:status`, by its name's number in the table, and a literal value that is not kept there.
    frame(HEADERS, END_HEADERS, stream, &[0x08, 3, b'1', b'0', b'3'])
}

/// One header as it stands in a head: a literal that is not kept in the table (RFC 7541 section
/// 6.2.2).
pub fn field(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        length(&mut field, text.len());
        field.extend(text.as_bytes());
    }
    field
}

/// A length in the seven bits that are left of a byte, or in further bytes (RFC 7541 section 5.1).
fn length(into: &mut Vec<u8>, length: usize) {
    if length < 0x7f {
        into.push(u8::try_from(length).unwrap());
        return;
    }
    into.push(0x7f);
    let mut rest = length - 0x7f;
    while rest >= 0x80 {
        into.push(0x80 | u8::try_from(rest & 0x7f).unwrap());
        rest >>= 7;
    }
    into.push(u8::try_from(rest).unwrap());
}

/// `DATA`, the last of its stream or not.
pub fn data(stream: u32, end: bool, bytes: &[u8]) -> Vec<u8> {
    frame(DATA, if end { END_STREAM } else { 0 }, stream, bytes)
}

/// `RST_STREAM`.
pub fn reset(stream: u32, error: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &error.to_be_bytes())
}

/// `GOAWAY`: `last` is the last stream that was or may be processed.
pub fn go_away(last: u32, error: u32) -> Vec<u8> {
    let payload = [last.to_be_bytes(), error.to_be_bytes()].concat();
    frame(GO_AWAY, 0, 0, &payload)
}

/// `WINDOW_UPDATE` of a stream or, with 0, of the connection.
pub fn window_update(stream: u32, bytes: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
}

/// `PING`.
pub fn ping() -> Vec<u8> {
    frame(PING, 0, 0, &[7; 8])
}

/// That a stream depends on none, with the least weight: deprecated, and still sent.
pub fn priority(stream: u32) -> Vec<u8> {
    frame(PRIORITY, 0, stream, &[0; 5])
}
