//! cargo run --release --example bench -- --quick
//!
//! Mirroring beside its peers, over loopback, each in a process of its own: a primary that is
//! plain, mirrored, mirrored by hand (with reqwest, with hyper-util), and nginx and Envoy in front
//! of a plain one where they are installed; against shadows that are fast, slow, silent and dead.
//! What is measured takes turns, in three rounds; a figure is the median of the rounds. Figures
//! that have a goal come from shorter turns, in which all processes of a comparison run at once. It
//! ends by itself: after some twenty minutes, ten with `--goals`, which measures only those
//! figures, or three with `--quick`. `--row N` measures only the goals of one number, of those that
//! are measured in turns: 5, 6, 7 and 12.
//!
//! `--seconds N` is the length of one measurement (1; 0.25 with `--quick`), `--turns N` the number
//! of turns in each round (12; 2 with `--quick`), `--json FILE` writes every figure, and `--svg
//! FILE` draws a chart. Linux only: it reads `/proc`.

mod chart;
mod child;
mod figures;
mod goals;
mod json;
mod load;
mod options;
mod peer;
mod plan;
mod role;
mod run;
mod scenario;
mod table;
mod turns;

use std::process::ExitCode;

use figures::Figures;
use options::Options;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The first thing that went wrong ends the whole.
type Result<T = (), E = Error> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [role::PRIMARY, rest @ ..] => role::primary(rest),
        [role::SHADOW, rest @ ..] => role::shadow(rest),
        rest => match Options::parse(rest) {
            Some(options) => bench(&options),
            None => Err(Options::USAGE.into()),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the whole plan and tells what came out.
fn bench(options: &Options) -> Result {
    // One thread: the machine belongs to the processes that are measured.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let figures = runtime.block_on(Figures::take(options))?;
    table::print(&figures);
    goals::print(&figures);
    if let Some(file) = &options.json {
        std::fs::write(file, json::text(&figures)?)?;
    }
    if let Some(file) = &options.svg {
        std::fs::write(file, chart::svg(&figures))?;
    }
    Ok(())
}
