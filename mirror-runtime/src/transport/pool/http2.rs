//! HTTP/2 connections, which copies share: as many at once as the server allows.
//!
//! They are driven with the `h2` crate, whose streams can be ended at any time: the end of a copy ends its stream, and with
//! it all that is kept of it.

mod body;
mod driver;
mod exchange;
mod failure;
mod meter;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use h2::client::{Builder, SendRequest};
use tokio::time::Instant;

use self::{
    body::{MAX_HANDED_OVER, Piece},
    driver::Driver,
};
pub(super) use self::{
    exchange::in_absolute_form,
    meter::{Frames, Meter},
};
use super::{connect::Connected, stream::Bound};
use crate::outcome::{ConnectionLost, MirrorError};

/// How much of the head of a response is read, and as much of its trailers, as RFC 9113 section 6.5.2 counts it: as over
/// HTTP/1.
const MAX_HEAD: u32 = 64 * 1024;

/// How much of a response may be on its way before it is read. Most are smaller, and need not wait for anything.
const STREAM_WINDOW: u32 = 256 * 1024;

/// The same of all responses on a connection.
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// So many copies in a row that time out on a connection without a response in between show that it leads nowhere, even
/// if it answers each `PING`: the next copy takes another.
const MAX_LATE: usize = 3;

/// A connection that copies share. It closes when nobody holds it any more.
pub(super) struct Link {
    sender: SendRequest<Piece>,
    meter: Arc<Meter>,
    /// Copies that have a stream.
    active: AtomicUsize,
    /// Copies that have had one.
    carried: AtomicUsize,
    /// Copies in a row that have timed out.
    late: AtomicUsize,
    retired: AtomicBool,
    /// Whether its death has been told to a breaker: for all copies that it carried, that is one event.
    mourned: AtomicBool,
    opened: Instant,
}

impl Link {
    /// Speaks HTTP/2 on a connection that was opened, and waits until the server has said how many streams it allows.
    pub(super) async fn open(
        connected: Connected,
        floods: &Arc<AtomicU64>,
    ) -> Result<Arc<Self>, MirrorError> {
        let meter = Arc::new(Meter::new());
        let stream = connected.into_stream(Bound::http2(Arc::clone(&meter)), floods);
        let handshake = Builder::new()
            .enable_push(false)
            .max_header_list_size(MAX_HEAD)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buffer_size(MAX_HANDED_OVER)
            // None before the server has said how many.
            .initial_max_send_streams(0)
            .handshake(stream)
            .await;
        let (sender, connection) =
            handshake.map_err(|error| failure::before_any(&error, &meter))?;
        let link = Arc::new(Self {
            sender,
            meter,
            active: AtomicUsize::new(0),
            carried: AtomicUsize::new(0),
            late: AtomicUsize::new(0),
            retired: AtomicBool::new(false),
            mourned: AtomicBool::new(false),
            opened: Instant::now(),
        });
        Driver::new(connection, &link).greeted().await?;
        Ok(link)
    }

    /// A place for one more copy, unless it has no more.
    pub(super) fn slot(self: &Arc<Self>) -> Option<Slot> {
        let streams = self.sender.current_max_send_streams();
        let entered = self.active.fetch_update(Relaxed, Relaxed, |active| {
            (active < streams).then_some(active + 1)
        });
        entered.ok()?;
        let reused = self.carried.fetch_add(1, Relaxed) > 0;
        Some(Slot {
            link: Arc::clone(self),
            reused,
        })
    }

    /// How many copies it has carried.
    pub(super) fn carried(&self) -> usize {
        self.carried.load(Relaxed)
    }

    /// How many copies it can carry at once.
    pub(super) fn streams(&self) -> usize {
        self.sender.current_max_send_streams()
    }

    /// How many requests the server took of this connection before it went away.
    pub(super) fn requests_taken(&self) -> Option<usize> {
        self.meter.requests_taken()
    }

    /// Takes no more copies. Those that are under way go on.
    pub(super) fn retire(&self) {
        self.retired.store(true, Relaxed);
    }

    /// Whether more copies may come.
    pub(super) fn is_open(&self) -> bool {
        let (meter, retired) = (&self.meter, self.retired.load(Relaxed));
        !retired && !meter.is_closed() && !meter.is_going_away() && !meter.is_flooded()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.active.load(Relaxed) == 0
    }

    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    /// A response has begun: the connection leads somewhere.
    fn responded(&self) {
        self.late.store(0, Relaxed);
    }

    /// A copy has ended without a response, by its deadline.
    fn is_late(&self) {
        if self.late.fetch_add(1, Relaxed) + 1 >= MAX_LATE {
            self.retire();
        }
    }

    /// An error of the connection, which all its copies share.
    fn lost(&self, error: &h2::Error) -> ConnectionLost {
        self.retire();
        failure::lost(error, &self.meter, self.mourned.swap(true, Relaxed))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("open", &self.is_open())
            .field("active", &self.active)
            .field("carried", &self.carried)
            .finish_non_exhaustive()
    }
}

/// The place of a copy on a connection.
#[derive(Debug)]
pub(super) struct Slot {
    link: Arc<Link>,
    /// Whether the connection has carried others before.
    reused: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let left = self.link.active.fetch_sub(1, Relaxed) - 1;
        self.link.meter.copy_ended(left);
    }
}

/// How long a connection may take to say goodbye when nobody needs it any more.
const CLOSING: Duration = Duration::from_secs(1);

/// How long nothing may come from a server that has copies before it is asked whether it is there, and how long it may take
/// to say so. A connection that leads nowhere would take every further copy with it.
const SILENCE: Duration = Duration::from_secs(5);
