//! What a shadow may send over an HTTP/2 connection, counted frame by frame below the `h2` crate, which shows neither
//! `PING`, `SETTINGS` and `PRIORITY` nor frames that it does not know.
//!
//! Frames cost a shadow nothing, and this process time. So each copy that leaves brings an allowance of frames and bytes,
//! which ends with it: while no copy is in flight, a few frames end the connection.

use std::{
    io,
    sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

/// Frames other than `DATA` that a shadow may send for each copy in flight: a head with its continuations, `1xx` heads,
/// trailers, and what servers send beside them.
const FRAMES: usize = 128;

/// Small `DATA` frames for each copy: twice as many as are read of a response, and a millisecond of a processor.
const SMALL_DATA: usize = 2048;

/// `DATA` from this size on is bounded by its bytes.
const WORTHWHILE: usize = 128;

/// Bytes of frames other than `DATA` for each copy: the 64 KiB of a head, as much for trailers, and `1xx` heads.
const OTHER_BYTES: usize = 192 * 1024;

/// Bytes of `DATA` for each copy: the 1 MiB of a body that is read at most, and as much again for what is on its way when a
/// copy ends.
const DATA_BYTES: usize = 2 * 1024 * 1024;

/// What may come while no copy is in flight: a `GOAWAY`, the acknowledgement of what was sent, the `PING`s of a server that
/// looks after its connections.
const IDLE: Allowance = Allowance {
    frames: 64,
    small_data: 64,
    other_bytes: 16 * 1024,
    data_bytes: 64 * 1024,
};

/// A frame of a request's body brings this many frames: servers acknowledge each with a `WINDOW_UPDATE` for the stream, and
/// one for the connection.
const PER_BODY_KIB: usize = 4;

const DATA: u8 = 0;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
/// The length of the head of a frame (RFC 9113 section 4.1).
const HEAD: usize = 9;

#[derive(Clone, Copy, Debug)]
struct Allowance {
    frames: usize,
    small_data: usize,
    other_bytes: usize,
    data_bytes: usize,
}

impl Allowance {
    /// What so many copies in flight may be sent.
    const fn of(copies: usize, body: usize) -> Self {
        Self {
            frames: IDLE.frames + copies.saturating_mul(FRAMES) + body / 1024 * PER_BODY_KIB,
            small_data: IDLE.small_data + copies.saturating_mul(SMALL_DATA),
            other_bytes: IDLE.other_bytes + copies.saturating_mul(OTHER_BYTES),
            data_bytes: IDLE.data_bytes + copies.saturating_mul(DATA_BYTES),
        }
    }
}

/// What a connection has carried, and what it may carry yet. Written by the task of the connection and by its copies.
#[derive(Debug)]
pub(in crate::transport::pool) struct Meter {
    frames: AtomicUsize,
    small_data: AtomicUsize,
    other_bytes: AtomicUsize,
    data_bytes: AtomicUsize,
    read: AtomicU64,
    written: AtomicU64,
    /// Whether the server has said what it allows (RFC 9113 section 3.4).
    greeted: AtomicBool,
    /// The last stream that a server which goes away will process; `u32::MAX` while it stays.
    last_stream: AtomicU32,
    /// Whether it sent more than it may.
    flooded: AtomicBool,
    closed: AtomicBool,
}

impl Meter {
    pub(in crate::transport::pool) fn new() -> Self {
        Self {
            frames: AtomicUsize::new(IDLE.frames),
            small_data: AtomicUsize::new(IDLE.small_data),
            other_bytes: AtomicUsize::new(IDLE.other_bytes),
            data_bytes: AtomicUsize::new(IDLE.data_bytes),
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
            greeted: AtomicBool::new(false),
            last_stream: AtomicU32::new(u32::MAX),
            flooded: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    /// A copy leaves, with so many bytes of body.
    pub(super) fn copy_leaves(&self, body: usize) {
        let more = Allowance::of(1, body);
        self.frames.fetch_add(more.frames - IDLE.frames, Relaxed);
        self.small_data.fetch_add(SMALL_DATA, Relaxed);
        self.other_bytes.fetch_add(OTHER_BYTES, Relaxed);
        self.data_bytes.fetch_add(DATA_BYTES, Relaxed);
    }

    /// A copy has ended, and so many are left: what it did not use is gone.
    pub(super) fn copy_ended(&self, left: usize) {
        let most = Allowance::of(left, 0);
        self.frames.fetch_min(most.frames, Relaxed);
        self.small_data.fetch_min(most.small_data, Relaxed);
        self.other_bytes.fetch_min(most.other_bytes, Relaxed);
        self.data_bytes.fetch_min(most.data_bytes, Relaxed);
    }

    /// How many bytes came.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// How many bytes went.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    pub(super) fn is_greeted(&self) -> bool {
        self.greeted.load(Relaxed)
    }

    pub(super) fn is_going_away(&self) -> bool {
        self.last_stream.load(Relaxed) != u32::MAX
    }

    /// How many requests the server has taken before it went away, if it has said so.
    pub(super) fn requests_taken(&self) -> Option<usize> {
        /// A server that goes away in two steps says so first (RFC 9113 section 6.8).
        const NOT_YET: u32 = 0x7fff_ffff;
        let last = self.last_stream.load(Relaxed);
        // A client's streams are the odd ones.
        (last < NOT_YET).then(|| (last as usize).div_ceil(2))
    }

    pub(super) fn is_flooded(&self) -> bool {
        self.flooded.load(Relaxed)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    pub(in crate::transport::pool) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Relaxed);
    }

    fn take(&self, kind: u8, length: usize) -> io::Result<()> {
        let (frames, bytes) = match kind {
            DATA if length >= WORTHWHILE => (None, &self.data_bytes),
            DATA => (Some(&self.small_data), &self.data_bytes),
            _ => (Some(&self.frames), &self.other_bytes),
        };
        if frames.is_none_or(|frames| taken(frames, 1)) && taken(bytes, length + HEAD) {
            return Ok(());
        }
        self.flooded.store(true, Relaxed);
        Err(io::Error::other(
            "the shadow sent more frames or bytes than its copies allow",
        ))
    }
}

/// One task at a time reads from a connection; copies may add at the same time.
fn taken(from: &AtomicUsize, amount: usize) -> bool {
    from.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(amount))
        .is_ok()
}

