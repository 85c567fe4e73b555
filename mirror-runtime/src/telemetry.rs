//! Events: the one place that counts, logs and notifies.

mod callbacks;
mod event;
mod observer;
mod request_id;
mod skips;
mod source;
mod throttle;

pub(crate) use self::{
    callbacks::Callbacks,
    event::Happened,
    observer::Observers,
    request_id::{RequestId, request_id_of},
    skips::prepare as prepare_skips,
    source::{Audience, Source, all_told},
    throttle::Throttle,
};
pub use self::{
    event::{Event, EventKind},
    observer::{Observer, observe},
    request_id::request_id,
};
