//! What the program ends with.

use std::{fmt, process::ExitCode};

use crate::text;

/// The status of the process, as scripts see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// `promote`; or it is done.
    Good,
    /// `regressed`; or the control router has refused.
    Bad,
    /// `hold`, or it is not known yet.
    Undecided,
    /// Nothing was heard that could be read.
    Unreachable,
    /// The command line is wrong. Not 2, which most programs take for it: that is `hold`. It is
    /// `EX_USAGE` of BSD's sysexits.
    Usage,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Bad => 1,
            Self::Undecided => 2,
            Self::Unreachable => 3,
            Self::Usage => 64,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command ends early.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) exit: Exit,
    /// Fit for a terminal.
    pub(crate) text: String,
}

impl Stop {
    pub(crate) fn new(exit: Exit, text: impl fmt::Display) -> Self {
        Self {
            exit,
            text: text::message(&text.to_string()),
        }
    }

    pub(crate) fn usage(text: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, text)
    }
}
