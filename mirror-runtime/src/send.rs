//! Sending copies: who may leave, how long it takes at most, and what is counted.

mod changed;
mod deadline;
mod flight;
mod handover;
mod ready;
mod response;
mod sampled;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::{runtime::Handle, sync::oneshot, task::JoinHandle, time::timeout};

use self::flight::Flight;
#[cfg(feature = "compare")]
pub(crate) use self::response::MAX_READ;
pub(crate) use self::sampled::{Asked, Sampled};
use crate::{
    body::CopyBody,
    engine::Engine,
    exchange::Open,
    outcome::SkipReason,
    request::{CommonRequest, HeaderRules},
    stats::RouteLabel,
    telemetry::RequestId,
    trace::Origin,
    transport::handler::Candidates,
    workers::runtime_with_timers,
};

/// How long the response of a `sync` mirror waits for callbacks when the time of the copies is
/// over.
const CALLBACK_GRACE: Duration = Duration::from_secs(1);

/// What copies are made of. On their task.
pub(crate) trait Make: Send + 'static {
    /// The body, in memory of its own. It is there once.
    fn body(&mut self) -> CopyBody;

    /// What all copies have in common, with the body, or why there are none.
    fn copy(self, body: CopyBody, rules: &HeaderRules) -> Result<CommonRequest, SkipReason>;
}

/// Makes what all copies of a request have in common, or says why there are none. On their task.
pub(crate) trait MakeCopy:
    FnOnce(&HeaderRules) -> Result<CommonRequest, SkipReason> + Send + 'static
{
}

impl<F> MakeCopy for F where
    F: FnOnce(&HeaderRules) -> Result<CommonRequest, SkipReason> + Send + 'static
{
}

/// The copies of one request that its response waits for: none, unless the mirror is `sync`.
#[derive(Debug, Default)]
pub(crate) enum Copies {
    #[default]
    None,
    Left(JoinHandle<()>),
    /// Those that leave when the handler has read the body.
    Later(oneshot::Receiver<Copies>),
}

impl Copies {
    /// Copies that have not left yet, and those to tell of them.
    pub(crate) fn later() -> (oneshot::Sender<Self>, Self) {
        let (sender, later) = oneshot::channel();
        (sender, Self::Later(later))
    }

    /// Waits until each copy was answered, failed or timed out, and its callback has run; at most
    /// until the longest timeout is over and a second more, for a callback that blocks, in this
    /// mirror or in another.
    ///
    /// Copies that have not left by now are not waited for: they may be waiting for the client to
    /// read the response.
    pub(crate) async fn wait(self, longest: Duration) {
        let left = match self {
            Self::Later(mut later) => later.try_recv().unwrap_or_default(),
            copies => copies,
        };
        let left = match left {
            Self::Left(left) => Some(left),
            _ => None,
        };
        if left.is_none() || runtime_with_timers().is_none() {
            // There is nothing to wait for, or no time to wait.
            return;
        }
        let _ = timeout(longest + CALLBACK_GRACE, all_ended(left)).await;
    }
}

/// What copies and those who are told of them know of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    request_id: Option<&'a RequestId>,
    origin: &'a Origin,
    /// The route, as a label.
    route: RouteLabel,
}

/// The copies of one request that are about to leave.
#[derive(Debug, Default)]
pub(crate) struct Departure {
    /// Apart from the others: most mirrors have one target, and a list is an allocation.
    first: Option<Flight>,
    others: Vec<Flight>,
}

impl Departure {
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Adds a copy to a target, unless its gate says why not.
    pub(crate) fn admit(
        &mut self,
        engine: &Arc<Engine>,
        index: usize,
        open: Option<&Open>,
        candidates: Option<&Candidates>,
        about: About<'_>,
    ) -> Result<(), SkipReason> {
        let flight = Flight::admit(engine, index, open, candidates, about)?;
        if self.first.is_none() {
            self.first = Some(flight);
        } else {
            self.others.push(flight);
        }
        Ok(())
    }

    /// Lets the copies leave: on a task, which makes them too, so that the primary need not wait
    /// for that.
    pub(crate) fn leave(self, runtime: &Handle, copy: impl MakeCopy, copies: &mut Copies) {
        let Some(first) = self.first else { return };
        let (others, sync) = (self.others, first.is_sync());
        // The task is small while the primary waits for it to be made: it holds what makes the
        // copies, and then a box.
        let left = runtime.spawn(async move {
            if first.engine().changes_copies() {
                return Box::pin(changed::leave(first, others, copy, sync)).await;
            }
            let (first, others) = take_off(first, others, copy);
            if let Some(first) = first {
                first.await;
            }
            if sync {
                all_ended(others).await;
            }
        });
        if sync {
            *copies = Copies::Left(left);
        }
    }
}

/// Makes the copies and lets all of them leave now, and not one after another: the first with the
/// future that is returned, each other on a task of its own.
fn take_off(
    mut first: Flight,
    others: Vec<Flight>,
    copy: impl MakeCopy,
) -> (
    Option<Pin<Box<impl Future<Output = ()>>>>,
    Vec<JoinHandle<()>>,
) {
    let copy = match copy(first.header_rules()) {
        Ok(copy) => copy,
        Err(reason) => {
            first.stay(reason);
            for mut other in others {
                other.stay(reason);
            }
            return (None, Vec::new());
        }
    };
    let others = others.into_iter().filter_map(|mut flight| {
        let places = match copy.other_places() {
            Ok(places) => places,
            Err(reason) => {
                flight.stay(reason.into());
                return None;
            }
        };
        let request = flight.request(|recipient| copy.request_for(recipient));
        flight.run(request, places).map(tokio::spawn)
    });
    let others = others.collect();
    let places = copy.places();
    let request = first.request(|recipient| copy.last_request_for(recipient));
    (first.run(request, places).map(Box::pin), others)
}

/// Waits for copies to end.
async fn all_ended(copies: impl IntoIterator<Item = JoinHandle<()>>) {
    for copy in copies {
        // One that panicked or was cancelled has been counted; there is nothing to wait for.
        let _ = copy.await;
    }
}
