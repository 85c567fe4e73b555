//! A request that sinks shall have, until the primary's response to it has ended.

use std::{
    thread,
    time::{Duration, Instant, SystemTime},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, Method, request::Parts};
use http_body::Body as _;
use mirror_compare::is_bodiless;
use tokio::sync::oneshot;

use super::{
    noted_body::{Note, NotedBody, length},
    recorder::{Ending, Noted, Noting},
};
use crate::{
    body::copied, engine::capturing::Capturing, outcome::Completion, recorded::Times,
    request::KeptRequest,
};

/// Both sides of a request that sinks shall have. Each is taken by who goes on with it.
#[derive(Debug)]
pub(crate) struct Joining {
    waiting: Option<Waiting>,
    primary: Option<ResponseSide>,
}

/// The side of the sinks: a request that waits for its response.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) method: Method,
    pub(crate) request: KeptRequest,
    pub(crate) arrived: SystemTime,
    pub(crate) joined: oneshot::Receiver<Joined>,
}

/// What there is to be said when the response has ended.
pub(crate) struct Joined {
    /// The response, unless there is none, or why it is not there.
    pub(crate) noted: Option<Noted>,
    pub(crate) completion: Completion,
    pub(crate) times: Times,
    /// Keeps a test waiting.
    pub(crate) capturing: Capturing,
}

/// The side of the primary. Dropped before there was a response, there is none: the handler
/// panicked, or the client went away.
#[derive(Debug)]
struct ResponseSide {
    method: Method,
    arrived: Instant,
    times: Times,
    sinks: Option<oneshot::Sender<Joined>>,
}

/// A response that is being noted. What is noted stands with the body: who waits for it has a place
/// among as many as may.
struct Recording {
    noting: Option<Noting>,
    side: ResponseSide,
}

impl Joined {
    pub(crate) fn without_response(completion: Completion, times: Times) -> Self {
        Self {
            noted: None,
            completion,
            times,
            capturing: Capturing::here(),
        }
    }
}

impl Joining {
    /// Of a request that arrives now; `None` if there is no room for its head in the byte budget.
    /// `lacks_body` is whether it has a body that will not be there.
    pub(crate) fn new(parts: &Parts, lacks_body: bool) -> Option<Box<Self>> {
        let request = KeptRequest::from_parts(parts, lacks_body)?;
        let (sinks, joined) = oneshot::channel();
        Some(Box::new(Self {
            waiting: Some(Waiting {
                method: parts.method.clone(),
                request,
                arrived: SystemTime::now(),
                joined,
            }),
            primary: Some(ResponseSide {
                method: parts.method.clone(),
                arrived: Instant::now(),
                times: Times::default(),
                sinks: Some(sinks),
            }),
        }))
    }

    /// The side of the sinks, unless it was taken.
    pub(crate) fn take_waiting(&mut self) -> Option<Waiting> {
        self.waiting.take()
    }

    /// The side of the sinks on its own: it is taken later, if at all.
    pub(crate) fn split(&mut self) -> Option<Box<Self>> {
        let waiting = self.waiting.take()?;
        Some(Box::new(Self {
            waiting: Some(waiting),
            primary: None,
        }))
    }

    /// The handler is called.
    pub(crate) fn begins(&mut self) {
        if let Some(primary) = &mut self.primary {
            primary.times.handler_start = Some(primary.arrived.elapsed());
        }
    }

    /// There is no response, but an error of the service.
    pub(crate) fn failed(mut self) {
        if let Some(mut primary) = self.primary.take() {
            primary.end(None, Completion::Failed);
        }
    }

    /// Notes the response, of which at most `max` bytes are kept: now, and as its body streams to
    /// the client.
    pub(crate) fn note(mut self, response: &mut Response, max: usize) {
        // Who has not taken it will not.
        drop(self.waiting.take());
        if let Some(primary) = self.primary.take() {
            primary.note(response, max);
        }
    }
}

impl ResponseSide {
    fn note(mut self, response: &mut Response, max: usize) {
        let is_wanted = self.sinks.as_ref().is_some_and(|sinks| !sinks.is_closed());
        if !is_wanted {
            return;
        }
        self.times.first_byte = Some(self.arrived.elapsed());
        let is_empty =
            is_bodiless(&self.method, response.status()) || response.body().is_end_stream();
        let known = if is_empty {
            Some(0)
        } else {
            response.body().size_hint().exact()
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let noting = Noting::new(status, headers, Some(max), known);
        let mut recording = Recording {
            noting: Some(noting),
            side: self,
        };
        if is_empty {
            recording.end(Ending::Complete, Completion::Complete, Duration::ZERO);
        } else if let Some(recording) = recording.unless_over() {
            let body = std::mem::take(response.body_mut());
            let length = length(response).or(known);
            *response.body_mut() = Body::new(NotedBody::new(body, recording, length));
        }
    }

    fn end(&mut self, noted: Option<Noted>, completion: Completion) {
        if let Some(sinks) = self.sinks.take() {
            // Nobody may be waiting for it any more.
            let _ = sinks.send(Joined {
                noted,
                completion,
                times: self.times,
                capturing: Capturing::here(),
            });
        }
    }
}

impl Recording {
    /// For `unread` in all, nobody asked for more of the body.
    fn end(&mut self, ending: Ending, completion: Completion, unread: Duration) {
        let Some(noting) = self.noting.take() else {
            return;
        };
        let now = self.side.arrived.elapsed();
        if completion != Completion::Cut {
            self.side.times.last_byte = Some(now);
        }
        let began = self.side.times.handler_start.unwrap_or(Duration::ZERO);
        let latency = now.saturating_sub(began + unread);
        let noted = noting.finish(ending, latency);
        self.side.end(Some(noted), completion);
    }

    /// Goes on, unless the body is too large, or there is no room for it.
    fn unless_over(mut self) -> Option<Self> {
        if self.noting.as_ref().is_some_and(Noting::is_over) {
            self.end(Ending::Truncated, Completion::Cut, Duration::ZERO);
            None
        } else {
            Some(self)
        }
    }
}

impl Note for Recording {
    fn piece(mut self, data: &Bytes) -> Option<Self> {
        if self
            .side
            .sinks
            .as_ref()
            .is_none_or(oneshot::Sender::is_closed)
        {
            // A drain has given it up.
            return None;
        }
        if let Some(noting) = &mut self.noting {
            noting.push(data.clone());
        }
        self.unless_over()
    }

    fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(noting) = &mut self.noting {
            noting.trailers(copied(trailers));
        }
    }

    fn ended(mut self, ending: Ending, unread: Duration) {
        let completion = if ending == Ending::Complete {
            Completion::Complete
        } else {
            gone()
        };
        self.end(ending, completion, unread);
    }

    fn failed(mut self, unread: Duration) {
        self.end(Ending::CutShort, Completion::Failed, unread);
    }
}

impl Drop for ResponseSide {
    fn drop(&mut self) {
        self.end(None, gone());
    }
}

/// How a response has ended that is dropped now.
fn gone() -> Completion {
    if thread::panicking() {
        Completion::Failed
    } else {
        Completion::Cancelled
    }
}

impl std::fmt::Debug for Joined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Joined")
            .field("completion", &self.completion)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}
