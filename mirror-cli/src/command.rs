//! The subcommands, each with its options.

pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod report;
pub(crate) mod watch;

mod said;
