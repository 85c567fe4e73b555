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

use std::time::Duration;

use tokio::{
    runtime::Handle,
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout},
};

pub use self::drain::{Drained, drain};
use self::flight::Flight;
pub(crate) use self::{gate::Gate, gauge::Gauge};
use crate::{
    copy::Copy,
    mirror::{Mirror, MirrorTarget},
    outcome::{ShedReason, SkipReason},
    transport::Sending,
};

/// How long the answer of a `sync` mirror waits for callbacks when the time of the copies is over.
const CALLBACK_GRACE: Duration = Duration::from_secs(1);

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

    /// Waits until each copy was answered, failed or timed out, and its callback has run; at most until the longest
    /// timeout is over and a second more, for a callback that blocks, in this mirror or in another.
    ///
    /// Copies that have not left by now are not waited for: they may be waiting for the client to read the answer.
    pub(crate) async fn wait(mut self, longest: Duration) {
        if let Some(left) = self.later.as_mut().and_then(|later| later.try_recv().ok()) {
            self.waited_for.extend(left.waited_for);
        }
        let ended = async {
            for copy in self.waited_for {
                // A copy that panicked or was cancelled has been counted; there is nothing to wait for.
                let _ = copy.await;
            }
        };
        let _ = timeout(longest + CALLBACK_GRACE, ended).await;
    }
}

/// Sends a copy to a target, or says why not.
pub(crate) fn dispatch(
    mirror: &Mirror,
    index: usize,
    copy: &Copy,
) -> Result<Option<JoinHandle<()>>, SkipReason> {
    let target = &mirror.targets()[index];
    let admission = target.gate.admit()?;
    let (sending, runtime) = match prepare(target, copy) {
        Ok(prepared) => prepared,
        Err(reason) => {
            target.gate.not_needed(&admission);
            return Err(reason);
        }
    };
    let flight = Flight::start(mirror.clone(), index, copy, admission);
    let copy = runtime.spawn(flight.run(sending, Instant::now()));
    Ok(mirror.is_sync().then_some(copy))
}

fn prepare(target: &MirrorTarget, copy: &Copy) -> Result<(Sending, Handle), SkipReason> {
    let (destination, route) = target.destination().ok_or(SkipReason::Disabled)?;
    let request = copy
        .request_for(destination)
        .map_err(|_| SkipReason::Unsendable)?;
    let sending = route.send(request).map_err(|_| SkipReason::Unsendable)?;
    let runtime = Handle::try_current().map_err(|_| ShedReason::NoRuntime)?;
    Ok((sending, runtime))
}
