//! Where copies leave a mirror: for their targets, or, in tests, for a capture.

#[cfg(feature = "testing")]
pub(crate) mod captured;
#[cfg(feature = "testing")]
mod copy;
#[cfg(feature = "testing")]
pub(crate) mod hold;

use std::sync::Arc;

use http::Request;

#[cfg(feature = "testing")]
pub use self::copy::CapturedCopy;
#[cfg(feature = "testing")]
use self::hold::Hold;
#[cfg(feature = "compare")]
use crate::comparison::Comparison;
use crate::{
    body::CopyBody,
    mirror::Mirror,
    outcome::SkipReason,
    target::{Recipient, Target},
    transport::{Sending, Trip, handler::Candidates},
};

/// What captures the copies that leave on this runtime, if anything does. It keeps the capture waiting until it is
/// dropped.
///
/// Without the feature `testing` there is nothing to ask, and this is nothing at all.
#[derive(Debug)]
pub(crate) struct Capturing {
    #[cfg(feature = "testing")]
    hold: Option<Hold>,
}

#[cfg(feature = "testing")]
impl Capturing {
    /// What captures on the current runtime.
    pub(crate) fn here() -> Self {
        Self {
            hold: Hold::of_this_runtime(),
        }
    }

    /// Whether each request is sampled, whatever the percentages are.
    pub(crate) fn samples_all(&self) -> bool {
        self.hold.as_ref().is_some_and(Hold::samples_all)
    }

    /// Whether there are copies to this target: to one that is off only where a capture asks for them.
    pub(crate) fn enables(&self, target: &Target) -> bool {
        target.is_enabled() || self.stand_in().is_some()
    }

    /// Who gets the copies to a target: where it is off, somebody that a capture puts in its place.
    pub(crate) fn recipient<'a>(&self, target: &'a Target) -> Option<Recipient<'a>> {
        target.recipient().or_else(|| self.stand_in())
    }

    fn stand_in(&self) -> Option<Recipient<'static>> {
        self.hold.as_ref()?.stand_in()
    }

    /// Sends a copy to its target, or to the capture. What goes to a handler of this program goes there.
    pub(crate) fn send(
        &self,
        mirror: &Mirror,
        index: usize,
        copy: Request<CopyBody>,
        candidates: Option<&Candidates>,
        is_probe: bool,
    ) -> Result<Sending, SkipReason> {
        let target = &mirror.targets()[index];
        match &self.hold {
            Some(hold) if !target.target.is_handler() => {
                if let Some(route) = &target.route {
                    route.check(&copy).map_err(|_| SkipReason::Unsendable)?;
                }
                Ok(hold.capture(mirror.name(), target.target.name(), copy))
            }
            _ => send(mirror, index, copy, candidates, is_probe),
        }
    }

    /// Takes note of a comparison.
    #[cfg(feature = "compare")]
    pub(crate) fn compared(&self, comparison: &Comparison) {
        if let Some(hold) = &self.hold {
            hold.compared(comparison.clone());
        }
    }

    /// Keeps the capture waiting no longer.
    pub(crate) fn ended(self) {
        drop(self.hold);
    }
}

#[cfg(not(feature = "testing"))]
#[expect(
    clippy::unused_self,
    reason = "with the feature `testing` there is something to ask"
)]
impl Capturing {
    pub(crate) const fn here() -> Self {
        Self {}
    }

    pub(crate) const fn samples_all(&self) -> bool {
        false
    }

    pub(crate) fn enables(&self, target: &Target) -> bool {
        target.is_enabled()
    }

    pub(crate) fn recipient<'a>(&self, target: &'a Target) -> Option<Recipient<'a>> {
        target.recipient()
    }

    pub(crate) fn send(
        &self,
        mirror: &Mirror,
        index: usize,
        copy: Request<CopyBody>,
        candidates: Option<&Candidates>,
        is_probe: bool,
    ) -> Result<Sending, SkipReason> {
        send(mirror, index, copy, candidates, is_probe)
    }

    #[cfg(feature = "compare")]
    pub(crate) const fn compared(&self, _: &Comparison) {}

    pub(crate) const fn ended(self) {}
}

/// Sends a copy to its target.
fn send(
    mirror: &Mirror,
    index: usize,
    copy: Request<CopyBody>,
    candidates: Option<&Candidates>,
    is_probe: bool,
) -> Result<Sending, SkipReason> {
    let target = &mirror.targets()[index];
    let route = target.route.as_ref().ok_or(SkipReason::Disabled)?;
    let trip = Trip {
        counters: Arc::clone(&target.counters),
        is_probe,
    };
    let sending = route.send(copy, candidates, trip);
    sending.map_err(|_| SkipReason::Unsendable)
}
