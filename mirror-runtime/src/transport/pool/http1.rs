//! An HTTP/1.1 connection, which whoever uses it drives: a copy and its connection are one task, so that nothing has to
//! wake anything.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, Uri, Version, header};
use http_body::{Frame, SizeHint};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{Builder, Connection, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use pin_project_lite::pin_project;
use tokio::runtime::{self, Handle};

use super::{
    Pool,
    connect::Connected,
    stream::{Allowance, Stream},
};
use crate::{body::CopyBody, outcome::MirrorError};

/// How much of an answer's head is read, and how much is read at once: more than servers send, and little enough to be
/// kept for each of 256 connections.
const MAX_BUFFER: usize = 64 * 1024;

/// A connection that carries one copy at a time.
pub(super) struct Http1 {
    sender: SendRequest<CopyBody>,
    /// `None` when it has ended.
    connection: Option<Connection<TokioIo<Stream>, CopyBody>>,
    allowance: Allowance,
    /// Where its events arrive: only there it can be used.
    runtime: runtime::Id,
}

/// Why a copy was not answered.
pub(super) enum NotAnswered {
    /// The connection had been closed before anything was sent. The copy can take another.
    NotSent(Box<Request<CopyBody>>),
    Failed(MirrorError),
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
    pub(super) async fn new(connected: Connected) -> Result<Self, MirrorError> {
        let io = TokioIo::new(connected.stream);
        let handshake = Builder::new()
            .max_buf_size(MAX_BUFFER)
            // Old servers fold long lines, which a client reads as one (RFC 9112 section 5.2).
            .allow_obsolete_multiline_headers_in_responses(true)
            .handshake(io)
            .await;
        let (sender, connection) = handshake.map_err(|error| MirrorError::Request(error.into()))?;
        Ok(Self {
            sender,
            connection: Some(connection),
            allowance: connected.allowance,
            runtime: Handle::current().id(),
        })
    }

    /// Sends a copy. The connection goes back to the pool when the answer has been read to its end.
    pub(super) fn send(
        mut self: Box<Self>,
        copy: Request<CopyBody>,
        pool: Arc<Pool>,
    ) -> impl Future<Output = Result<Response<Body>, NotAnswered>> + use<> {
        self.allowance.for_head();
        Exchange {
            answer: self.sender.try_send_request(copy),
            lent: Some((self, pool)),
        }
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

/// The request target and the `Host` of a copy (RFC 9112 section 3.2.1).
pub(super) fn in_origin_form(copy: &mut Request<CopyBody>, pool: &Pool) {
    if let Some(path_and_query) = copy.uri().path_and_query().cloned() {
        *copy.uri_mut() = Uri::from(path_and_query);
    }
    *copy.version_mut() = Version::HTTP_11;
    let host = copy.headers_mut().entry(header::HOST);
    host.or_insert_with(|| pool.origin.host_header.clone());
}

pin_project! {
    /// A copy that waits for its answer, and drives its connection meanwhile.
    struct Exchange<F> {
        #[pin]
        answer: F,
        // `None` when it has been handed on to the answer's body.
        lent: Option<Lent>,
    }
}

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
            // It takes up what is sent, unless it finds first that it has been closed, which nobody has looked for while it
            // was idle; and it hands what it reads to the answer.
            connection.drive(context);
        }
        let answer = ready!(this.answer.poll(context))?;
        let lent = this.lent.take();
        if let Some((connection, _)) = &lent {
            connection.allowance.for_body();
        }
        Poll::Ready(Ok(
            answer.map(|incoming| Body::new(AnswerBody { incoming, lent }))
        ))
    }
}

/// The body of an answer, with the connection that it comes from.
///
/// It ends when the connection can take another copy, and gives it back to the pool then. A body that is dropped before
/// its end closes the connection.
struct AnswerBody {
    incoming: Incoming,
    /// `None` when it was given back.
    lent: Option<Lent>,
}

impl AnswerBody {
    fn give_back(&mut self, context: &mut Context<'_>) {
        if let Some((mut connection, pool)) = self.lent.take() {
            if !connection.sender.is_ready() {
                connection.drive(context);
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
            self.give_back(context);
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
