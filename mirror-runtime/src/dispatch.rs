//! Sending copies: who may leave, how long it takes at most, and what is counted.

mod answer;
mod flight;
mod in_flight;

use tokio::{runtime::Handle, task::JoinHandle, time::Instant};

use self::flight::Flight;
pub use self::in_flight::{Drained, drain};
use crate::{
    callbacks::caught,
    copy::Copy,
    mirror::{Mirror, MirrorTarget},
    outcome::{NotSent, ShedReason, SkipReason},
    transport::Sending,
};

/// The copies of one request that its answer waits for: none, unless the mirror is `sync`.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    waited_for: Vec<JoinHandle<()>>,
}

impl Copies {
    pub(crate) fn extend(&mut self, copy: Option<JoinHandle<()>>) {
        self.waited_for.extend(copy);
    }

    /// Waits until each copy was answered, failed or timed out, and its callback has run.
    pub(crate) async fn wait(self) {
        for copy in self.waited_for {
            // A copy that panicked or was cancelled has been counted; there is nothing to wait for.
            let _ = copy.await;
        }
    }
}

/// Sends a copy to a target, or says why not.
pub(crate) fn dispatch(
    mirror: &Mirror,
    index: usize,
    copy: &Copy,
) -> Result<Option<JoinHandle<()>>, NotSent> {
    let target = &mirror.targets()[index];
    let (sending, permit, runtime) = prepare(mirror, target, copy)?;
    let left = Instant::now();
    let flight = Flight::start(mirror.clone(), index, permit);
    let copy = runtime.spawn(flight.run(sending, left, left + target.timeout));
    Ok(mirror.is_sync().then_some(copy))
}

fn prepare(
    mirror: &Mirror,
    target: &MirrorTarget,
    copy: &Copy,
) -> Result<(Sending, in_flight::Permit, Handle), NotSent> {
    let destination = target.target.destination().ok_or(SkipReason::Disabled)?;
    let request = copy
        .request_for(destination)
        .map_err(|_| SkipReason::Unsendable)?;
    let sending = caught("transport", || mirror.transport().send(request));
    let sending = sending.and_then(Result::ok).ok_or(SkipReason::Unsendable)?;
    let runtime = Handle::try_current().map_err(|_| ShedReason::NoRuntime)?;
    let permit = in_flight::acquire()?;
    Ok((sending, permit, runtime))
}
