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
}

/// The options of a run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The length of one measurement.
    pub(crate) time: Duration,
    pub(crate) extent: Extent,
    pub(crate) json: Option<String>,
    pub(crate) svg: Option<String>,
}

impl Options {
    pub(crate) const USAGE: &str =
        "usage: bench [--quick | --goals] [--seconds N] [--json FILE] [--svg FILE]";

    pub(crate) fn parse(mut arguments: &[&str]) -> Option<Self> {
        let (mut seconds, mut extent) = (None, Extent::Whole);
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
        // Longer than a minute each, the whole would take a day.
        let time = (0.05..=60.0).contains(&seconds);
        time.then(|| Self {
            time: Duration::from_secs_f64(seconds),
            extent,
            json,
            svg,
        })
    }
}
