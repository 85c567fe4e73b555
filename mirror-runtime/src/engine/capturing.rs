//! Where copies leave a mirror: for their targets, or, in tests, for a capture.

#[cfg(feature = "testing")]
mod captured;
#[cfg(feature = "testing")]
mod copy;
#[cfg(all(feature = "compare", feature = "testing"))]
mod raise;

use std::sync::Arc;

use http::Request;

#[cfg(feature = "testing")]
pub(crate) use self::captured::Captured;
#[cfg(feature = "testing")]
pub use self::copy::CapturedCopy;
#[cfg(all(feature = "compare", feature = "testing"))]
pub(crate) use self::raise::{panic_with, raises};
#[cfg(all(feature = "compare", feature = "testing"))]
use crate::comparison::Comparison;
use crate::{
    body::CopyBody,
    engine::{Engine, EngineTarget},
    outcome::SkipReason,
    target::{Recipient, Target},
    transport::{Sending, Trip, handler::Candidates},
    workers::Hold,
};

/// The capture of the copies that leave on this runtime, if there is one. It keeps the capture
/// waiting until it is dropped.
///
/// Without the feature `testing` there is nothing to ask, and this is nothing at all.
#[derive(Debug)]
pub(crate) struct Capturing {
    #[cfg_attr(not(feature = "testing"), expect(dead_code, reason = "it is nothing"))]
    hold: Hold,
}

impl Capturing {
    /// The capture of the current runtime.
    pub(crate) fn here() -> Self {
        Self { hold: Hold::here() }
    }
}

#[cfg(feature = "testing")]
impl Capturing {
    fn captured(&self) -> Option<Arc<Captured>> {
        self.hold.watcher()
    }

    /// Whether each request is sampled, whatever the percentages are.
    pub(crate) fn samples_all(&self) -> bool {
        self.captured()
            .is_some_and(|captured| captured.lock().samples_all)
    }

    /// Whether there are copies to this target: to one that is off only if a capture asks for them.
    pub(crate) fn enables(&self, target: &Target) -> bool {
        target.is_enabled() || self.stand_in().is_some()
    }

    /// Who gets the copies to a target: if it is off, somebody that a capture puts in its place.
    pub(crate) fn recipient<'a>(&self, target: &'a Target) -> Option<Recipient<'a>> {
        target.recipient().or_else(|| self.stand_in())
    }

    /// Who gets the copies to a target that is off.
    pub(crate) fn stand_in(&self) -> Option<Recipient<'static>> {
        self.captured()?.stand_in()
    }

    /// Sends a copy to its target, or to the capture. What goes to a handler of this program goes
    /// there.
    pub(crate) fn send(
        &self,
        engine: &Engine,
        index: usize,
        copy: Request<CopyBody>,
        candidates: Option<&Candidates>,
        is_probe: bool,
    ) -> Result<Sending, SkipReason> {
        let target = &engine.targets[index];
        match self.captured() {
            Some(captured) if !target.target().is_handler() => {
                if let Some(route) = &target.route {
                    route.check(&copy).map_err(|_| SkipReason::Unsendable)?;
                }
                Ok(captured.capture(&engine.name, target.target().name(), copy))
            }
            _ => send(target, copy, candidates, is_probe),
        }
    }

    /// Whether copies are captured, and sinks are given nothing.
    pub(crate) fn captures(&self) -> bool {
        self.captured().is_some()
    }

    /// Whether what was sampled may still leave. Mirrors that are off for all but captures sample for
    /// one, and that may be gone by now.
    pub(crate) fn lets_leave(&self, engine: &Engine) -> bool {
        !engine.switch.is_on_for_captures() || self.captures()
    }

    /// Takes note of a comparison.
    #[cfg(feature = "compare")]
    pub(crate) fn compared(&self, comparison: &Comparison) {
        if let Some(captured) = self.captured() {
            captured.change(|state| state.comparisons.push(comparison.clone()));
        }
    }
}

#[cfg(not(feature = "testing"))]
#[expect(
    clippy::unused_self,
    reason = "with the feature `testing` there is something to ask"
)]
impl Capturing {
    pub(crate) const fn samples_all(&self) -> bool {
        false
    }

    pub(crate) const fn captures(&self) -> bool {
        false
    }

    pub(crate) const fn lets_leave(&self, _: &Engine) -> bool {
        true
    }

    pub(crate) const fn stand_in(&self) -> Option<Recipient<'static>> {
        None
    }

    pub(crate) fn enables(&self, target: &Target) -> bool {
        target.is_enabled()
    }

    pub(crate) fn recipient<'a>(&self, target: &'a Target) -> Option<Recipient<'a>> {
        target.recipient()
    }

    pub(crate) fn send(
        &self,
        engine: &Engine,
        index: usize,
        copy: Request<CopyBody>,
        candidates: Option<&Candidates>,
        is_probe: bool,
    ) -> Result<Sending, SkipReason> {
        send(&engine.targets[index], copy, candidates, is_probe)
    }
}

/// Sends a copy to its target.
fn send(
    target: &EngineTarget,
    copy: Request<CopyBody>,
    candidates: Option<&Candidates>,
    is_probe: bool,
) -> Result<Sending, SkipReason> {
    let route = target.route.as_ref().ok_or(SkipReason::Disabled)?;
    let trip = Trip {
        source: Arc::clone(&target.source),
        is_probe,
    };
    let sending = route.send(copy, candidates, trip);
    sending.map_err(|_| SkipReason::Unsendable)
}
