//! The side of a copy.

use std::sync::Arc;

use super::{meeting::Exchange, recorder::Noted};
use crate::{
    comparison::{NotComparedReason, Verdict},
    outcome::{MirrorError, ShedReason, SkipReason},
    request::KeptRequest,
    trace::CopySpan,
};

/// Tells what a shadow answered. Dropped before it has, its copy was not sent, or has failed.
#[derive(Debug)]
pub(crate) struct CopySide {
    exchange: Option<Arc<Exchange>>,
    index: usize,
    is_sent: bool,
}

impl CopySide {
    fn new(exchange: Arc<Exchange>, index: usize) -> Self {
        Self {
            exchange: Some(exchange),
            index,
            is_sent: false,
        }
    }

    /// The copy leaves: from now on there is something to count.
    pub(crate) fn sent(&mut self) {
        self.is_sent = true;
    }

    /// How much of the response's body is to be recorded, if that matters.
    pub(crate) fn max_body(&self) -> Option<usize> {
        let comparing = self.exchange.as_ref().and_then(|all| all.comparing());
        comparing?.max_body()
    }

    /// The copy was answered, or has failed.
    pub(crate) fn ended(mut self, noted: Noted, span: CopySpan) {
        let noted = match (noted, &self.exchange) {
            (noted, Some(exchange)) if exchange.engine().is_baseline(self.index) => {
                // It is compared with nothing.
                span.settle_within(exchange.engine().longest_timeout());
                noted
            }
            (Ok(response), _) => Ok(response.with_span(span)),
            (Err(reason), _) => {
                span.compared(Verdict::NotCompared(reason));
                Err(reason)
            }
        };
        self.end(Some(noted));
    }

    /// Why a copy that has failed is not compared.
    pub(crate) fn reason(error: &MirrorError) -> NotComparedReason {
        match error {
            MirrorError::Body(_) => NotComparedReason::CutShort,
            _ => NotComparedReason::Failed,
        }
    }

    fn end(&mut self, noted: Option<Noted>) {
        if let Some(exchange) = self.exchange.take() {
            exchange.copy(self.index, noted);
        }
    }
}

impl Drop for CopySide {
    fn drop(&mut self) {
        self.end(self.is_sent.then_some(Err(NotComparedReason::Failed)));
    }
}

/// Lets copies take part. Gone, it says that no more will.
#[derive(Debug)]
pub(crate) struct Open(Arc<Exchange>);

impl Open {
    pub(super) fn new(exchange: Arc<Exchange>) -> Self {
        Self(exchange)
    }

    /// The side of a copy that was admitted.
    pub(crate) fn copy(&self, index: usize) -> CopySide {
        self.0.expect(index);
        CopySide::new(Arc::clone(&self.0), index)
    }

    /// A copy that was to be compared is not sent.
    pub(crate) fn not_sent(&self, index: usize, reason: SkipReason) {
        // What was left out on purpose, or is gone, says nothing about a route.
        let is_missing = match reason {
            SkipReason::BodyTooLarge
            | SkipReason::BodyNotRead
            | SkipReason::BodyStalled
            | SkipReason::Unsendable => true,
            SkipReason::Shed(reason) => !matches!(
                reason,
                ShedReason::RateLimit | ShedReason::Draining | ShedReason::NoRuntime
            ),
            _ => false,
        };
        if is_missing {
            self.0.not_sent(index);
        }
    }

    /// The request, whose body is to be kept.
    pub(crate) fn kept(&self) -> Option<Arc<KeptRequest>> {
        self.0.request()
    }
}

#[cfg(test)]
impl Open {
    pub(super) fn exchange(&self) -> &Arc<Exchange> {
        &self.0
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.has_ended();
    }
}
