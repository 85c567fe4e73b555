#![doc = include_str!("../README.md")]

mod nats;

pub use self::nats::{Connection, NatsError, NatsOptions};