/// Finds the frames in what is read, in whatever pieces it comes.
#[derive(Debug, Default)]
pub(in crate::transport::pool) struct Frames {
    head: [u8; HEAD],
    /// How much of the head of a frame has come.
    filled: usize,
    /// How much of its content is to come.
    left: usize,
    /// The first bytes of a `GOAWAY`: the last stream that it will process.
    last_stream: [u8; 4],
    last_filled: usize,
}

impl Frames {
    /// Takes account of bytes; an error if they are more than the shadow may send.
    pub(in crate::transport::pool) fn read(
        &mut self,
        mut bytes: &[u8],
        meter: &Meter,
    ) -> io::Result<()> {
        meter.read.fetch_add(bytes.len() as u64, Relaxed);
        while !bytes.is_empty() {
            if self.left > 0 {
                let (content, rest) = bytes.split_at(self.left.min(bytes.len()));
                self.content(content, meter);
                self.left -= content.len();
                bytes = rest;
                continue;
            }
            let (head, rest) = bytes.split_at((HEAD - self.filled).min(bytes.len()));
            self.head[self.filled..self.filled + head.len()].copy_from_slice(head);
            self.filled += head.len();
            bytes = rest;
            if self.filled == HEAD {
                self.begin(meter)?;
            }
        }
        Ok(())
    }

    fn begin(&mut self, meter: &Meter) -> io::Result<()> {
        let [a, b, c, kind, ..] = self.head;
        self.filled = 0;
        self.last_filled = 0;
        self.left = u32::from_be_bytes([0, a, b, c]) as usize;
        meter.take(kind, self.left)?;
        if kind == SETTINGS {
            meter.greeted.store(true, Relaxed);
        }
        Ok(())
    }

