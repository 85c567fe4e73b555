//! The amount that an HTTP/2 connection has carried, and its remaining allowance: counted below the
//! `h2` crate, which shows neither `PING`, `SETTINGS` and `PRIORITY` nor frames that it does not
//! know.

mod allowance;
mod frames;

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use self::allowance::Allowance;
pub(super) use self::frames::Frames;

/// How much of all responses on a connection may be on its way before it is read.
pub(super) const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// Empty `DATA` frames from which on a connection takes no more copies: `h2` ends it after a
/// hundred.
const MAX_EMPTY_DATA: usize = 32;

/// The amount that a connection has carried. Written by its task and by its copies.
#[derive(Debug)]
pub(super) struct Meter {
    /// Locked for moments.
    allowance: Mutex<Allowance>,
    read: AtomicU64,
    written: AtomicU64,
    /// Pieces of bodies that the connection has, and has not written yet.
    pieces: AtomicUsize,
    empty_data: AtomicUsize,
    /// Whether the server has said what it allows (RFC 9113 section 3.4).
    greeted: AtomicBool,
    /// Whether it began with something else.
    foreign: AtomicBool,
    /// The last stream that a server which goes away will process; `u32::MAX` while it stays.
    last_stream: AtomicU32,
    /// Whether it sent more than it may.
    flooded: AtomicBool,
    /// Whether it has carried nothing since something was written.
    rested: AtomicBool,
    closed: AtomicBool,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            allowance: Mutex::new(Allowance::new()),
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
            pieces: AtomicUsize::new(0),
            empty_data: AtomicUsize::new(0),
            greeted: AtomicBool::new(false),
            foreign: AtomicBool::new(false),
            last_stream: AtomicU32::new(u32::MAX),
            flooded: AtomicBool::new(false),
            rested: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn allowance(&self) -> MutexGuard<'_, Allowance> {
        self.allowance
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes came.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    pub(super) fn has_read(&self, bytes: usize) {
        self.read.fetch_add(bytes as u64, Relaxed);
    }

    /// How many bytes went.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Relaxed);
    }

    /// It carries nothing from now on.
    pub(super) fn rests(&self) {
        self.rested.store(true, Relaxed);
    }

    /// Whether what is written now is the first after it has carried nothing.
    pub(super) fn begins_anew(&self) -> bool {
        self.rested.load(Relaxed) && self.rested.swap(false, Relaxed)
    }

    /// Whether it has bytes of bodies that are not written.
    pub(super) fn holds_pieces(&self) -> bool {
        self.pieces.load(Relaxed) > 0
    }

    pub(super) fn takes_piece(&self) {
        self.pieces.fetch_add(1, Relaxed);
    }

    pub(super) fn lets_piece_go(&self) {
        self.pieces.fetch_sub(1, Relaxed);
    }

    pub(super) fn empty_data(&self) {
        self.empty_data.fetch_add(1, Relaxed);
    }

    pub(super) fn greets(&self) {
        self.greeted.store(true, Relaxed);
    }

    pub(super) fn is_greeted(&self) -> bool {
        self.greeted.load(Relaxed)
    }

    /// Whether it speaks something else.
    pub(super) fn is_foreign(&self) -> bool {
        self.foreign.load(Relaxed)
    }

    pub(super) fn speaks_something_else(&self) {
        self.foreign.store(true, Relaxed);
    }

    pub(super) fn goes_away(&self, last_stream: u32) {
        self.last_stream.fetch_min(last_stream, Relaxed);
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

    pub(super) fn floods(&self) {
        self.flooded.store(true, Relaxed);
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// Whether it takes no more copies.
    pub(super) fn is_over(&self) -> bool {
        self.closed.load(Relaxed)
            || self.is_flooded()
            || self.last_stream.load(Relaxed) != u32::MAX
            || self.empty_data.load(Relaxed) >= MAX_EMPTY_DATA
    }
}
