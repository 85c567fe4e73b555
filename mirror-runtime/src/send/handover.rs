//! Handing a request with its response over to sinks.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll};

use http::uri::PathAndQuery;
use tokio::sync::oneshot::Receiver;

use super::{Make, flight::Flight};
use crate::{
    body::CopyBody,
    bounds::{Permit, draining},
    engine::Engine,
    exchange::{Joined, Waiting},
    outcome::{Completion, ShedReason, SkipReason},
    recorded::{About, Exchanged, RecordedExchange, Times, Told},
    request::KeptRequest,
    sampling::Share,
    stats::RouteLabel,
    telemetry::RequestId,
    workers::redact_off_path,
};

/// The sinks that shall have one request with its response, by the places of their targets, and the
/// right of each to wait. Dropped before they have, by the end of a runtime, it was not handed
/// over.
#[derive(Debug)]
struct Sinks {
    engine: Arc<Engine>,
    all: Vec<(usize, Permit)>,
    request_id: Option<RequestId>,
    /// The route of the request, as a label.
    route: RouteLabel,
}

/// The shares of sinks, by the places of their targets, by which a request was sampled for them.
pub(super) type Shares = Vec<(usize, Share)>;

/// A request that waits for its response, to be handed over to sinks.
#[derive(Debug)]
pub(super) struct Handover {
    sinks: Sinks,
    waiting: Waiting,
    shares: Shares,
}

impl Handover {
    pub(super) fn new(
        engine: &Arc<Engine>,
        waiting: Waiting,
        request_id: Option<RequestId>,
        route: RouteLabel,
    ) -> Self {
        let sinks = Sinks {
            engine: Arc::clone(engine),
            all: Vec::new(),
            request_id,
            route,
        };
        Self {
            sinks,
            waiting,
            shares: Shares::new(),
        }
    }

    pub(super) fn with_shares(self, shares: Shares) -> Self {
        Self { shares, ..self }
    }

    /// Adds a sink, unless too many requests wait for its sake.
    pub(super) fn admit(&mut self, index: usize) -> Result<(), SkipReason> {
        let permit = self.sinks.engine.targets[index].gate.wait()?;
        self.sinks.all.push((index, permit));
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sinks.all.is_empty()
    }

    /// [Runs](Self::run) where no copies leave that are made of the same body.
    pub(super) async fn run_alone(self, mut make: impl Make) {
        let body = make.body();
        drop(make);
        self.run(body).await;
    }

    /// Waits for the response, and hands both over.
    pub(super) async fn run(self, body: CopyBody) {
        let Self {
            mut sinks,
            waiting,
            shares,
        } = self;
        let Waiting {
            method,
            request,
            arrived,
            joined,
        } = waiting;
        let Some(joined) = ended_or_cut(joined).await else {
            return sinks.give_up();
        };
        let Joined {
            noted,
            completion,
            times,
            // A test waits as long as it is held.
            capturing: _capturing,
        } = joined;
        let Ok(noted) = noted.transpose() else {
            return sinks.stay(ShedReason::ByteBudget);
        };
        let flights = sinks.admitted();
        if flights.is_empty() {
            return;
        }
        let engine = Arc::clone(&sinks.engine);
        let held = noted.map(|noted| noted.into_held().into_parts());
        let (response, places) = held.unzip();
        let mut exchanged = Exchanged {
            arrived,
            times,
            completion,
            method,
            request,
            body,
            response,
            places: places.unwrap_or_default(),
            searched: None,
        };
        let is_light = exchanged.is_light(&engine.redacted);
        let key = engine.key();
        let redact = move || {
            let (rules, set) = (&engine.redacted, &engine.set_headers);
            let about = about(&engine, &exchanged.request, &shares);
            RecordedExchange::new(&engine.name, exchanged, rules, set, &engine.key, about)
        };
        let exchange = if is_light {
            Some(redact())
        } else {
            redact_off_path(key, redact).await
        };
        // Without it the flights are dropped: there is no thread.
        let Some(exchange) = exchange else {
            return;
        };
        hand_over(flights, Arc::new(exchange)).await;
    }
}

/// What the record of a request says besides.
fn about(engine: &Engine, request: &KeptRequest, shares: &Shares) -> About {
    let shares = shares.iter();
    let mut shares = shares.map(|(index, share)| (engine.targets[*index].target(), *share));
    About::new(Told {
        sticky: engine.options.sticky.as_ref(),
        key: &engine.key,
        headers: &request.headers,
        path: request.target.as_ref().map_or("/", PathAndQuery::path),
        rules: &engine.redacted,
        shares: &mut shares,
    })
}

/// Hands an exchange over to all sinks now, and not to one after another.
async fn hand_over(mut flights: Vec<Flight>, exchange: Arc<RecordedExchange>) {
    let last = flights.pop();
    for flight in flights {
        tokio::spawn(flight.hand_over(Arc::clone(&exchange)));
    }
    if let Some(last) = last {
        last.hand_over(exchange).await;
    }
}

/// Waits for a response to end; `None` if a drain gives that up before.
async fn ended_or_cut(joined: Receiver<Joined>) -> Option<Joined> {
    let (mut joined, mut cut) = (pin!(joined), pin!(draining::cut()));
    poll_fn(|context| {
        if let Poll::Ready(joined) = joined.as_mut().poll(context) {
            // Who has it tells when it is dropped.
            let nothing = || Joined::without_response(Completion::Cancelled, Times::default());
            Poll::Ready(Some(joined.unwrap_or_else(|_| nothing())))
        } else {
            cut.as_mut().poll(context).map(|()| None)
        }
    })
    .await
}

impl Sinks {
    /// Those whose gates let them through.
    fn admitted(&mut self) -> Vec<Flight> {
        let (engine, route) = (&self.engine, self.route);
        let request_id = self.request_id.as_ref();
        let all = std::mem::take(&mut self.all).into_iter();
        let admit =
            |(index, permit)| match Flight::admit_waiting(engine, index, permit, request_id, route)
            {
                Ok(flight) => Some(flight),
                Err(reason) => {
                    engine.not_sent_of(request_id, index, reason.into());
                    None
                }
            };
        all.filter_map(admit).collect()
    }

    /// They get nothing.
    fn stay(&mut self, reason: ShedReason) {
        for (index, permit) in std::mem::take(&mut self.all) {
            let request_id = self.request_id.as_ref();
            self.engine.not_sent_of(request_id, index, reason.into());
            drop(permit);
        }
    }

    /// They get nothing, for the program ends.
    fn give_up(mut self) {
        for (_, permit) in &mut self.all {
            permit.give_up();
        }
        self.stay(ShedReason::Draining);
    }
}

impl Drop for Sinks {
    fn drop(&mut self) {
        self.stay(ShedReason::NoRuntime);
    }
}
