//! The program `mirror`, as it is built, against servers over real sockets.

mod change;
mod check;
mod dashboard;
mod fleet;
mod hostile;
mod https;
#[cfg(unix)]
mod pty;
mod shell;
mod support;
mod token;
mod watch;

#[path = "../../src/sample.rs"]
mod sample;
