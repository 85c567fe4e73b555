//! What all instances of a program know together, and what is set for all of them.

#[cfg(feature = "dashboard")]
mod dashboard;
mod fleet;
mod order;
mod settings;
mod snapshot;
mod sum;
#[cfg(test)]
mod tests;

pub use self::{
    fleet::{Fleet, FleetBuilder, FleetReport, FleetStatus, FleetView, Instance, InstancePresence},
    snapshot::{Compared, Snapshot},
    sum::{Known, Sum, add_up},
};
