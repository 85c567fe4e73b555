//! Asks again and again, on a thread of its own.

use std::{
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use mirror_dashboard::snapshot::Snapshot;

use crate::{
    client::{Address, Client, Failure, Kind},
    exit::{Exit, Stop},
    fleet, text,
};

/// How many times as long as a response took it waits before it asks again, so that it never takes
/// more than a part of the server's time.
const PAUSE: u32 = 4;

pub(super) struct Feed {
    pub(super) heard: Receiver<Result<Heard, Failure>>,
}

/// What to ask for.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) client: Client,
    pub(super) address: Address,
    /// Whether the numbers of all instances are asked for.
    pub(super) fleet: bool,
}

/// What there is to see.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) snapshot: Snapshot,
    /// Why the numbers of all instances are old, if they are.
    pub(super) old: Option<String>,
    /// Whether it is about all instances, whichever of them has responded.
    pub(super) of_fleet: bool,
}

impl Source {
    pub(super) fn ask(&self) -> Result<Heard, Failure> {
        let snapshot = self.client.snapshot(&self.address, self.client.timeout())?;
        Heard::new(snapshot, self.fleet)
    }
}

impl Heard {
    pub(super) fn new(mut snapshot: Snapshot, of_fleet: bool) -> Result<Self, Failure> {
        let mut old = None;
        if of_fleet {
            let known = fleet::of_fleet(&mut snapshot, None);
            old = known.map_err(|error| Failure::new(Kind::Final, error))?;
        }
        Ok(Self {
            snapshot,
            old: old.map(|old| text::message(&old)),
            of_fleet,
        })
    }
}

impl Feed {
    pub(super) fn start(source: Source, interval: Duration) -> Result<Self, Stop> {
        // If nobody draws, nobody asks.
        let (tell, heard) = mpsc::sync_channel(1);
        let ask = move || {
            loop {
                let began = Instant::now();
                let heard = source.ask();
                let took = began.elapsed();
                if tell.send(heard).is_err() {
                    return;
                }
                thread::sleep(interval.max(took * PAUSE).saturating_sub(took));
            }
        };
        thread::Builder::new()
            .name("feed".to_owned())
            .spawn(ask)
            .map_err(|error| Stop::new(Exit::Unreachable, format_args!("no thread: {error}")))?;
        Ok(Self { heard })
    }
}
