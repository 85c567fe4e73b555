//! Connections to the targets of mirrors, kept for the next copy.
//!
//! A connection belongs to the runtime that opened it and is given to copies of that runtime only.
//! A copy takes one that has room, or opens one. Over HTTP/1 there are never more than there were
//! copies in flight at once; over HTTP/2 as many as the server's limit on streams asks for, so that
//! no copy waits for another to end.

mod attempt;
mod connect;
mod dialing;
mod http1;
#[cfg_attr(not(feature = "http2"), path = "pool/no_http2.rs")]
mod http2;
mod idle;
mod kept;
#[cfg_attr(not(feature = "http2"), path = "pool/no_meter.rs")]
mod meter;
mod origin;
mod stream;
#[cfg_attr(not(feature = "tls"), path = "pool/no_tls.rs")]
mod tls;
mod wire;

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
};

use axum::body::Body;
use futures_util::future::Either;
use http::{Request, Response};
use tokio::time::{Instant, timeout_at};

pub(crate) use self::origin::Origin;
use self::{
    attempt::{Next, NotAnswered},
    connect::{connect, within},
    dialing::{Dial, EXPECTED_STREAMS, Turn},
    http1::{Http1, in_origin_form},
    http2::{Link, Slot, in_absolute_form},
    kept::Kept,
    stream::Descriptor,
};
use super::Trip;
use crate::{body::CopyBody, outcome::MirrorError, request::in_own_memory, telemetry::Happened};

/// How often a copy takes a new connection that turns out to be closed before anything was sent
/// over it.
const MAX_UNSENT: usize = 3;

/// The parts of the time for a connection for which copies wait for those that others open. After
/// each, one copy more opens one: the others may be on their way to an address that nothing
/// reaches. Not all at once, as the server may be busy.
const WAITING: u32 = 4;

/// The connections to one origin.
#[derive(Debug)]
pub(crate) struct Pool {
    origin: Origin,
    kept: Kept,
    /// Whether the connection that was opened last speaks HTTP/1.1: then each copy in flight needs
    /// one of its own. It is found out anew with each.
    chose_http1: AtomicBool,
    /// How many copies the next connection will carry at once.
    expected: AtomicUsize,
    /// Connections that ended because the shadow sent more than its copies allow.
    floods: Arc<AtomicU64>,
}

/// A connection that can carry a copy.
enum Connection {
    Http1(Box<Http1>),
    Http2(Slot),
}

/// Every pool of the process.
static POOLS: LazyLock<Mutex<Pools>> = LazyLock::new(Mutex::default);

type Pools = HashMap<Origin, Weak<Pool>>;

fn pools() -> MutexGuard<'static, Pools> {
    POOLS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes the connections of all pools that carry nothing, to make room for one more.
fn close_idle() {
    let all: Vec<_> = pools().values().filter_map(Weak::upgrade).collect();
    for pool in all {
        pool.kept.close_idle();
    }
}

impl Pool {
    /// The connections to an origin, which all its mirrors share.
    pub(crate) fn shared(origin: Origin) -> Arc<Self> {
        if origin.is_tls() {
            tls::prepare();
        }
        // Locked when mirrors are built, and not by requests.
        let mut pools = pools();
        if let Some(pool) = pools.get(&origin).and_then(Weak::upgrade) {
            return pool;
        }
        pools.retain(|_, pool| pool.strong_count() > 0);
        let pool = Arc::new(Self {
            origin: origin.clone(),
            kept: Kept::default(),
            chose_http1: AtomicBool::new(false),
            expected: AtomicUsize::new(EXPECTED_STREAMS),
            floods: Arc::default(),
        });
        pools.insert(origin, Arc::downgrade(&pool));
        pool
    }

    /// Sends a copy, and returns the head of its response.
    ///
    /// It is sent once more, over another connection, if the server cannot have acted on it, or if
    /// that would do no harm.
    pub(crate) async fn send(
        self: Arc<Self>,
        mut copy: Request<CopyBody>,
        trip: Trip,
    ) -> Result<Response<Body>, MirrorError> {
        if trip.is_probe {
            // What was there before has led nowhere.
            self.kept.forget();
        }
        let (mut resend, mut next) = (true, Next::Any);
        if trip.is_probe {
            next = Next::Own;
        }
        // Until a connection turns out to be open, or there is none left.
        let only_once = !copy.method().is_idempotent();
        while let Some(connection) = self.take(&trip, only_once) {
            if matches!(connection, Connection::Http2(_)) {
                // It may be kept until the connection can take it.
                in_own_memory(&mut copy);
            }
            match self.send_over(connection, copy, resend).await {
                Ok(response) => return Ok(response),
                Err(NotAnswered::NotSent(unsent)) => copy = *unsent,
                Err(NotAnswered::Again(again, over)) => {
                    trip.source.tell(Happened::Resent);
                    (copy, resend, next) = (*again, false, over);
                    break;
                }
                Err(NotAnswered::Failed(error)) => return Err(error),
            }
        }
        // In a box: it is many times as large as what most copies need.
        Box::pin(self.send_over_new(copy, resend, next, trip)).await
    }

