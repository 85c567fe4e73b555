//! A copy on a connection that others share: its stream, from the first frame to the last.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::Bytes;
use h2::{Reason, RecvStream, client::ResponseFuture};
use http::{HeaderMap, HeaderValue, Request, Response, Uri, Version, header, uri::Authority};
use http_body::{Frame, SizeHint};

use super::{Slot, body::Sending, failure};
use crate::{
    body::CopyBody,
    outcome::{ConnectionLost, MirrorError},
    transport::pool::{
        Origin,
        attempt::{NotAnswered, bounded},
    },
};

/// `1xx` heads that are read before a response: many more than a server sends, and too few to keep
/// anybody busy.
const MAX_INFORMATIONAL: usize = 64;

/// The pseudo-headers of a copy: all of the URI, and no `Host` (RFC 9113 section 8.3.1). A `Host`
/// that is not the target's is its authority.
pub(in crate::transport::pool) fn in_absolute_form(copy: &mut Request<CopyBody>, origin: &Origin) {
    let mut parts = origin.uri.clone().into_parts();
    parts.path_and_query = copy.uri().path_and_query().cloned();
    let host = copy.headers_mut().remove(header::HOST);
    if let Some(preserved) = host.and_then(|host| Authority::try_from(host.as_bytes()).ok()) {
        parts.authority = Some(preserved);
    }
    if let Ok(uri) = Uri::from_parts(parts) {
        *copy.uri_mut() = uri;
    }
    *copy.version_mut() = Version::HTTP_2;
}

impl Slot {
    /// Sends a copy. `resend` is whether it may be given back to be sent once more; if nothing of
    /// it was sent, it is in any case.
    pub(in crate::transport::pool) async fn send(
        mut self,
        copy: Request<CopyBody>,
        resend: bool,
    ) -> Result<Response<Body>, NotAnswered> {
        let kept = copy.clone();
        let (mut head, body) = copy.into_parts();
        state_length(&mut head.headers, &body);
        if let Some(te) = head.headers.get_mut(header::TE) {
            // In the one spelling that HTTP/2 has for it (RFC 9113 section 8.2.2).
            *te = HeaderValue::from_static("trailers");
        }
        let idempotent = head.method.is_idempotent();
        let length = usize::try_from(body.remaining()).unwrap_or(usize::MAX);
        let is_empty = http_body::Body::is_end_stream(&body);
        let written = self.link.meter.written();
        self.copy_leaves(length);
        let mut sender = self.link.sender.clone();
        let (response, stream) = match sender.send_request(Request::from_parts(head, ()), is_empty)
        {
            Ok(begun) => begun,
            Err(error) if error.get_io().is_none() && error.reason().is_none() => {
                // It is about the request, and no other connection would take it.
                let error = failure::before_any(&error, &self.link.meter);
                return Err(NotAnswered::Failed(error));
            }
            Err(_) => {
                self.link.retire();
                return Err(NotAnswered::NotSent(Box::new(kept)));
            }
        };
        drop(sender);
        let mut exchange = Exchange {
            sending: Sending::new(stream, body, &self.link.meter),
            response,
            informational: 0,
            late: Late(Some(self)),
        };
        let response = poll_fn(|context| exchange.poll(context)).await;
        let Exchange {
            sending, mut late, ..
        } = exchange;
        let Some(mut slot) = late.0.take() else {
            return Err(NotAnswered::Failed(MirrorError::Cancelled));
        };
        match response {
            Ok(response) => {
                slot.responded();
                if let Err(too_large) = bounded(response.headers()) {
                    // The stream ends before its place is free.
                    drop((response, sending));
                    return Err(too_large);
                }
                let known = known_length(&response);
                Ok(response.map(|incoming| {
                    Body::new(ResponseBody {
                        incoming: Some(incoming),
                        known,
                        read: 0,
                        sending,
                        slot,
                    })
                }))
            }
            Err(Unanswered::TooManyHeads) => Err(NotAnswered::Failed(MirrorError::Request(
                "the shadow sent `1xx` heads and no response".into(),
            ))),
            Err(Unanswered::Failed(error)) => {
                if is_unprocessed(&error) {
                    // It takes no more for now: another connection does.
                    slot.link.retire();
                }
                if let Some(rested) = slot.rested.filter(|_| is_of_connection(&error)) {
                    slot.link.closed_after.store(rested, Relaxed);
                }
                let nothing_sent = slot.link.meter.written() == written;
                let may_again = is_unprocessed(&error)
                    || is_of_connection(&error) && slot.reused && (idempotent || nothing_sent);
                Err(if resend && may_again {
                    NotAnswered::Again(Box::new(kept), slot.link.next())
                } else {
                    NotAnswered::Failed(MirrorError::Request(Box::new(slot.lost(&error))))
                })
            }
        }
    }

