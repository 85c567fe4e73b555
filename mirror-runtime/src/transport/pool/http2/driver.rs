//! The task of a connection: it reads and writes, and ends with the last who needs it, or when nothing comes any more.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll, ready},
    time::Duration,
};

use h2::{Ping, PingPong, client::Connection};
use tokio::time::{Instant, Sleep, sleep};

use super::{CLOSING, Link, Meter, Piece, SILENCE, failure};
use crate::{outcome::MirrorError, transport::pool::stream::Stream};

/// How often a connection with copies is looked at.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Driver {
    connection: Connection<Stream, Piece>,
    pings: Option<PingPong>,
    meter: Arc<Meter>,
    link: Weak<Link>,
    /// When it is looked at next, while there is something to look for.
    look: Option<Pin<Box<Sleep>>>,
    /// What had come when something came last, and when that was.
    heard: (u64, Instant),
    asked: bool,
    /// Since when nobody needs it any more.
    closing: Option<Instant>,
}

impl Driver {
    pub(super) fn new(mut connection: Connection<Stream, Piece>, link: &Arc<Link>) -> Self {
        Self {
            pings: connection.ping_pong(),
            connection,
            meter: Arc::clone(&link.meter),
            link: Arc::downgrade(link),
            look: None,
            heard: (0, Instant::now()),
            asked: false,
            closing: None,
        }
    }

    /// Drives the connection until the server has said what it allows, and from then on as a task.
    pub(super) async fn greeted(mut self) -> Result<(), MirrorError> {
        poll_fn(
            |context| match Pin::new(&mut self.connection).poll(context) {
                Poll::Ready(Ok(())) => Poll::Ready(Err(closed())),
                Poll::Ready(Err(error)) => {
                    Poll::Ready(Err(failure::before_any(&error, &self.meter)))
                }
                Poll::Pending if self.meter.is_greeted() => Poll::Ready(Ok(())),
                Poll::Pending => Poll::Pending,
            },
        )
        .await?;
        self.heard = (self.meter.read(), Instant::now());
        // It ends with whoever holds the connection, or with its runtime; its errors are told to the copies that it carries.
        drop(tokio::spawn(self));
        Ok(())
    }

    /// Whether the connection is to be given up.
    fn is_over(&mut self) -> bool {
        let now = Instant::now();
        let read = self.meter.read();
        let Some(link) = self.link.upgrade() else {
            return now >= *self.closing.get_or_insert(now) + CLOSING;
        };
        if read != self.heard.0 || link.is_idle() {
            self.heard = (read, now);
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
        self.link.upgrade().is_none_or(|link| !link.is_idle())
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if Pin::new(&mut this.connection).poll(context).is_ready() {
            return Poll::Ready(());
        }
        if let Some(pings) = &mut this.pings {
            // That it came is seen by what was read.
            let _ = pings.poll_pong(context);
        }
        if this.look.is_none() && this.is_watched() {
            // It was silent before because it was not asked for anything.
            this.heard = (this.meter.read(), Instant::now());
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
        self.meter.close();
    }
}

fn closed() -> MirrorError {
    MirrorError::Request("the connection was closed".into())
}
