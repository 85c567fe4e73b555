//! The program `mirror`, as it is built, against servers over real sockets.

mod change;
mod check;
mod dashboard;
mod fleet;
mod hostile;
mod https;
#[cfg(unix)]
mod pty;
#[cfg(feature = "replay")]
mod replay;
#[cfg(all(feature = "nats", unix))]
mod replay_order;
#[cfg(feature = "nats")]
mod replay_stream;
#[cfg(all(feature = "replay", unix))]
mod replay_terminal;
mod shell;
mod support;
mod token;
mod watch;

#[path = "../../src/sample.rs"]
mod sample;
