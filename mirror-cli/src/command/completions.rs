//! `mirror completions`: for shells.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{args::Cli, exit::Exit};

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  source <(mirror completions bash)
  mirror completions zsh > ~/.zfunc/_mirror
  mirror completions fish > ~/.config/fish/completions/mirror.fish")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "mirror", &mut script);
        // A pager that was left early.
        let _ = io::stdout().lock().write_all(&script);
        Exit::Good
    }
}
