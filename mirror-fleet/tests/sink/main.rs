//! Records in NATS: with real servers, in both versions, if they are installed.

mod arriving;
mod cluster;
mod faults;
mod reading;
mod refused;
mod secrets;
mod sharing;
mod streams;
mod support;
