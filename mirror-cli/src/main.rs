//! The program `mirror`: verdicts of mirrors for machines, mirrors on a terminal, and their switch.
//!
//! It reads `snapshot.json` and calls the control router of `mirror-dashboard`. Each subcommand is a
//! file of `command`.

mod args;
mod client;
mod command;
mod exit;
mod fleet;
mod output;
#[cfg(test)]
mod sample;
mod text;

use std::process::ExitCode;

use clap::Parser;

use self::{args::Cli, exit::Exit};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to be told that it cannot be told.
            let _ = error.print();
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Good
            };
            return exit.into();
        }
    };
    output::colours(cli.color);
    match cli.command.run() {
        Ok(exit) => exit.into(),
        Err(stop) => {
            output::error(&stop.text);
            stop.exit.into()
        }
    }
}
