//! An HTTP/1.1 connection, which whoever uses it drives: a copy and its connection are one task, so that nothing has to
//! wake anything.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
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
        let handshake = Builder::new().max_buf_size(MAX_BUFFER).handshake(io).await;
        let (sender, connection) = handshake.map_err(|error| MirrorError::Request(error.into()))?;
        Ok(Self {
            sender,
            connection: Some(connection),
            allowance: connected.allowance,
        })
    }

    /// Sends a copy. The connection goes back to the pool when the answer has been read to its end.
    pub(super) async fn send(
        mut self: Box<Self>,
        copy: Request<CopyBody>,
        pool: Arc<Pool>,
    ) -> Result<Response<Body>, NotAnswered> {
        self.allowance.for_head();
        // An idle connection may have been closed, which nobody has looked for until now.
        poll_fn(|context| {
            self.drive(context);
            Poll::Ready(())
        })
        .await;
        if self.connection.is_none() {
            return Err(NotAnswered::NotSent(Box::new(copy)));
        }
        let mut answer = pin!(self.sender.try_send_request(copy));
        let answer = poll_fn(|context| {
            // What was sent is taken up by the connection, and what it reads is handed to the answer.
            drive(&mut self.connection, context);
            answer.as_mut().poll(context)
        });
        match answer.await {
            Ok(answer) => {
                self.allowance.for_body();
                Ok(answer.map(|incoming| {
                    Body::new(AnswerBody {
                        incoming,
                        lent: Some((self, pool)),
                    })
                }))
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.connection.is_none() || self.sender.is_closed()
    }

    /// Reads and writes what can be read and written now.
    fn drive(&mut self, context: &mut Context<'_>) {
        drive(&mut self.connection, context);
    }
}

fn drive(
    connection: &mut Option<Connection<TokioIo<Stream>, CopyBody>>,
    context: &mut Context<'_>,
) {
    let ended = connection
        .as_mut()
        .is_some_and(|connection| Pin::new(connection).poll(context).is_ready());
    if ended {
        // Its error, if it is one, has been told to the copy that it carried.
        *connection = None;
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

/// The body of an answer, with the connection that it comes from.
///
/// It ends when the connection can take another copy, and gives it back to the pool then. A body that is dropped before
/// its end closes the connection.
struct AnswerBody {
    incoming: Incoming,
    /// `None` when it was given back.
    lent: Option<(Box<Http1>, Arc<Pool>)>,
}

impl AnswerBody {
    fn give_back(&mut self, context: &mut Context<'_>) {
        if let Some((mut connection, pool)) = self.lent.take() {
            connection.drive(context);
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
