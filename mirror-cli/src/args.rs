//! The command line.

use std::time::Duration;

use clap::{ColorChoice, Parser, Subcommand};

#[cfg(feature = "replay")]
use crate::command::{convert, replay};
use crate::{
    command::{change, check, completions, report, watch},
    exit::{Exit, Stop},
};

/// See and steer the mirrors of a service.
#[derive(Debug, Parser)]
#[command(
    name = "mirror",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "\
Examples:
  mirror check http://localhost:8080/admin/mirror --mirror orders --target rewrite --wait 10m
  mirror watch http://localhost:8080/admin/mirror
  mirror off http://localhost:8080/admin/mirror-control --mirror orders --for 1h

A wrong command line exits with 64, because 2 means `hold`."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// When to use colours; `auto` leaves them out in pipes and where `NO_COLOR` is set
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        display_order = 900
    )]
    pub(crate) color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(check::Args),
    Report(report::Args),
    Watch(watch::Args),
    Set(change::SetArgs),
    Off(change::OffArgs),
    On(change::OnArgs),
    Reset(change::ResetArgs),
    RestartReport(change::RestartReportArgs),
    #[cfg(feature = "replay")]
    Replay(Box<replay::Args>),
    #[cfg(feature = "replay")]
    Import(convert::ImportArgs),
    #[cfg(feature = "replay")]
    Export(convert::ExportArgs),
    Completions(completions::Args),
}

impl Command {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        match self {
            Self::Check(args) => args.run(),
            Self::Report(args) => args.run(),
            Self::Watch(args) => args.run(),
            Self::Set(args) => args.run(),
            Self::Off(args) => args.run(),
            Self::On(args) => args.run(),
            Self::Reset(args) => args.run(),
            Self::RestartReport(args) => args.run(),
            #[cfg(feature = "replay")]
            Self::Replay(args) => args.run(),
            #[cfg(feature = "replay")]
            Self::Import(args) => args.run(),
            #[cfg(feature = "replay")]
            Self::Export(args) => args.run(),
            Self::Completions(args) => Ok(args.run()),
        }
    }
}

/// The heading of [`Access`] in help texts.
const CALLING: &str = "Calling the server";

/// How a server is called: options of all commands that call one.
#[derive(Debug, clap::Args)]
pub(crate) struct Access {
    /// Environment variable with the token that is sent as `Authorization: Bearer ..`
    /// [default: `MIRROR_TOKEN`, if it is set]
    #[arg(long, value_name = "NAME", conflicts_with = "token_file", help_heading = CALLING)]
    pub(crate) token_env: Option<String>,
    /// File with the token
    #[arg(long, value_name = "PATH", help_heading = CALLING)]
    pub(crate) token_file: Option<std::path::PathBuf>,
    /// How long to wait for one response
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, help_heading = CALLING)]
    pub(crate) timeout: Duration,
}

/// The longest time that can be asked for. Beyond it, clocks overflow.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// Reads a duration: `10m`, `1h 30m`, `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write a number with its unit, like `30s` or `10m`"))?;
    if duration.is_zero() {
        return Err("it must be longer than zero".to_owned());
    }
    if duration > LONGEST {
        return Err("it must be at most 366 days".to_owned());
    }
    Ok(duration)
}

/// Reads how often a server is asked: not so often that it is a burden.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if (Duration::from_millis(100)..=Duration::from_hours(1)).contains(&interval) {
        return Ok(interval);
    }
    Err("it must be between 100ms and 1h".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The words of a line of a shell, without what comes after the command.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quote = None;
        for character in line.chars() {
            match (quote, character) {
                (None, '\'' | '"') => quote = Some(character),
                (Some(open), close) if open == close => quote = None,
                (None, '|' | '>' | '&' | ';') => break,
                (None, ' ') => words.push(String::new()),
                (_, other) => words.last_mut().unwrap().push(other),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn each_command_that_is_written_somewhere_is_understood() {
        let mut texts = vec![
            include_str!("../docs/cli.md").to_owned(),
            include_str!("../README.md").to_owned(),
        ];
        let command = Cli::command();
        let after = |command: &clap::Command| command.get_after_help().map(ToString::to_string);
        texts.extend(after(&command));
        texts.extend(command.get_subcommands().filter_map(after));
        let mut count = 0;
        for line in texts.iter().flat_map(|text| text.lines()) {
            let line = line.trim().trim_start_matches("- run: ");
            let words = words(line);
            if words.first().is_none_or(|word| word != "mirror") {
                continue;
            }
            count += 1;
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{line}\n{error}");
            }
        }
        assert!(count > 20, "{count}");
    }

    #[test]
    fn durations_have_units_and_ends() {
        assert_eq!(duration("1h 30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("7d"), Ok(Duration::from_hours(168)));
        for text in [
            "",
            "10",
            "0s",
            "-1s",
            "1 fortnight",
            "367d",
            "99999999999999999999s",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
