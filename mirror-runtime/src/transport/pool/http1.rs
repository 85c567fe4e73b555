//! An HTTP/1.1 connection, which whoever uses it drives: a copy and its connection are one task, so
//! that nothing has to wake anything.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::AtomicU64},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version, header};
use http_body::{Body as _, Frame, SizeHint};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{Builder, Connection, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use pin_project_lite::pin_project;
use tokio::{
    runtime::{self, Handle},
    time::Instant,
};

use super::{
    Pool,
    attempt::{Next, NotAnswered, bounded},
    connect::Connected,
    idle::{Bell, in_time},
    stream::{Allowance, Bound, Stream},
};
use crate::{body::CopyBody, outcome::MirrorError};

/// An idle connection is closed after this time: below the 60 s and more after which servers close
/// theirs, so that a copy rarely meets a connection that is being closed. A server that says
/// `Keep-Alive: timeout=5` is taken at its word.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How much of a response's head is read, and how much is read at once: more than servers send, and
/// little enough to be kept for each of 256 connections.
const MAX_BUFFER: usize = 64 * 1024;

/// A connection that carries one copy at a time.
pub(super) struct Http1 {
    sender: SendRequest<CopyBody>,
    /// `None` when it has ended.
    connection: Option<Connection<TokioIo<Stream>, CopyBody>>,
    allowance: Allowance,
    /// Where its events arrive: only there it can be used.
    runtime: runtime::Id,
    opened: Instant,
    /// How many of its copies were responded to.
    carried: usize,
    /// How long it had been idle when it was taken.
    rested: Duration,
    /// The longest time that it has been idle, and was there after.
    longest_rest: Duration,
    /// How long it may be idle.
    kept_for: Duration,
    /// Whether the server has said so.
    is_promised: bool,
    /// Whether its end is a part of the response, or was announced by it.
    ends: bool,
    /// Rings if something comes while it carries nothing.
    bell: Arc<Bell>,
    waker: Waker,
}

impl From<TrySendError<Request<CopyBody>>> for NotAnswered {
    fn from(mut error: TrySendError<Request<CopyBody>>) -> Self {
        match error.take_message() {
            Some(copy) => Self::NotSent(Box::new(copy)),
            None => Self::Failed(MirrorError::Request(error.into_error().into())),
        }
    }
}

impl Http1 {
    pub(super) async fn new(
        connected: Connected,
        floods: &Arc<AtomicU64>,
    ) -> Result<Self, MirrorError> {
        let allowance = Allowance::new();
        let bound = Bound::Http1(allowance.clone());
        let io = TokioIo::new(connected.into_stream(bound, floods));
        let handshake = Builder::new()
            .max_buf_size(MAX_BUFFER)
            // Old servers fold long lines, which a client reads as one (RFC 9112 section 5.2).
            .allow_obsolete_multiline_headers_in_responses(true)
            .handshake(io)
            .await;
        let (sender, connection) = handshake.map_err(|error| MirrorError::Request(error.into()))?;
        let bell = Arc::<Bell>::default();
        Ok(Self {
            sender,
            connection: Some(connection),
            allowance,
            runtime: Handle::current().id(),
            opened: Instant::now(),
            carried: 0,
            rested: Duration::ZERO,
            longest_rest: Duration::ZERO,
            kept_for: IDLE_TIMEOUT,
            is_promised: false,
            ends: false,
            waker: Waker::from(Arc::clone(&bell)),
            bell,
        })
    }

    /// Sends a copy. The connection goes back to the pool when the response has been read to its
    /// end.
    ///
    /// `resend` is whether the copy may be given back to be sent once more. That is so only for a
    /// connection that has carried others, and that the server may have been closing; one that
    /// takes the copy and loses it was closed later. A copy that must not be given back then leaves
    /// only if the system knows of no end.
    pub(super) fn send(
        mut self: Box<Self>,
        copy: Request<CopyBody>,
        pool: Arc<Pool>,
        resend: bool,
    ) -> impl Future<Output = Result<Response<Body>, NotAnswered>> + use<> {
        self.allowance.for_head();
        self.bell.mute();
        let is_reused = self.carried > 0;
        let may_again = resend && is_reused && copy.method().is_idempotent();
        if is_reused && !may_again {
            self.allowance.ask_first();
        }
        Exchange {
            kept: may_again.then(|| Box::new(copy.clone())),
            answer: self.sender.try_send_request(copy),
            lent: Some((self, pool)),
        }
    }

    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    /// How many of its copies were responded to.
    pub(super) fn carried(&self) -> usize {
        self.carried
    }

    /// It is taken after it has been idle for so long.
    pub(super) fn has_rested(&mut self, idle: Duration) {
        self.rested = idle;
    }

    /// Whether the server has kept it before for much longer than it was idle now.
    pub(super) fn was_kept_for(&self, idle: Duration) -> bool {
        self.longest_rest > 2 * idle
    }

    pub(super) fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    /// Whether the server has closed it while it carries nothing, by the word of the system.
    pub(super) fn has_ended(&mut self) -> bool {
        self.allowance.for_head();
        self.allowance.ask_first();
        self.rest();
        self.is_closed()
    }

    /// Has the bell rung by what comes from now on, and reads what has come.
    fn rest(&mut self) {
        self.bell.rest();
        let waker = self.waker.clone();
        self.drive(&mut Context::from_waker(&waker));
    }

    /// Whether the server has said how long it keeps it.
    pub(super) fn is_promised(&self) -> bool {
        self.is_promised
    }

    /// How long it may be idle.
    pub(super) fn kept_for(&self) -> Duration {
        self.kept_for
    }

    pub(super) fn runtime(&self) -> runtime::Id {
        self.runtime
    }

    pub(super) fn is_closed(&self) -> bool {
        self.connection.is_none() || self.sender.is_closed()
    }

    /// Reads and writes what can be read and written now.
    fn drive(&mut self, context: &mut Context<'_>) {
        let connection = self.connection.as_mut();
        let ended =
            connection.is_some_and(|connection| Pin::new(connection).poll(context).is_ready());
        if ended {
            // Its error, if it is one, has been told to the copy that it carried.
            self.connection = None;
        }
    }
}

impl fmt::Debug for Http1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http1")
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// The request target and the `Host` of a copy (RFC 9112 section 3.2.1), without what only HTTP/2
/// carries.
pub(super) fn in_origin_form(copy: &mut Request<CopyBody>, pool: &Pool) {
    // In HTTP/1 it is about the connection (RFC 9110 section 10.1.4).
    copy.headers_mut().remove(header::TE);
    // A body of stated length has no place for them (RFC 9112 section 7.1.2).
    drop(copy.body_mut().take_trailers());
    if let Some(path_and_query) = copy.uri().path_and_query().cloned() {
        *copy.uri_mut() = Uri::from(path_and_query);
    }
    *copy.version_mut() = Version::HTTP_11;
    let host = copy.headers_mut().entry(header::HOST);
    host.or_insert_with(|| pool.origin.host_header.clone());
}

pin_project! {
    /// A copy that waits for its response, and drives its connection meanwhile.
    struct Exchange<F> {
        #[pin]
        answer: F,
        // `None` when it has been handed on to the response's body.
        lent: Option<Lent>,
        // What is sent once more if the connection turns out to have been closed as it left.
        kept: Option<Box<Request<CopyBody>>>,
    }
}

/// How long a server keeps an idle connection, less the time that a copy may be on its way to it.
/// At most [`IDLE_TIMEOUT`]; `None` without a word of the server's.
fn keep_alive(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all(&KEEP_ALIVE).into_iter();
    let mut parameters = lines.flat_map(|line| line.to_str().unwrap_or_default().split(','));
    let timeout = parameters.find_map(|parameter| {
        let (name, seconds) = parameter.split_once('=')?;
        let is_timeout = name.trim().eq_ignore_ascii_case("timeout");
        let seconds = seconds.trim().trim_matches('"').parse().ok();
        seconds.filter(|_| is_timeout).map(Duration::from_secs)
    });
    timeout.map(|timeout| in_time(timeout).min(IDLE_TIMEOUT))
}

/// Whether a response is the last on its connection, by its head (RFC 9112 section 9.3): it says so,
/// or its body ends with the connection.
fn ends(response: &Response<Incoming>) -> bool {
    let headers = response.headers();
    let is_close = |line: &HeaderValue| {
        let line = line.to_str().unwrap_or_default();
        line.split(',')
            .any(|option| option.trim().eq_ignore_ascii_case("close"))
    };
    response.version() != Version::HTTP_11
        || headers.get_all(header::CONNECTION).iter().any(is_close)
        || !response.body().is_end_stream()
            && response.body().size_hint().exact().is_none()
            && !headers.contains_key(header::TRANSFER_ENCODING)
}

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// A connection, and where it goes back to.
type Lent = (Box<Http1>, Arc<Pool>);

impl<F> Future for Exchange<F>
where
    F: Future<Output = Result<Response<Incoming>, TrySendError<Request<CopyBody>>>>,
{
    type Output = Result<Response<Body>, NotAnswered>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some((connection, _)) = this.lent {
            // It takes up what is sent, unless it finds first that it has been closed, which nobody
            // has looked for while it was idle; and it hands what it reads to the response.
            connection.drive(context);
        }
        let answer = ready!(this.answer.poll(context));
        let mut lent = this.lent.take();
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                // What was used before, and ends without a word, was closed while it was idle.
                let closed = lent.filter(|(connection, _)| {
                    connection.carried > 0 && connection.allowance.is_untouched()
                });
                let kept = this.kept.take().filter(|_| closed.is_some());
                if let Some((connection, pool)) = &closed {
                    pool.kept.closed(connection, connection.rested);
                }
                return Poll::Ready(Err(match (NotAnswered::from(error), kept) {
                    (NotAnswered::Failed(_), Some(copy)) => NotAnswered::Again(copy, Next::Any),
                    (not_answered, _) => not_answered,
                }));
            }
        };
        bounded(answer.headers())?;
        if let Some((connection, _)) = &mut lent {
            connection.allowance.for_body();
            connection.carried += 1;
            connection.longest_rest = connection.longest_rest.max(connection.rested);
            let promised = keep_alive(answer.headers());
            connection.ends = ends(&answer);
            connection.is_promised = promised.is_some();
            connection.kept_for = promised.unwrap_or(IDLE_TIMEOUT);
        }
        Poll::Ready(Ok(
            answer.map(|incoming| Body::new(AnswerBody { incoming, lent }))
        ))
    }
}

