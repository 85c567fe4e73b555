//! Sending copies: who may leave, how long it takes at most, and what is counted.

mod answer;
mod breaker;
mod clock;
mod drain;
mod failures;
mod flight;
mod gate;
mod gauge;
mod permit;
mod rate;

use tokio::{runtime::Handle, sync::oneshot, task::JoinHandle, time::Instant};

pub use self::drain::{Drained, drain};
use self::flight::Flight;
pub(crate) use self::{gate::Gate, gauge::Gauge};
use crate::{
    callbacks::caught,
    copy::Copy,
    mirror::{Mirror, MirrorTarget},
    outcome::{ShedReason, SkipReason},
    transport::{ConnectTimeout, Sending},
};

/// The copies of one request that its answer waits for: none, unless the mirror is `sync`.
#[derive(Debug, Default)]
pub(crate) struct Copies {
    waited_for: Vec<JoinHandle<()>>,
    /// Copies that leave when the handler has read the body.
    later: Option<oneshot::Receiver<Copies>>,
}

impl Copies {
    pub(crate) fn extend(&mut self, copy: Option<JoinHandle<()>>) {
        self.waited_for.extend(copy);
    }

    /// Copies that have not left yet, and those to tell of them.
    pub(crate) fn later() -> (oneshot::Sender<Self>, Self) {
        let (sender, later) = oneshot::channel();
        (
            sender,
            Self {
                later: Some(later),
                ..Self::default()
            },
        )
    }

    /// Waits until each copy was answered, failed or timed out, and its callback has run.
    ///
    /// Copies that have not left by now are not waited for: they may be waiting for the client to read the answer.
    pub(crate) async fn wait(mut self) {
        if let Some(left) = self.later.as_mut().and_then(|later| later.try_recv().ok()) {
            self.waited_for.extend(left.waited_for);
        }
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
) -> Result<Option<JoinHandle<()>>, SkipReason> {
    let target = &mirror.targets()[index];
    let (sending, runtime) = prepare(mirror, target, copy)?;
    let admission = target.gate.admit()?;
    let flight = Flight::start(mirror.clone(), index, copy, admission);
    let copy = runtime.spawn(flight.run(sending, Instant::now()));
    Ok(mirror.is_sync().then_some(copy))
}

fn prepare(
    mirror: &Mirror,
    target: &MirrorTarget,
    copy: &Copy,
) -> Result<(Sending, Handle), SkipReason> {
    let destination = target.target.destination().ok_or(SkipReason::Disabled)?;
    let mut request = copy
        .request_for(destination)
        .map_err(|_| SkipReason::Unsendable)?;
    request
        .extensions_mut()
        .insert(ConnectTimeout(target.connect_timeout));
    let sending = caught("transport", || mirror.transport().send(request));
    let sending = sending.and_then(Result::ok).ok_or(SkipReason::Unsendable)?;
    let runtime = Handle::try_current().map_err(|_| ShedReason::NoRuntime)?;
    Ok((sending, runtime))
}
