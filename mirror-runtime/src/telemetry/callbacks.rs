//! The functions that a mirror was given to be told of what happens.

use std::fmt;

use super::Happened;
#[cfg(feature = "compare")]
use crate::comparison::Comparison;
use crate::{
    outcome::{BufferedResponse, Callback, CallbackOutcome, MirrorError, SkipReason},
    target::Target,
    workers::{Code, caught},
};

type OnSuccess = Box<dyn Fn(&Target, &BufferedResponse) + Send + Sync>;
type OnError = Box<dyn Fn(&Target, &MirrorError) + Send + Sync>;
type OnSkip = Box<dyn Fn(&Target, SkipReason) + Send + Sync>;
#[cfg(feature = "compare")]
type OnMismatch = Box<dyn Fn(&Comparison) + Send + Sync>;

/// The functions that a mirror was given.
#[derive(Default)]
#[expect(
    clippy::struct_field_names,
    reason = "they are called as the options are"
)]
pub(crate) struct Callbacks {
    pub(crate) on_success: Option<OnSuccess>,
    pub(crate) on_error: Option<OnError>,
    pub(crate) on_skip: Option<OnSkip>,
    #[cfg(feature = "compare")]
    pub(crate) on_mismatch: Option<OnMismatch>,
}

impl Callbacks {
    /// Whether there are some.
    pub(super) fn are_there(&self) -> bool {
        #[cfg(feature = "compare")]
        if self.on_mismatch.is_some() {
            return true;
        }
        self.on_success.is_some() || self.on_error.is_some() || self.on_skip.is_some()
    }

    /// Whether one of them is told of something.
    #[inline]
    pub(super) fn want(&self, happened: &Happened) -> bool {
        match happened {
            Happened::NotSent(_) => self.on_skip.is_some(),
            Happened::Ended(Ok(_), _) => self.on_success.is_some(),
            Happened::Ended(Err(_), Some(_)) => self.on_error.is_some(),
            #[cfg(feature = "compare")]
            Happened::Compared(comparison) => self.on_mismatch.is_some() && comparison.differs(),
            _ => false,
        }
    }

    /// The one that is told of something, whether or not there is such a one.
    pub(super) fn told_of(happened: &Happened) -> Option<Callback> {
        match happened {
            Happened::NotSent(_) => Some(Callback::OnSkip),
            Happened::Ended(Ok(_), _) => Some(Callback::OnSuccess),
            Happened::Ended(Err(_), _) => Some(Callback::OnError),
            #[cfg(feature = "compare")]
            Happened::Compared(_) => Some(Callback::OnMismatch),
            _ => None,
        }
    }

    /// Calls whichever is told of it, and says whether it has returned; `None` if there is none.
    pub(super) fn report(
        &self,
        mirror: &str,
        target: &Target,
        happened: &Happened,
    ) -> Option<CallbackOutcome> {
        let option = Self::told_of(happened)?.as_str();
        let code = Code::new(option).of(mirror).with_target(target.name());
        let returned = match happened {
            Happened::NotSent(reason) => {
                let on_skip = self.on_skip.as_ref()?;
                caught(code, || on_skip(target, *reason))
            }
            Happened::Ended(Ok(response), _) => {
                let on_success = self.on_success.as_ref()?;
                caught(code, || on_success(target, response))
            }
            Happened::Ended(Err(error), _) => {
                let on_error = self.on_error.as_ref()?;
                caught(code, || on_error(target, error))
            }
            #[cfg(feature = "compare")]
            Happened::Compared(comparison) => {
                let on_mismatch = self.on_mismatch.as_ref()?;
                caught(code, || on_mismatch(comparison))
            }
            _ => return None,
        };
        Some(match returned {
            Some(()) => CallbackOutcome::Ran,
            None => CallbackOutcome::Panicked,
        })
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("Callbacks");
        all.field("on_success", &self.on_success.is_some())
            .field("on_error", &self.on_error.is_some())
            .field("on_skip", &self.on_skip.is_some());
        #[cfg(feature = "compare")]
        all.field("on_mismatch", &self.on_mismatch.is_some());
        all.finish()
    }
}