/// The body of a response, with the connection that it comes from.
///
/// It ends when the connection can take another copy, and gives it back to the pool then. A body
/// that is dropped before its end closes the connection.
struct AnswerBody {
    incoming: Incoming,
    /// `None` when it was given back.
    lent: Option<Lent>,
}

impl AnswerBody {
    fn give_back(&mut self) {
        if let Some((mut connection, pool)) = self.lent.take() {
            connection.rest();
            if connection.is_closed() && !connection.ends {
                // At once, and without a word.
                pool.kept.closed(&connection, Duration::ZERO);
            }
            // One that still has the copy's body to send is not worth waiting for.
            if !connection.is_closed() && connection.sender.is_ready() {
                pool.keep(connection);
            }
        }
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut frame = Pin::new(&mut self.incoming).poll_frame(context);
        if let (Poll::Pending, Some((connection, _))) = (&frame, &mut self.lent) {
            connection.drive(context);
            frame = Pin::new(&mut self.incoming).poll_frame(context);
        }
        if let Poll::Ready(None) = frame {
            self.give_back();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        // Only its end gives the connection back.
        self.lent.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_says_how_long_it_keeps_a_connection_is_taken_at_its_word() {
        for (value, millis) in [
            ("timeout=5", Some(4_000)),
            ("max=100, Timeout = \"5\"", Some(4_000)),
            ("timeout=1", Some(500)),
            ("timeout=0", Some(0)),
            ("timeout=600", Some(30_000)),
            ("timeout=99999999999999999999", None),
            ("max=5", None),
            ("timeout", None),
        ] {
            let headers = HeaderMap::from_iter([(KEEP_ALIVE, value.parse().unwrap())]);
            assert_eq!(
                keep_alive(&headers),
                millis.map(Duration::from_millis),
                "{value}"
            );
        }
        assert_eq!(keep_alive(&HeaderMap::new()), None);
    }
}
