#![doc = include_str!("../README.md")]

mod bucket;
pub mod guide;
mod leases;
mod nats;
mod reader;
mod runs;
mod sink;
mod state;

pub use mirror_dashboard::Change;

pub use self::{
    nats::{Connection, NatsError, NatsOptions},
    reader::{Keeping, NatsReader, ReadRecord, ReaderOptions},
    runs::Runs,
    sink::{Discard, NatsSink, NatsSinkBuilder, subject, subjects},
    state::{
        Compared, Fleet, FleetBuilder, FleetReport, FleetStatus, FleetView, Instance,
        InstancePresence, Known, Snapshot, Sum, add_up,
    },
};
