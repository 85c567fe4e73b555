//! HTTP/2 connections, which copies share: as many at once as the server allows.
//!
//! They are driven with the `h2` crate, whose streams can be ended at any time: the end of a copy
//! ends its stream, and with it all that is kept of it.

mod body;
mod driver;
mod exchange;
mod failure;

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

pub(super) use self::exchange::in_absolute_form;
use self::{
    body::{MAX_HANDED_OVER, Piece},
    driver::Driver,
};
use super::{
    attempt::{FEW_REQUESTS, Next},
    connect::Connected,
    dialing::Dial,
    meter::{CONNECTION_WINDOW, Meter},
    stream::Bound,
};
use crate::outcome::{ConnectionLost, MirrorError};

/// How much of the head of a response is read, and as much of its trailers, as RFC 9113 section
/// 6.5.2 counts it: as over HTTP/1.
const MAX_HEAD: u32 = 64 * 1024;

/// How much of a response may be on its way before it is read. Most are smaller, and need not wait
/// for anything.
const STREAM_WINDOW: u32 = 256 * 1024;

/// So many copies in a row that time out on a connection without a response in between show that it
/// leads nowhere, even if it responds to each `PING`: the next copy takes another.
const MAX_LATE: usize = 3;

/// Streams of copies that ended early, whose responses may still come: as many as may time out at
/// once, for as long.
const MAX_RESET: usize = 256;
const RESET_FOR: Duration = Duration::from_secs(5);

/// In the place of a time: it has not come.
const NEVER: u64 = u64::MAX;

/// Numbers links. None is 0.
static LINKS: AtomicU64 = AtomicU64::new(1);

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
    /// When the last copy ended, in microseconds since the connection was opened.
    idle_since: AtomicU64,
    /// How long it was idle, in microseconds, when the server closed it for that.
    closed_after: AtomicU64,
    retired: AtomicBool,
    opened: Instant,
    /// What tells it from all others: for all copies that it carried, its death is one event.
    id: u64,
}

impl Link {
    /// Speaks HTTP/2 on a connection that was opened. What drives it is to be spawned, and keeps
    /// `dial` until the server has said how many streams it allows. Until then there is one, for
    /// the copy that has opened it.
    pub(super) async fn open(
        connected: Connected,
        floods: &Arc<AtomicU64>,
        dial: Option<Dial>,
    ) -> Result<(Arc<Self>, Driver), MirrorError> {
        let meter = Arc::new(Meter::new());
        let stream = connected.into_stream(Bound::http2(Arc::clone(&meter)), floods);
        let handshake = Builder::new()
            .enable_push(false)
            .max_header_list_size(MAX_HEAD)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buffer_size(MAX_HANDED_OVER)
            // Responses that come late are forgotten, and end no connection: what a shadow may send
            // is bounded below.
            .max_concurrent_reset_streams(MAX_RESET)
            .reset_stream_duration(RESET_FOR)
            .max_local_error_reset_streams(None)
            // Before the server has said how many.
            .initial_max_send_streams(1)
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
            idle_since: AtomicU64::new(0),
            closed_after: AtomicU64::new(NEVER),
            retired: AtomicBool::new(false),
            opened: Instant::now(),
            id: LINKS.fetch_add(1, Relaxed),
        });
        let driver = Driver::new(connection, &link, dial);
        Ok((link, driver))
    }

    /// A place for one more copy, unless it has no more.
    pub(super) fn slot(self: &Arc<Self>) -> Option<Slot> {
        let streams = self.streams();
        if streams == 0 {
            // It would be kept for nothing.
            self.retire();
        }
        let entered = self.active.fetch_update(Relaxed, Relaxed, |active| {
            (active < streams).then_some(active + 1)
        });
        let entered = entered.ok()?;
        let rested = self.age().saturating_sub(self.idle_since.load(Relaxed));
        let reused = self.carried.fetch_add(1, Relaxed) > 0;
        Some(Slot {
            link: Arc::clone(self),
            reused,
            rested: (reused && entered == 0).then_some(rested),
            left: None,
            responded: false,
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

    /// The connection for copies that the server did not process over this one.
    fn next(&self) -> Next {
        match self.requests_taken() {
            Some(taken) if taken < FEW_REQUESTS => Next::Own,
            _ => Next::Any,
        }
    }

    /// Takes no more copies. Those that are under way go on.
    pub(super) fn retire(&self) {
        self.retired.store(true, Relaxed);
    }

    /// Whether its last copy timed out.
    pub(super) fn is_doubtful(&self) -> bool {
        self.late.load(Relaxed) > 0
    }

    /// Whether more copies may come.
    pub(super) fn is_open(&self) -> bool {
        !self.retired.load(Relaxed) && !self.meter.is_over()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.active.load(Relaxed) == 0
    }

    /// Since when it has carried nothing.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let since = Duration::from_micros(self.idle_since.load(Relaxed));
        self.is_idle().then(|| self.opened + since)
    }

    fn age(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(NEVER)
    }

    /// It is closed. If it carries nothing, and the server has not said that it goes away, it has
    /// been idle for too long.
    fn ended(&self) {
        let is_told = self.meter.is_over();
        if self.is_idle() && self.carried() > 0 && !is_told && !self.retired.load(Relaxed) {
            let idle = self.age().saturating_sub(self.idle_since.load(Relaxed));
            self.closed_after.store(idle, Relaxed);
        }
    }

    /// How long it was idle when the server closed it for that.
    pub(super) fn closed_after(&self) -> Option<Duration> {
        let idle = self.closed_after.load(Relaxed);
        (idle != NEVER).then(|| Duration::from_micros(idle))
    }

    pub(super) fn opened(&self) -> Instant {
        self.opened
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
        failure::lost(error, &self.meter, Some(self.id))
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
    /// How long it had been idle before, in microseconds, if it was.
    rested: Option<u64>,
    /// The length of the body, once the copy has left.
    left: Option<usize>,
    responded: bool,
}

impl Slot {
    /// A copy leaves, with so many bytes of body.
    fn copy_leaves(&mut self, body: usize) {
        self.left = Some(body);
        self.link.meter.allowance().copy_leaves(body);
    }

    /// Its response has begun: the connection leads somewhere.
    fn responded(&mut self) {
        self.responded = true;
        self.link.late.store(0, Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let link = &self.link;
        link.idle_since.store(link.age(), Relaxed);
        if link.active.fetch_sub(1, Relaxed) == 1 {
            link.meter.rests();
        }
        if let Some(body) = self.left {
            let mut allowance = link.meter.allowance();
            allowance.copy_ended(body, self.responded);
        }
        if link.streams() == 0 {
            // What is queued on it would stay.
            link.retire();
        }
    }
}

/// How long a connection may take to say goodbye when nobody needs it any more.
const CLOSING: Duration = Duration::from_secs(1);

/// How long nothing may come from a server that has copies before it is asked whether it is there,
/// and how long it may take to say so. A connection that leads nowhere would take every further
/// copy with it.
const SILENCE: Duration = Duration::from_secs(5);
