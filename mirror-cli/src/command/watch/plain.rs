//! Lines, for pipes and logs.

use std::time::SystemTime;

use super::{
    super::said,
    feed::{Feed, Heard, Source},
    row::{self, Row, rows},
};
use crate::{
    client::{Failure, Kind},
    exit::{Exit, Stop},
    output,
};

const HEADER: [&str; 10] = [
    "TIME", "MIRROR", "TARGET", "VERDICT", "SHARE", "RATE", "SENT", "FAILED", "DIFFER", "STATE",
];

/// The last column, which may be of any width.
const LAST: &str = "REASON";

/// A line of a target without its time.
type Cells = [String; HEADER.len()];

/// All targets, and then it ends.
pub(super) fn once(source: &Source) -> Result<Exit, Stop> {
    let heard = source
        .ask()
        .map_err(|failure| Stop::new(Exit::Unreachable, failure.text))?;
    let mut lines = Lines::default();
    lines.print(&heard);
    // What was known is better than nothing, and not what was asked for.
    Ok(match heard.old {
        Some(old) => {
            output::warning(&old);
            Exit::Unreachable
        }
        None => Exit::Good,
    })
}

/// All targets, and then those that have changed, until nobody reads it.
pub(super) fn watch(feed: &Feed) -> Result<Exit, Stop> {
    let mut lines = Lines::default();
    let mut told: Option<Failure> = None;
    let mut old = None;
    let mut has_heard = false;
    for heard in &feed.heard {
        match heard {
            Ok(heard) => {
                if told.take().is_some() {
                    output::note(&format!("{} it responds", now()));
                }
                if heard.old != old {
                    old.clone_from(&heard.old);
                    let up = "the numbers of all instances are up to date";
                    output::note(&format!("{} {}", now(), old.as_deref().unwrap_or(up)));
                }
                has_heard = true;
                if !lines.print(&heard) {
                    return Ok(Exit::Good);
                }
            }
            Err(failure) if !has_heard && is_wrong(&failure) => {
                return Err(Stop::new(Exit::Unreachable, failure.text));
            }
            Err(failure) => {
                if told.as_ref() != Some(&failure) {
                    output::note(&format!("{} {}; trying again", now(), failure.text));
                    told = Some(failure);
                }
            }
        }
    }
    Err(Stop::new(
        Exit::Unreachable,
        "the thread that asks has ended",
    ))
}

/// Whether a failure says that the address is wrong, and not that the server is away.
pub(super) fn is_wrong(failure: &Failure) -> bool {
    failure.kind != Kind::Unreachable
}

#[derive(Default)]
struct Lines {
    before: Vec<(Cells, String)>,
    process: Option<String>,
    widths: [usize; HEADER.len()],
    has_header: bool,
}

impl Lines {
    /// Prints what has changed, and whether somebody still reads it.
    fn print(&mut self, heard: &Heard) -> bool {
        let snapshot = &heard.snapshot;
        let time = said::time(snapshot.taken_unix_ms / 1_000);
        if let Some(before) = self.process.replace(snapshot.process.clone())
            && before != snapshot.process
            // Any of the instances may respond.
            && !heard.of_fleet
        {
            output::note(&format!(
                "{time} the program has begun anew, and so have its counts"
            ));
        }
        let now: Vec<_> = rows(heard).iter().map(|row| cells(&time, row)).collect();
        for (width, name) in self.widths.iter_mut().zip(HEADER) {
            *width = (*width).max(name.len());
        }
        for (cells, _) in &now {
            for (width, cell) in self.widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        if !self.has_header {
            self.has_header = true;
            if now.is_empty() {
                output::note("the program has no mirrors");
            } else if !self.line(&HEADER.map(ToOwned::to_owned), LAST) {
                return false;
            }
        }
        for (number, (cells, reason)) in now.iter().enumerate() {
            // Targets keep their places, but for mirrors that are new.
            let before = self
                .before
                .get(number)
                .filter(|(before, _)| before[1..3] == cells[1..3]);
            let before = before.or_else(|| {
                let mut all = self.before.iter();
                all.find(|(before, _)| before[1..3] == cells[1..3])
            });
            let is_same = before
                .is_some_and(|(before, because)| before[1..] == cells[1..] && because == reason);
            if !is_same && !self.line(cells, reason) {
                return false;
            }
        }
        self.before = now;
        true
    }

    fn line(&self, cells: &Cells, last: &str) -> bool {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(self.widths) {
            line += cell;
            let missing = width.saturating_sub(cell.chars().count());
            line.extend(std::iter::repeat_n(' ', missing + 2));
        }
        output::line(line + last)
    }
}

fn cells(time: &str, row: &Row) -> (Cells, String) {
    let cells = [
        time.to_owned(),
        word(&row.mirror),
        word(&row.target),
        row.verdict().to_owned(),
        said::percentage(row.share),
        format!("{}/s", row::rate(row.rate)),
        row.sent.to_string(),
        row.failed.to_string(),
        row.differ.to_string(),
        row.state.as_str().to_owned(),
    ];
    let Some(fleet) = &row.fleet else {
        return (cells, row.reason.clone());
    };
    let running = format!("{} instances running", fleet.running);
    let told = [row.reason.clone(), running].into_iter();
    let told: Vec<_> = told.chain(fleet.set.iter().cloned()).collect();
    (cells, told.join("; "))
}

/// A name as one word, so that columns can be cut.
fn word(name: &str) -> String {
    let word = name.replace(' ', "_");
    if word.is_empty() {
        return "-".to_owned();
    }
    word
}

fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
