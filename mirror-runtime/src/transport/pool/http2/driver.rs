//! The task of a connection: it reads and writes, and ends with the last who needs it, or when
//! nothing comes any more.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll, ready},
    time::Duration,
};

use h2::{Ping, PingPong, client::Connection};
use tokio::time::{Instant, Sleep, sleep};

use super::{CLOSING, Link, Meter, Piece, SILENCE, failure::quietly};
use crate::transport::pool::{dialing::Dial, stream::Stream};

/// How often a connection with copies is looked at.
const LOOK: Duration = Duration::from_secs(1);

pub(in crate::transport::pool) struct Driver {
    connection: Connection<Stream, Piece>,
    pings: Option<PingPong>,
    meter: Arc<Meter>,
    link: Weak<Link>,
    /// When it is looked at next, while there is something to look for.
    look: Option<Pin<Box<Sleep>>>,
    /// What had come and gone when something did last, and when that was.
    heard: (u64, Instant),
    asked: bool,
    /// Since when nobody needs it any more.
    closing: Option<Instant>,
    /// Held until the server has said what it allows, or should have: others wait for that.
    dial: Option<Dial>,
    /// Whether it held bytes of copies that have ended when it was looked at last.
    clung: bool,
}

impl Driver {
    pub(super) fn new(
        mut connection: Connection<Stream, Piece>,
        link: &Arc<Link>,
        dial: Option<Dial>,
    ) -> Self {
        Self {
            pings: connection.ping_pong(),
            connection,
            meter: Arc::clone(&link.meter),
            link: Arc::downgrade(link),
            look: None,
            heard: (0, Instant::now()),
            asked: false,
            closing: None,
            dial,
            clung: false,
        }
    }

    /// Lets go of those who wait for the connection, once it is known how many of them it can
    /// carry.
    fn greeted(&mut self) {
        let Some(dial) = self.dial.take() else { return };
        if let Some(link) = self.link.upgrade() {
            dial.expect(link.streams());
        }
    }

    /// Whether the connection is to be given up.
    fn is_over(&mut self) -> bool {
        let now = Instant::now();
        // Who waits need not count on it any more.
        self.dial = None;
        let progress = self.meter.read() + self.meter.written();
        let Some(link) = self.link.upgrade() else {
            return now >= *self.closing.get_or_insert(now) + CLOSING;
        };
        if link.is_idle() && self.meter.holds_pieces() {
            // What has ended holds nothing: the server does not take what was handed over.
            link.retire();
            return std::mem::replace(&mut self.clung, true);
        }
        self.clung = false;
        if progress != self.heard.0 || link.is_idle() {
            self.heard = (progress, now);
            self.asked = false;
            return false;
        }
        let silent = now.saturating_duration_since(self.heard.1);
        if silent >= SILENCE && !self.asked {
            self.asked = true;
            if let Some(pings) = &mut self.pings {
                // An error is one of the connection, which says so itself.
                let _ = pings.send_ping(Ping::opaque());
            }
        }
        silent >= 2 * SILENCE
    }

    /// Whether there is anything to look for.
    fn is_watched(&self) -> bool {
        let link = self.link.upgrade();
        self.meter.holds_pieces() || link.is_none_or(|link| !link.is_idle())
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if quietly(|| Pin::new(&mut this.connection).poll(context)).is_ready() {
            return Poll::Ready(());
        }
        if this.meter.is_greeted() {
            this.greeted();
        }
        if let Some(pings) = &mut this.pings {
            // That it came is seen by what was read.
            let _ = pings.poll_pong(context);
        }
        if this.look.is_none() && this.is_watched() {
            // It was silent before because it was not asked for anything.
            let progress = this.meter.read() + this.meter.written();
            this.heard = (progress, Instant::now());
            this.look = Some(Box::pin(sleep(LOOK)));
        }
        while let Some(look) = &mut this.look {
            ready!(look.as_mut().poll(context));
            if this.is_over() {
                return Poll::Ready(());
            }
            this.look = this.is_watched().then(|| Box::pin(sleep(LOOK)));
        }
        Poll::Pending
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(link) = self.link.upgrade() {
            link.ended();
        }
        self.meter.close();
    }
}
