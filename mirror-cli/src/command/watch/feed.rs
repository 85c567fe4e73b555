//! Asks again and again, on a thread of its own.

use std::{
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use mirror_dashboard::snapshot::Snapshot;

use crate::{
    client::{Address, Client, Failure},
    exit::{Exit, Stop},
};

/// How many times as long as a response took it waits before it asks again, so that it never takes
/// more than a part of the server's time.
const PAUSE: u32 = 4;

pub(super) struct Feed {
    pub(super) heard: Receiver<Result<Snapshot, Failure>>,
}

impl Feed {
    pub(super) fn start(
        client: Client,
        address: Address,
        interval: Duration,
    ) -> Result<Self, Stop> {
        // If nobody draws, nobody asks.
        let (tell, heard) = mpsc::sync_channel(1);
        let ask = move || {
            loop {
                let began = Instant::now();
                let snapshot = client.snapshot(&address, client.timeout());
                let took = began.elapsed();
                if tell.send(snapshot).is_err() {
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
