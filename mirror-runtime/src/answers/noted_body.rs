//! A body that is noted as it streams to the client.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Instant,
};

use axum::{BoxError, body::Body};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{Noting, PrimarySide, noting::Ending};
use crate::comparison::NotComparedReason;

/// Passes a body on as it is, and tells the side of the primary once what it was.
pub(super) struct NotedBody {
    body: Body,
    note: Option<Note>,
}

struct Note {
    noting: Noting,
    side: PrimarySide,
    /// What the length of the body is, where that is known: a server that has sent as much may not ask for the end.
    length: Option<u64>,
    began: Instant,
    /// A stream without an end must not hold the answers of shadows for ever.
    until: Instant,
}

impl NotedBody {
    pub(super) fn new(
        body: Body,
        noting: Noting,
        side: PrimarySide,
        length: Option<u64>,
        began: Instant,
        until: Instant,
    ) -> Self {
        Self {
            body,
            note: Some(Note {
                noting,
                side,
                length,
                began,
                until,
            }),
        }
    }

    fn push(&mut self, data: &Bytes) {
        let Some(note) = &mut self.note else { return };
        note.noting.push(data.clone());
        if note.noting.is_over() {
            self.end(Ending::Truncated);
        } else if !note.side.is_wanted() {
            // No shadow has answered, and the bytes are given back before the client has read the rest.
            self.give_up(NotComparedReason::Failed);
        } else if Instant::now() > note.until {
            let is_enough = !note.noting.is_collecting();
            if is_enough {
                self.end(Ending::CutShort);
            } else {
                self.give_up(NotComparedReason::TimedOut);
            }
        }
    }

    fn end(&mut self, ending: Ending) {
        if let Some(note) = self.note.take() {
            let noted = note.noting.finish(ending, note.began.elapsed());
            note.side.end(Some(noted));
        }
    }

    fn give_up(&mut self, reason: NotComparedReason) {
        if let Some(note) = self.note.take() {
            note.side.end(Some(Err(reason)));
        }
    }
}

impl HttpBody for NotedBody {
    type Data = Bytes;
    // As in `Tee`: wrapped once by `Body::new`, so that a server finds the error it knows.
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        match &frame {
            None => this.end(Ending::Complete),
            Some(Err(_)) => this.end(Ending::CutShort),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.push(data);
                }
                // Whoever knows the length does not ask for the end.
                if this.body.is_end_stream() {
                    this.end(Ending::Complete);
                }
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::into_inner)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for NotedBody {
    fn drop(&mut self) {
        let is_whole = self
            .note
            .as_ref()
            .is_some_and(|note| note.length == Some(note.noting.len()));
        self.end(if is_whole {
            Ending::Complete
        } else {
            Ending::CutShort
        });
    }
}
