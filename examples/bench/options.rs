//! What the command line asks for.

use std::time::Duration;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    /// Only what there is a goal for.
    Goals,
    /// Only bodies of 1 KiB, briefly.
    Quick,
    /// Only the goals of this number, of those that are measured in turns.
    Row(u8),
}

/// The goals that are measured in turns.
const IN_TURNS: [u8; 4] = [5, 6, 7, 12];

/// The turns of a round.
const TURNS: usize = 12;
const TURNS_QUICK: usize = 2;

/// The options of a run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The length of one measurement.
    pub(crate) time: Duration,
    pub(crate) extent: Extent,
    /// The turns of a round, for scenarios that take turns.
    pub(crate) turns: usize,
    pub(crate) json: Option<String>,
    pub(crate) svg: Option<String>,
}

impl Options {
    pub(crate) const USAGE: &str = "usage: bench [--quick | --goals | --row 5|6|7|12] [--seconds N] [--turns N] [--json FILE] [--svg FILE]";

    pub(crate) fn parse(mut arguments: &[&str]) -> Option<Self> {
        let (mut seconds, mut turns, mut extent) = (None, None, Extent::Whole);
        let (mut json, mut svg) = (None, None);
        loop {
            arguments = match arguments {
                [] => break,
                ["--quick", rest @ ..] => {
                    extent = Extent::Quick;
                    rest
                }
                ["--goals", rest @ ..] => {
                    extent = Extent::Goals;
                    rest
                }
                ["--row", text, rest @ ..] => {
                    let row = text.parse().ok();
                    extent = Extent::Row(row.filter(|row| IN_TURNS.contains(row))?);
                    rest
                }
                ["--turns", text, rest @ ..] => {
                    turns = Some(text.parse().ok()?);
                    rest
                }
                ["--seconds", text, rest @ ..] => {
                    seconds = Some(text.parse().ok()?);
                    rest
                }
                ["--json", file, rest @ ..] => {
                    json = Some((*file).to_owned());
                    rest
                }
                ["--svg", file, rest @ ..] => {
                    svg = Some((*file).to_owned());
                    rest
                }
                _ => return None,
            };
        }
        let quick = extent == Extent::Quick;
        let seconds: f64 = seconds.unwrap_or(if quick { 0.25 } else { 1.0 });
        let turns = turns.unwrap_or(if quick { TURNS_QUICK } else { TURNS });
        // Longer than a minute each, the whole would take a day.
        let ends = (0.05..=60.0).contains(&seconds) && (1..=1000).contains(&turns);
        ends.then(|| Self {
            time: Duration::from_secs_f64(seconds),
            extent,
            turns,
            json,
            svg,
        })
    }
}