    fn content(&mut self, content: &[u8], meter: &Meter) {
        if self.head[3] != GOAWAY || self.last_filled == self.last_stream.len() {
            return;
        }
        let wanted = (self.last_stream.len() - self.last_filled).min(content.len());
        self.last_stream[self.last_filled..self.last_filled + wanted]
            .copy_from_slice(&content[..wanted]);
        self.last_filled += wanted;
        if self.last_filled == self.last_stream.len() {
            let last = u32::from_be_bytes(self.last_stream) & 0x7fff_ffff;
            meter.last_stream.fetch_min(last, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, 0, 0, 0, 0, 0], content].concat()
    }

    #[test]
    fn frames_are_found_in_whatever_pieces_they_come() {
        let settings = frame(SETTINGS, &[0; 6]);
        let go_away = frame(GOAWAY, &[0, 0, 0, 199, 0, 0, 0, 0, b'x', b'y']);
        let all = [settings, frame(DATA, &[7; 600]), go_away].concat();
        for size in [1, 2, 5, 9, 13, all.len()] {
            let (meter, mut frames) = (Meter::new(), Frames::default());
            assert!(!meter.is_greeted() && !meter.is_going_away());
            for piece in all.chunks(size) {
                frames.read(piece, &meter).unwrap();
            }
            assert!(meter.is_greeted() && meter.is_going_away());
            assert_eq!(meter.requests_taken(), Some(100));
            assert_eq!(meter.read(), all.len() as u64);
            assert_eq!(meter.frames.load(Relaxed), IDLE.frames - 2);
        }
    }

    #[test]
    fn a_server_that_goes_away_in_two_steps_has_not_said_yet_what_it_took() {
        let (meter, mut frames) = (Meter::new(), Frames::default());
        let go_away = |last: u32| frame(GOAWAY, &[last.to_be_bytes(), [0; 4]].concat());
        frames.read(&go_away(0x7fff_ffff), &meter).unwrap();
        assert!(meter.is_going_away() && meter.requests_taken().is_none());
        frames.read(&go_away(5), &meter).unwrap();
        assert_eq!(meter.requests_taken(), Some(3));
        frames.read(&go_away(0), &meter).unwrap();
        assert_eq!(meter.requests_taken(), Some(0));
    }

    #[test]
    fn an_allowance_ends_with_its_copy() {
        let (meter, mut frames) = (Meter::new(), Frames::default());
        let ping = frame(6, &[0; 8]);
        for _ in 0..3 {
            meter.copy_leaves(0);
        }
        for _ in 0..2 * FRAMES {
            frames.read(&ping, &meter).unwrap();
        }
        assert_eq!(meter.frames.load(Relaxed), IDLE.frames + FRAMES);
        meter.copy_ended(2);
        meter.copy_ended(1);
        meter.copy_ended(0);
        for _ in 0..IDLE.frames {
            frames.read(&ping, &meter).unwrap();
        }
        assert!(!meter.is_flooded());
        assert!(frames.read(&ping, &meter).is_err() && meter.is_flooded());
    }

    #[test]
    fn content_is_bounded_by_its_bytes_and_small_frames_by_their_number() {
        let (meter, mut frames) = (Meter::new(), Frames::default());
        meter.copy_leaves(0);
        let large = frame(DATA, &[7; 16_384]);
        for _ in 0..DATA_BYTES / large.len() {
            frames.read(&large, &meter).unwrap();
        }
        assert_eq!(meter.frames.load(Relaxed), IDLE.frames + FRAMES);
        let (meter, mut frames) = (Meter::new(), Frames::default());
        let small = frame(DATA, &[7]);
        let most = (0..).take_while(|_| frames.read(&small, &meter).is_ok());
        assert_eq!(most.count(), IDLE.small_data);
    }
}
