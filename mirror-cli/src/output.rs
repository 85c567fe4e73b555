//! What is printed.

use std::{
    fmt,
    io::{self, Write as _},
};

use anstyle::{AnsiColor, Style};
use clap::ColorChoice;
use mirror_dashboard::snapshot::Verdict;

use crate::text;

/// Says whether there are colours at all: `auto` leaves them out if nobody sees them, and where
/// `NO_COLOR` is set.
pub(crate) fn colours(choice: ColorChoice) {
    let choice = match choice {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
}

/// Whether the colours of a screen are left out.
pub(crate) fn is_plain() -> bool {
    anstream::AutoStream::choice(&io::stdout()) == anstream::ColorChoice::Never
}

/// Prints a line to the standard output, and whether somebody still reads it.
///
/// The status of the process says more than the line, so a reader who has gone is no error. A full
/// disk is told.
pub(crate) fn line(line: impl fmt::Display) -> bool {
    let mut stdout = anstream::stdout().lock();
    let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    match written {
        Ok(()) => true,
        Err(error) => {
            if error.kind() != io::ErrorKind::BrokenPipe {
                self::error(&format!("the output cannot be written: {error}"));
            }
            false
        }
    }
}

/// Prints one value as a line of JSON.
pub(crate) fn json(value: &serde_json::Value) -> bool {
    line(text::json(&value.to_string()))
}

/// Tells somebody who waits, and who need not see it.
pub(crate) fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

pub(crate) fn warning(text: &str) {
    told(AnsiColor::Yellow, "warning", text);
}

pub(crate) fn error(text: &str) {
    told(AnsiColor::Red, "error", text);
}

fn told(colour: AnsiColor, kind: &str, text: &str) {
    let style = Style::new().bold().fg_color(Some(colour.into()));
    let _ = writeln!(anstream::stderr().lock(), "{style}{kind}:{style:#} {text}");
}

/// How a verdict is coloured. The word says the same.
pub(crate) fn style_of(verdict: Option<Verdict>) -> Style {
    let colour = match verdict {
        Some(Verdict::Promote) => AnsiColor::Green,
        Some(Verdict::Regressed) => AnsiColor::Red,
        Some(Verdict::Hold) => AnsiColor::Yellow,
        _ => return Style::new(),
    };
    Style::new().bold().fg_color(Some(colour.into()))
}
