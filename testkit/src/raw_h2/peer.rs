//! The client of one connection, as a script sees it.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::sync::mpsc;

use super::{
    Reset, State,
    frames::{DATA, Frame, HEADERS, RST_STREAM, ok, reset},
};

/// How much of a flood is written at once.
const PART: usize = 16 * 1024;

/// What is to be written next.
pub(super) enum Out {
    Bytes(Vec<u8>),
    /// Again and again, for as long as somebody reads.
    Flood(Vec<u8>),
    Close,
}

/// The client of one connection, as a script sees it.
pub struct Peer {
    /// The connection's number, counted from 0.
    pub connection: usize,
    /// Streams of requests that have neither been responded to nor been reset.
    under_way: Mutex<HashSet<u32>>,
    requests: AtomicUsize,
    /// The last stream that was opened: a head on another one has trailers.
    last: AtomicU32,
    outgoing: mpsc::UnboundedSender<Out>,
    state: Arc<State>,
}

impl Peer {
    pub(super) fn new(
        connection: usize,
        outgoing: mpsc::UnboundedSender<Out>,
        state: Arc<State>,
    ) -> Self {
        Self {
            connection,
            under_way: Mutex::default(),
            requests: AtomicUsize::new(0),
            last: AtomicU32::new(0),
            outgoing,
            state,
        }
    }

    /// Writes frames.
    pub fn send(&self, frames: impl Into<Vec<u8>>) {
        // Nobody is there any more where it fails, which is the client's right.
        let _ = self.outgoing.send(Out::Bytes(frames.into()));
    }

    /// Responds to a request: 200, without a body.
    pub fn respond(&self, stream: u32) {
        self.done(stream);
        self.send(ok(stream));
    }

    /// Resets a request's stream.
    pub fn reset(&self, stream: u32, error: u32) {
        self.done(stream);
        self.send(reset(stream, error));
    }

    /// Writes frames when the shadow is [`release`](RawH2::release)d, or now if it was.
    pub fn hold(&self, frames: Vec<u8>) {
        let mut held = self.state.held.lock().unwrap();
        if self.state.released.load(SeqCst) {
            self.send(frames);
        } else {
            held.push((self.outgoing.clone(), frames));
        }
    }

    /// Writes frames again and again, and between them what else is to be sent.
    pub fn flood(&self, frames: &[u8]) {
        let times = PART.div_ceil(frames.len());
        let _ = self.outgoing.send(Out::Flood(frames.repeat(times)));
    }

    /// Writes nothing more after what was to be written.
    pub fn close(&self) {
        let _ = self.outgoing.send(Out::Close);
    }

    /// How many requests are under way on this connection, the present one among them.
    pub fn under_way(&self) -> usize {
        self.under_way.lock().unwrap().len()
    }

    /// Whether nothing is under way on streams up to this one.
    pub fn is_done_up_to(&self, stream: u32) -> bool {
        let under_way = self.under_way.lock().unwrap();
        under_way.iter().all(|other| *other > stream)
    }

    /// How many requests have come over this connection, the present one among them.
    pub fn requests(&self) -> usize {
        self.requests.load(SeqCst)
    }

    /// Takes note of a frame.
    pub(super) fn note(&self, arrived: &Frame) {
        let (state, at) = (&self.state, (self.connection, arrived.stream));
        match arrived.kind {
            DATA => {
                let mut data = state.data.lock().unwrap();
                *data.entry(at).or_default() += arrived.payload.len();
            }
            RST_STREAM => {
                self.done(arrived.stream);
                let error = arrived.payload[..4].try_into().unwrap();
                state.resets.lock().unwrap().push(Reset {
                    connection: self.connection,
                    stream: arrived.stream,
                    error: u32::from_be_bytes(error),
                });
            }
            HEADERS if self.last.fetch_max(arrived.stream, SeqCst) < arrived.stream => {
                self.under_way.lock().unwrap().insert(arrived.stream);
                self.requests.fetch_add(1, SeqCst);
                state.requests.lock().unwrap()[self.connection] += 1;
            }
            _ => {}
        }
    }

    fn done(&self, stream: u32) {
        self.under_way.lock().unwrap().remove(&stream);
    }
}
