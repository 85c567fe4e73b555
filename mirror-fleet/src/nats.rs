//! Connections to NATS: what the sink and the state of the fleet share.

mod connection;
mod credentials;
mod error;
mod options;
mod tls;
mod trouble;

pub(crate) use self::connection::Presence;
pub use self::{connection::Connection, error::NatsError, options::NatsOptions};
