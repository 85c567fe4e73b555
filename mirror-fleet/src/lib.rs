#![doc = include_str!("../README.md")]

pub mod guide;
mod nats;
mod sink;

pub use self::nats::{Connection, NatsError, NatsOptions};
pub use self::sink::{Discard, NatsSink, NatsSinkBuilder, subject, subjects};
