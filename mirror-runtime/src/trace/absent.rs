//! Without the feature `otel` there are no spans: what stands for them is nothing.

use std::time::Duration;

use http::{Request, StatusCode, request::Parts};
#[cfg(feature = "compare")]
use mirror_compare::Verdict;

use super::{Leaving, headers};
use crate::{
    body::CopyBody,
    outcome::{BufferedResponse, MirrorError},
    transport::Sending,
};

/// The trace of a request, of which nothing is known.
#[derive(Clone, Debug)]
pub(crate) struct Origin;

/// The response of the primary, which nobody asks for.
#[derive(Debug)]
pub(crate) struct Primary;

/// The span of a copy, which there is not.
#[derive(Debug, Default)]
pub(crate) struct CopySpan(());

#[expect(
    clippy::unused_self,
    reason = "with the feature there is something to know"
)]
impl Origin {
    pub(crate) const fn none() -> Self {
        Self
    }

    pub(crate) const fn capture(_: &Parts) -> Self {
        Self
    }

    pub(crate) const fn primary(&self) -> Primary {
        Primary
    }

    pub(crate) fn start(&self, leaving: &Leaving<'_>, copy: &mut Request<CopyBody>) -> CopySpan {
        headers::change(leaving, copy);
        CopySpan(())
    }
}

#[expect(
    clippy::unused_self,
    reason = "with the feature there is somebody to tell"
)]
impl Primary {
    pub(crate) const fn is_waited_for(&self) -> bool {
        false
    }

    pub(crate) const fn responded(self, _: Option<StatusCode>) {}
}

#[expect(clippy::unused_self, reason = "with the feature there is a span")]
impl CopySpan {
    pub(crate) fn around(&self, sending: Sending) -> Sending {
        sending
    }

    pub(crate) const fn stays(self) {}

    pub(crate) const fn ended(&mut self, _: &Result<BufferedResponse, MirrorError>, _: bool) {}

    #[cfg(feature = "compare")]
    pub(crate) const fn compared(self, _: Verdict) {}

    pub(crate) const fn settle_within(self, _: Duration) {}
}
