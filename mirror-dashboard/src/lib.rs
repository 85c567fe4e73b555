#![cfg_attr(feature = "page", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "page"),
    doc = "The types of `snapshot.json` and of the control router."
)]

#[cfg(feature = "page")]
mod actor;
mod change;
pub mod snapshot;

#[cfg(feature = "page")]
mod control;
#[cfg(feature = "page")]
mod distribution;
#[cfg(feature = "page")]
mod feed;
#[cfg(feature = "page")]
mod fleet;
#[cfg(feature = "page")]
pub mod guide;
#[cfg(feature = "page")]
mod page;
#[cfg(feature = "page")]
mod past;
#[cfg(feature = "page")]
mod program;
#[cfg(feature = "page")]
mod take;

pub use self::change::{Change, Changed, Refused};
#[cfg(feature = "page")]
pub use self::{
    actor::Actor,
    control::{control_router, control_router_for, control_router_of_fleet},
    fleet::{Fleet, FleetInstance, FleetMirror, FleetTarget, InstanceState},
    page::{Dashboard, dashboard},
};
