//! Copies that are changed before they leave: their bodies are masked, and functions of the user's
//! change them. Both run on threads of the mirrors' own.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use http::Request;
use tokio::task::JoinHandle;

use super::{MakeCopy, all_ended, flight::Flight};
use crate::{
    body::CopyBody,
    bounds::{Reservation, draining},
    outcome::{ShedReason, SkipReason},
    request::CommonRequest,
    workers::{map_off_path, redact_off_path},
};

type Places = [Option<Arc<Reservation>>; 2];

/// Makes the copies, changes each and lets it leave when it is changed. If the response waits for
/// them, it waits for all.
pub(super) async fn leave(
    mut first: Flight,
    mut others: Vec<Flight>,
    copy: impl MakeCopy,
    sync: bool,
) {
    let copy = match copy(first.header_rules()) {
        Ok(copy) => masked(&first, copy).await,
        Err(reason) => Err(reason),
    };
    let copy = match copy {
        Ok(copy) => copy,
        Err(reason) => {
            for flight in others.iter_mut().chain([&mut first]) {
                flight.stay(reason);
            }
            return;
        }
    };
    let others: Vec<JoinHandle<()>> = others
        .into_iter()
        .filter_map(|mut flight| match copy.other_places() {
            Ok(places) => {
                let request = flight.request(|recipient| copy.request_for(recipient));
                Some(tokio::spawn(run(flight, request, places)))
            }
            Err(reason) => {
                flight.stay(reason.into());
                None
            }
        })
        .collect();
    let places = copy.places();
    let request = first.request(|recipient| copy.last_request_for(recipient));
    run(first, request, places).await;
    if sync {
        all_ended(others).await;
    }
}

async fn masked(flight: &Flight, copy: CommonRequest) -> Result<CommonRequest, SkipReason> {
    let engine = flight.engine();
    let Some(mask) = &engine.mask else {
        return Ok(copy);
    };
    if copy.body().is_empty() {
        return Ok(copy);
    }
    let (mask, key) = (Arc::clone(mask), engine.key.clone());
    let masking = redact_off_path(engine.key(), move || copy.masked(&mask, &key));
    unless_cut(masking, SkipReason::Unmaskable).await?
}

/// Changes one copy and lets it leave. It is in flight while it is changed.
async fn run(mut flight: Flight, request: Result<Request<CopyBody>, SkipReason>, places: Places) {
    let request = match request {
        Ok(request) if flight.maps() => mapped(&flight, request).await,
        request => request,
    };
    if let Err(SkipReason::Shed(ShedReason::Draining)) = request {
        flight.give_up();
    }
    if let Some(run) = flight.run(request, places) {
        run.await;
    }
}

async fn mapped(
    flight: &Flight,
    request: Request<CopyBody>,
) -> Result<Request<CopyBody>, SkipReason> {
    let map = flight.map();
    let mapping = map_off_path(flight.engine().key(), move || map(request));
    unless_cut(mapping, SkipReason::NotMapped).await?
}

/// Waits for what runs on a thread, unless a drain gives that up before.
async fn unless_cut<T>(
    ended: impl Future<Output = Option<T>>,
    without_thread: SkipReason,
) -> Result<T, SkipReason> {
    let (mut ended, mut cut) = (pin!(ended), pin!(draining::cut()));
    poll_fn(|context| {
        if let Poll::Ready(ended) = ended.as_mut().poll(context) {
            return Poll::Ready(ended.ok_or(without_thread));
        }
        let cut = cut.as_mut().poll(context);
        cut.map(|()| Err(ShedReason::Draining.into()))
    })
    .await
}
