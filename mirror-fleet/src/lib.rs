#![doc = include_str!("../README.md")]

mod nats;
mod sink;

pub use self::nats::{Connection, NatsError, NatsOptions};
pub use self::sink::{Discard, NatsSink, NatsSinkBuilder, subject, subjects};
