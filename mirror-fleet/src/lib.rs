#![doc = include_str!("../README.md")]

mod nats;
mod state;

pub use self::{
    nats::{Connection, NatsError, NatsOptions},
    state::{
        Compared, Fleet, FleetBuilder, FleetChange, FleetReport, FleetStatus, FleetView, Instance,
        InstancePresence, Known, Snapshot, Sum, add_up,
    },
};
