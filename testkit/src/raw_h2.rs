//! A shadow that speaks HTTP/2 frame by frame, to do what no library does.
//!
//! It has a thread and a runtime of its own: whatever a test does to its runtime, the shadow goes
//! on, and none of its tasks is among those that the test counts.

mod connection;
pub mod faults;
pub mod frames;
mod listener;
mod options;
mod peer;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use mirror_runtime::{Http2, Target};
use tokio::sync::{Notify, mpsc};

use self::peer::Out;
pub use self::{options::Options, peer::Peer};

/// A target that is sent HTTP/2 without TLS, and without asking.
pub fn prior_knowledge(url: impl AsRef<str>) -> Target {
    Target::new(url).unwrap().http2(Http2::PriorKnowledge)
}

/// The shadow. It stops when it is dropped.
pub struct RawH2 {
    address: SocketAddr,
    state: Arc<State>,
}

/// What it saw.
#[derive(Default)]
struct State {
    connections: AtomicUsize,
    open: AtomicUsize,
    written: AtomicUsize,
    requests: Mutex<Vec<usize>>,
    resets: Mutex<Vec<Reset>>,
    data: Mutex<HashMap<(usize, u32), usize>>,
    held: Mutex<Vec<(mpsc::UnboundedSender<Out>, Vec<u8>)>>,
    released: AtomicBool,
    hang_up: Notify,
    stop: Notify,
}

/// A stream that the client gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Which connection it was on, counted from 0.
    pub connection: usize,
    /// The stream.
    pub stream: u32,
    /// The error code that the client gave.
    pub error: u32,
}

impl RawH2 {
    /// A shadow over plain TCP whose settings are the defaults.
    pub fn options() -> Options {
        Options {
            settings: Vec::new(),
            credit: true,
            connection_window: 0,
            silent: 0,
            delay: Duration::ZERO,
            tls: None,
        }
    }

    /// It as a target, over plain TCP.
    pub fn target(&self) -> Target {
        prior_knowledge(self.url())
    }

    /// Its base URL, over plain TCP.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port it listens at.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Sends what scripts have [held](Peer::hold), now and from now on.
    pub fn release(&self) {
        let mut held = self.state.held.lock().unwrap();
        self.state.released.store(true, SeqCst);
        for (outgoing, frames) in held.drain(..) {
            let _ = outgoing.send(Out::Bytes(frames));
        }
    }

    /// Breaks all connections, without a word.
    pub fn hang_up(&self) {
        self.state.hang_up.notify_waiters();
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.state.connections.load(SeqCst)
    }

    /// How many of them are open.
    pub fn open(&self) -> usize {
        self.state.open.load(SeqCst)
    }

    /// How many requests it got, each time a copy was sent counted.
    pub fn requests(&self) -> usize {
        self.requests_by_connection().iter().sum()
    }

    /// The same for each connection.
    pub fn requests_by_connection(&self) -> Vec<usize> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Streams that the client gave up.
    pub fn resets(&self) -> Vec<Reset> {
        self.state.resets.lock().unwrap().clone()
    }

    /// Bytes of bodies that it got.
    pub fn data(&self) -> usize {
        self.state.data.lock().unwrap().values().sum()
    }

    /// The most bytes of a body that it got on one stream.
    pub fn most_data(&self) -> usize {
        let data = self.state.data.lock().unwrap();
        data.values().copied().max().unwrap_or(0)
    }

    /// How many bytes it could write.
    pub fn written(&self) -> usize {
        self.state.written.load(SeqCst)
    }
}

impl Drop for RawH2 {
    fn drop(&mut self) {
        self.state.stop.notify_one();
    }
}
