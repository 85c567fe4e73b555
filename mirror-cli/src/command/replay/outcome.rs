//! The result of a replay, in the words of `mirror check`.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use mirror_replay::{Counts, Ended, Joint, Judge, Report, ReportVerdict, TargetReport};
use serde_json::{Value, json};

use crate::{exit::Exit, output, text};

/// What a replay has found.
pub(super) struct Outcome {
    exit: Exit,
    word: &'static str,
    mirror: String,
    reason: String,
    counts: Counts,
    joint: Option<Joint>,
    /// Requests that this run has sent, and that have ended.
    replayed: u64,
    elapsed: Duration,
    behind: Duration,
    is_stopped: bool,
    report: Report,
    target: TargetReport,
}

impl Outcome {
    pub(super) fn new(ended: &Ended, judge: &Judge, mirror: &str) -> Self {
        let counts = ended.counts.clone();
        let (report, target) = judge.report(counts.responded, counts.failed());
        let (exit, word) = match target.verdict {
            ReportVerdict::Promote => (Exit::Good, "promote"),
            ReportVerdict::Regressed => (Exit::Bad, "regressed"),
            ReportVerdict::Hold => (Exit::Undecided, "hold"),
            _ => (Exit::Undecided, "not_enough_data"),
        };
        let mut result = Self {
            exit,
            word,
            mirror: mirror.to_owned(),
            reason: target.reason.clone(),
            joint: ended.joint.clone(),
            replayed: ended.progress.replayed,
            elapsed: ended.progress.elapsed,
            behind: ended.progress.behind,
            is_stopped: ended.is_stopped,
            counts,
            report,
            target,
        };
        result.correct(ended);
        result
    }

    /// The verdict is on what was replayed, and that may not be all.
    fn correct(&mut self, ended: &Ended) {
        let counts = &self.counts;
        let refused = counts.failed.get("connect").copied().unwrap_or(0);
        if let Some(error) = &ended.error {
            (self.exit, self.word) = (Exit::Unreachable, "unreachable");
            self.reason = format!("the log cannot be read to its end: {error}");
        } else if refused > 0 && refused == counts.replayed() {
            (self.exit, self.word) = (Exit::Unreachable, "unreachable");
            let failure = ended.last_failure.as_ref();
            self.reason = failure.map_or_else(|| "no connection".to_owned(), ToString::to_string);
        } else if counts.replayed() == 0 && !self.is_stopped {
            (self.exit, self.word) = (Exit::Undecided, "not_enough_data");
            self.reason = if let Some(none) = none_of(&self.mirror, &ended.other_mirrors) {
                none
            } else if counts.read == 0 {
                "there is no record in the log".to_owned()
            } else {
                format!("no record of `{}` was replayed: {counts}", self.mirror)
            };
        } else if self.is_stopped && self.exit == Exit::Good {
            (self.exit, self.word) = (Exit::Undecided, "hold");
            self.reason = format!("it was stopped before its end; by then: {}", self.reason);
        }
    }

    pub(super) const fn exit(&self) -> Exit {
        self.exit
    }

    pub(super) fn print(&self) {
        let report = self.report.to_string();
        for line in report.trim_end().lines() {
            output::line(text::shown(line));
        }
        output::line("");
        let rate = output::rate(self.replayed, self.elapsed);
        let behind = if self.behind >= Duration::from_millis(100) {
            format!(", held up for {}", output::about(self.behind))
        } else {
            String::new()
        };
        output::line(format_args!(
            "{} in {}, {rate}/s{behind}",
            self.counts,
            output::about(self.elapsed)
        ));
        if let Some(joint) = &self.joint {
            for line in runs(joint) {
                output::line(line);
            }
        }
        let colour = match self.exit {
            Exit::Good => AnsiColor::Green,
            Exit::Bad | Exit::Unreachable => AnsiColor::Red,
            _ => AnsiColor::Yellow,
        };
        let style = Style::new().bold().fg_color(Some(colour.into()));
        output::line(format_args!(
            "{style}{}{style:#}: {} -> {}: {}",
            self.word,
            text::name(&self.mirror),
            text::name(&self.target.name),
            text::message(&self.reason)
        ));
    }

    /// The members of `mirror check --json`, and what was replayed.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "result": self.word,
            "exit_code": self.exit.code(),
            "verdict": self.target.verdict.as_str(),
            "mirror": self.mirror,
            "target": self.target.name,
            "reason": self.reason,
            "is_stopped": self.is_stopped,
            "replay": {
                "counts": self.counts,
                "elapsed_ms": millis(self.elapsed),
                "behind_ms": millis(self.behind),
                "joint": self.joint.as_ref().map(|joint| json!({
                    "runs": joint.ended + joint.stopped + joint.running,
                    "ended": joint.ended,
                    "stopped": joint.stopped,
                    "running": joint.running,
                    "own": joint.own,
                })),
            },
            "report": self.report,
        })
    }
}

/// That a log has records of other mirrors only, if it has.
pub(super) fn none_of(mirror: &str, others: &[String]) -> Option<String> {
    if others.is_empty() {
        return None;
    }
    let others: Vec<_> = others.iter().map(|other| format!("`{other}`")).collect();
    Some(format!(
        "no record in the log is of the mirror `{mirror}`: there are records of {}",
        others.join(", ")
    ))
}

/// Which runs add up to the report, if it is not this one alone.
fn runs(joint: &Joint) -> Vec<String> {
    let mut lines = Vec::new();
    let all = joint.ended + joint.stopped + joint.running;
    if all > 1 {
        let phases = [
            (joint.ended, "at the end"),
            (joint.stopped, "stopped"),
            (joint.running, "running or killed"),
        ];
        let phases = phases.iter().filter(|(count, _)| *count > 0);
        let phases: Vec<_> = phases
            .map(|(count, phase)| format!("{count} {phase}"))
            .collect();
        lines.push(format!("the sum of {all} runs: {}", phases.join(", ")));
        lines.push(format!("this run: {}", joint.own));
    }
    lines
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
