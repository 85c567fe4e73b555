//! The subcommands, each with its options.

pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod completions;
#[cfg(feature = "replay")]
pub(crate) mod convert;
#[cfg(feature = "replay")]
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod watch;

mod said;
