//! The side of a copy.

use std::sync::Arc;

use super::{meeting::Exchange, recorder::Noted};
use crate::{comparison::NotComparedReason, outcome::MirrorError};

/// Tells what a shadow answered. Dropped before it has, its copy was not sent, or has failed.
#[derive(Debug)]
pub(crate) struct CopySide {
    exchange: Option<Arc<Exchange>>,
    index: usize,
    is_sent: bool,
}

impl CopySide {
    pub(super) fn new(exchange: Arc<Exchange>, index: usize) -> Self {
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

    /// How much of the answer's body is to be noted, where it matters.
    pub(crate) fn max_body(&self) -> Option<usize> {
        let comparing = self.exchange.as_ref().and_then(|all| all.comparing());
        comparing?.max_body()
    }

    /// The copy was answered.
    pub(crate) fn answered(mut self, noted: Noted) {
        self.end(Some(noted));
    }

    /// The copy has failed.
    pub(crate) fn failed(mut self, error: &MirrorError) {
        self.end(Some(Err(match error {
            MirrorError::Body(_) => NotComparedReason::CutShort,
            _ => NotComparedReason::Failed,
        })));
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
