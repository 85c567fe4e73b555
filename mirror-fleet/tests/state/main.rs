//! Several processes of one service, and a real server of NATS.

mod control;
mod instance;
mod report;

use instance::{Fleet, Instance};
