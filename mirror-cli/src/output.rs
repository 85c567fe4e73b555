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

/// A duration as people say it: `2m 3s`, `40ms`.
#[cfg(feature = "replay")]
pub(crate) fn about(duration: std::time::Duration) -> String {
    use std::time::Duration;

    let rounded = if duration >= Duration::from_secs(10) {
        Duration::from_secs(duration.as_secs())
    } else {
        Duration::from_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    };
    humantime::format_duration(rounded).to_string()
}

/// A file for nobody else on the machine, because what is in it comes from production. One that was
/// there is replaced.
#[cfg(feature = "replay")]
pub(crate) fn private_file(path: &std::path::Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

        let file = options.mode(0o600).open(path)?;
        // One that was there keeps its mode. A device or a pipe is somebody else's.
        if file.metadata()?.is_file() {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

/// So many a second.
#[cfg(feature = "replay")]
pub(crate) fn rate(count: u64, time: std::time::Duration) -> u64 {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1_000) / millis
}
