//! The known responses to one request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::HeaderMap;

use super::recorder::{Ending, Noted, NotedResponse, Noting};
use crate::{comparison::NotComparedReason, request::KeptRequest};

/// The responses that have not been handed over yet, and what has a place in the byte budget for
/// their sake.
///
/// Once the primary's response is settled, nothing changes it. If it is unknown, nothing is held
/// any more.
#[derive(Default)]
pub(super) struct State {
    primary: Primary,
    baseline: Baseline,
    /// Responses of shadows, by target, until those of the primary and of the baseline are there.
    waiting: Vec<(usize, NotedResponse)>,
    /// The request, whose secrets are not to be shown.
    request: Option<Arc<KeptRequest>>,
}

#[derive(Default)]
enum Primary {
    #[default]
    Pending,
    Streaming(Streaming),
    /// Taken by who compares first.
    There(Option<NotedResponse>),
    /// Too little is known of it, or there is none.
    Unknown(NotComparedReason),
}

/// A response whose body streams to the client.
pub(super) struct Streaming {
    pub(super) noting: Noting,
    pub(super) began: Instant,
    /// A stream without an end must not hold the responses of shadows for ever.
    pub(super) until: Instant,
}

#[derive(Default)]
enum Baseline {
    #[default]
    None,
    Pending,
    /// In a box: most mirrors have none.
    There(Box<NotedResponse>),
}

impl State {
    /// Begins with the request. If there is no room for that, its secrets would not be known:
    /// nothing is compared.
    pub(super) fn new(request: Option<Arc<KeptRequest>>) -> Self {
        let primary = match &request {
            Some(_) => Primary::Pending,
            None => Primary::Unknown(NotComparedReason::Shed),
        };
        Self {
            primary,
            request,
            ..Self::default()
        }
    }

    pub(super) fn request(&self) -> Option<Arc<KeptRequest>> {
        self.request.clone()
    }

    /// Whether the primary's response is still to come or to end.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.primary, Primary::Pending | Primary::Streaming(_))
    }

    /// Whether a response waits for the primary's.
    pub(super) fn waits_for_primary(&self) -> bool {
        self.is_open() && (!self.waiting.is_empty() || matches!(self.baseline, Baseline::There(_)))
    }

    /// The primary's response, or why it is unknown, unless that is settled already.
    pub(super) fn primary(&mut self, noted: Noted) {
        if self.is_open() {
            match noted {
                Ok(response) => self.primary = Primary::There(Some(response)),
                Err(reason) => {
                    self.primary = Primary::Unknown(reason);
                    (self.baseline, self.request) = (Baseline::None, None);
                }
            }
        }
    }

    /// Nothing is to be compared any more.
    pub(super) fn end(&mut self) {
        self.primary(Err(NotComparedReason::Failed));
        self.request = None;
    }

    /// The primary's response begins to stream.
    pub(super) fn stream(&mut self, streaming: Streaming) {
        if self.is_open() {
            self.primary = Primary::Streaming(streaming);
        }
    }

    /// A piece of the primary's body; `false` if nothing more of it is to be recorded.
    pub(super) fn piece(&mut self, data: &Bytes) -> bool {
        let Primary::Streaming(streaming) = &mut self.primary else {
            return false;
        };
        streaming.noting.push(data.clone());
        if streaming.noting.is_over() {
            self.ended(Ending::Truncated, Duration::ZERO);
        } else if Instant::now() > streaming.until {
            self.time_out();
        }
        self.is_open()
    }

    /// The trailer fields of the primary's response.
    pub(super) fn trailers(&mut self, trailers: HeaderMap) {
        if let Primary::Streaming(streaming) = &mut self.primary {
            streaming.noting.trailers(trailers);
        }
    }

    /// The primary's body has ended. It could have done so earlier, by as long as nobody asked for
    /// more of it.
    pub(super) fn ended(&mut self, ending: Ending, unread: Duration) {
        self.primary = match std::mem::take(&mut self.primary) {
            Primary::Streaming(streaming) => {
                let latency = streaming.began.elapsed().saturating_sub(unread);
                let noted = streaming.noting.finish(ending, latency);
                return self.primary(noted);
            }
            settled => settled,
        };
    }

    /// The primary is not waited for any longer.
    pub(super) fn time_out(&mut self) {
        match &self.primary {
            // It is enough that it has begun.
            Primary::Streaming(streaming) if !streaming.noting.is_collecting() => {
                self.ended(Ending::CutShort, Duration::ZERO);
            }
            _ => self.primary(Err(NotComparedReason::TimedOut)),
        }
    }

    /// There will be a response of the baseline.
    pub(super) fn expect_baseline(&mut self) {
        self.baseline = Baseline::Pending;
    }

    /// The baseline's response, if there was one.
    pub(super) fn baseline(&mut self, noted: Option<Noted>) {
        self.baseline = match (noted, &self.primary) {
            (_, Primary::Unknown(_)) | (None | Some(Err(_)), _) => Baseline::None,
            (Some(Ok(response)), _) => Baseline::There(Box::new(response)),
        };
    }

    /// A shadow's response.
    pub(super) fn shadow(&mut self, index: usize, response: NotedResponse) {
        self.waiting.push((index, response));
    }

    /// What need not wait any more.
    pub(super) fn take_ready(&mut self) -> Vec<(usize, Noted)> {
        let reason = match &self.primary {
            Primary::Unknown(reason) => Some(*reason),
            Primary::There(_) if !matches!(self.baseline, Baseline::Pending) => None,
            _ => return Vec::new(),
        };
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let noted = |response: NotedResponse| match reason {
            None => Ok(response),
            // Whatever the primary does, it would not have been compared.
            Some(_) if response.is_streaming() => {
                Err(response.not_compared(NotComparedReason::Streaming))
            }
            Some(reason) => Err(response.not_compared(reason)),
        };
        waiting
            .map(|(index, response)| (index, noted(response)))
            .collect()
    }

    /// The primary's response, for who compares first.
    pub(super) fn take_primary(&mut self) -> Option<NotedResponse> {
        match &mut self.primary {
            Primary::There(response) => response.take(),
            _ => None,
        }
    }

    /// The baseline's response, for who compares first.
    pub(super) fn take_baseline(&mut self) -> Option<NotedResponse> {
        match std::mem::take(&mut self.baseline) {
            Baseline::There(response) => Some(*response),
            _ => None,
        }
    }
}