    /// Sends a copy over a connection that is opened for it, or for others that need one at the
    /// same time.
    async fn send_over_new(
        self: &Arc<Self>,
        mut copy: Request<CopyBody>,
        mut resend: bool,
        mut next: Next,
        trip: Trip,
    ) -> Result<Response<Body>, MirrorError> {
        in_own_memory(&mut copy);
        let mut unsent = 0;
        while unsent < MAX_UNSENT {
            let connection = match next {
                Next::Any => self.open().await?,
                Next::Own => {
                    let until = Instant::now() + self.origin.connect_timeout;
                    self.dial(until, None).await?
                }
            };
            match self.send_over(connection, copy, resend).await {
                Ok(response) => return Ok(response),
                Err(NotAnswered::Failed(error)) => return Err(error),
                Err(NotAnswered::NotSent(kept)) => {
                    unsent += 1;
                    copy = *kept;
                }
                Err(NotAnswered::Again(again, over)) => {
                    trip.source.tell(Happened::Resent);
                    (copy, resend, next) = (*again, false, over);
                }
            }
        }
        Err(MirrorError::Request("the connection was closed".into()))
    }

    /// Sends a copy over a connection. Not an `async fn`, whose future would have room for the copy
    /// twice.
    fn send_over(
        self: &Arc<Self>,
        connection: Connection,
        mut copy: Request<CopyBody>,
        resend: bool,
    ) -> impl Future<Output = Result<Response<Body>, NotAnswered>> + use<> {
        match connection {
            Connection::Http1(connection) => {
                in_origin_form(&mut copy, self);
                Either::Left(connection.send(copy, Arc::clone(self), resend))
            }
            Connection::Http2(slot) => {
                in_absolute_form(&mut copy, &self.origin);
                // In a box: it is larger than what HTTP/1 needs.
                Either::Right(Box::pin(slot.send(copy, resend)))
            }
        }
    }

    /// A connection that is there. What finds out if the target is back takes none.
    fn take(&self, trip: &Trip, only_once: bool) -> Option<Connection> {
        if trip.is_probe {
            return None;
        }
        self.kept.take(only_once)
    }

    /// Opens a connection, or takes a place on one that another copy opens.
    async fn open(self: &Arc<Self>) -> Result<Connection, MirrorError> {
        let began = Instant::now();
        let until = began + self.origin.connect_timeout;
        let mut parts = 0;
        while self.may_share() {
            match self.turn(parts) {
                Ok(connection) => return Ok(connection),
                Err(Turn::Dial(dial)) => return self.dial(until, Some(dial)).await,
                Err(Turn::Wait(mut wait)) => {
                    let part = self.origin.connect_timeout / WAITING * (parts + 1);
                    if timeout_at(began + part, &mut wait.ended).await.is_err() {
                        parts += 1;
                    }
                }
            }
            if parts == WAITING {
                let late = "not within the connect timeout, in which others opened connections";
                return Err(MirrorError::Connect(late.into()));
            }
        }
        self.dial(until, None).await
    }

    /// A place on a connection, or what to do without one after so many parts of the time.
    fn turn(self: &Arc<Self>, parts: u32) -> Result<Connection, Turn> {
        let expected = self.expected.load(Relaxed);
        self.kept.here(|here| {
            here.slot()
                .ok_or_else(|| here.turn(self, expected, parts as usize))
        })
    }

    async fn dial(
        self: &Arc<Self>,
        until: Instant,
        dial: Option<Dial>,
    ) -> Result<Connection, MirrorError> {
        let descriptor = Descriptor::take();
        if descriptor.is_beyond() {
            close_idle();
        }
        let connected = connect(&self.origin, until, descriptor).await?;
        self.chose_http1.store(!connected.http2, Relaxed);
        if !connected.http2 {
            let http1 = Http1::new(connected, &self.floods).await?;
            return Ok(Connection::Http1(Box::new(http1)));
        }
        let open = Link::open(connected, &self.floods, dial);
        let (link, driver) = within(until, open, MirrorError::Connect).await?;
        // The first place is for the copy that has opened it.
        let slot = link.slot();
        self.kept.share(link, self);
        // Only now, so that those who wait find it. It ends with whoever holds the link, or with
        // its runtime; its errors are told to the copies that it carries.
        drop(tokio::spawn(driver));
        let none = || MirrorError::Request("the shadow allows no streams on its connection".into());
        slot.map(Connection::Http2).ok_or_else(none)
    }

    /// How many connections ended because the shadow sent more than its copies allow.
    pub(crate) fn floods(&self) -> u64 {
        self.floods.load(Relaxed)
    }

    fn may_share(&self) -> bool {
        self.origin.may_speak_http2() && !self.chose_http1.load(Relaxed)
    }

    /// Takes a connection back.
    fn keep(self: &Arc<Self>, connection: Box<Http1>) {
        self.kept.keep(connection, self);
    }
}