    fn lost(&self, error: &h2::Error) -> ConnectionLost {
        if is_of_connection(error) {
            self.link.lost(error)
        } else {
            failure::lost(error, &self.link.meter, None)
        }
    }
}

/// HTTP/2 needs no `Content-Length`; servers that look for one do.
fn state_length(headers: &mut HeaderMap, body: &CopyBody) {
    if !body.is_empty() {
        headers.insert(header::CONTENT_LENGTH, body.remaining().into());
    }
}

enum Unanswered {
    TooManyHeads,
    Failed(h2::Error),
}

/// A copy that waits for its response. Dropped before that, it ends its stream, and then gives its
/// place back.
struct Exchange {
    sending: Sending,
    response: ResponseFuture,
    informational: usize,
    late: Late,
}

/// Notes that a copy has ended without a response, unless its place is taken out.
struct Late(Option<Slot>);

impl Exchange {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Result<Response<RecvStream>, Unanswered>> {
        let _ = self.sending.poll(context);
        while let Poll::Ready(Some(Ok(_))) = self.response.poll_informational(context) {
            self.informational += 1;
            if self.informational > MAX_INFORMATIONAL {
                return Poll::Ready(Err(Unanswered::TooManyHeads));
            }
        }
        Pin::new(&mut self.response)
            .poll(context)
            .map_err(Unanswered::Failed)
    }
}

impl Drop for Late {
    fn drop(&mut self) {
        if let Some(slot) = &self.0 {
            slot.link.is_late();
        }
    }
}

/// Whether the server has said that it did nothing with a request (RFC 9113 sections 6.8 and 8.7).
fn is_unprocessed(error: &h2::Error) -> bool {
    error.is_remote()
        && (error.is_go_away()
            || error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM))
}

/// Whether an error is one of the connection, and not of one of its streams.
fn is_of_connection(error: &h2::Error) -> bool {
    error.is_go_away() || error.is_io() || error.reason().is_none()
}

/// The body of a response. Dropped before its end, it ends the stream.
struct ResponseBody {
    /// `None` after its end.
    incoming: Option<RecvStream>,
    /// The length that the response stated.
    known: Option<u64>,
    read: u64,
    sending: Sending,
    slot: Slot,
}

impl ResponseBody {
    fn poll_incoming(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionLost>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        match ready!(incoming.poll_data(context)) {
            Some(Ok(data)) => {
                self.read += data.len() as u64;
                // It has room for as much again. An error is one of the stream, which is told of by
                // what comes next.
                let _ = incoming.flow_control().release_capacity(data.len());
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Err(error)) => {
                self.incoming = None;
                Poll::Ready(Some(Err(self.slot.lost(&error))))
            }
            None => {
                let trailers = ready!(incoming.poll_trailers(context));
                self.incoming = None;
                Poll::Ready(match trailers {
                    Ok(trailers) => trailers.map(|trailers| Ok(Frame::trailers(trailers))),
                    Err(error) => Some(Err(self.slot.lost(&error))),
                })
            }
        }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = ConnectionLost;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionLost>>> {
        let _ = self.sending.poll(context);
        self.poll_incoming(context)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(RecvStream::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let known = self.known.map(|known| known.saturating_sub(self.read));
        known.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// The length of the content of a response, if it states one. One to `HEAD` states what it has not.
fn known_length(response: &Response<RecvStream>) -> Option<u64> {
    if response.body().is_end_stream() {
        return Some(0);
    }
    let length = response.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
