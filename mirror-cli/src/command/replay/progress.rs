//! How far a replay is: a bar on a terminal, and else a line now and then.

use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mirror_replay::Progress;

use crate::output;

/// How often there is a line where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// So much is all of a log.
const WHOLE: u64 = 1_000;

/// Who is told.
pub(super) enum Told {
    Bar(ProgressBar),
    Lines {
        last: Instant,
        /// Whether the last line was that others are waited for.
        is_waiting: bool,
    },
}

impl Told {
    pub(super) fn new() -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if !io::stderr().is_terminal() || is_dumb {
            return Self::Lines {
                last: Instant::now(),
                is_waiting: false,
            };
        }
        let bar = ProgressBar::with_draw_target(Some(WHOLE), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:14} {percent:>3}% {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self::Bar(bar)
    }

    pub(super) fn tell(&mut self, progress: &Progress) {
        match self {
            Self::Bar(bar) => {
                bar.set_position(thousandths(progress.done));
                bar.set_message(text(progress));
            }
            Self::Lines { last, is_waiting }
                if last.elapsed() >= LINE || progress.waits_for > 0 && !*is_waiting =>
            {
                *last = Instant::now();
                *is_waiting = progress.waits_for > 0;
                let percent = thousandths(progress.done) / 10;
                output::note(&format!("{percent}% {}", text(progress)));
            }
            Self::Lines { .. } => {}
        }
    }

    pub(super) fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// `1200 replayed, 310/s, lag 0s, ETA 2m, 3 mismatched`, which has room beside a bar of 80 columns.
fn text(progress: &Progress) -> String {
    if progress.waits_for > 0 {
        return format!(
            "{} replayed, waiting for {} records that other replayers hold",
            progress.counts.replayed(),
            progress.waits_for
        );
    }
    let counts = &progress.counts;
    let rate = output::rate(progress.replayed, progress.elapsed);
    let mut text = format!(
        "{} replayed, {rate}/s, lag {}, ETA {}, {} mismatched",
        counts.replayed(),
        seconds(progress.behind),
        left(progress).map_or_else(|| "-".to_owned(), seconds),
        counts.mismatched,
    );
    if counts.failed() > 0 {
        text = format!("{text}, {} failed", counts.failed());
    }
    text
}

fn seconds(duration: Duration) -> String {
    output::about(Duration::from_secs(duration.as_secs()))
}

/// How long it will take, if it goes on like this.
fn left(progress: &Progress) -> Option<Duration> {
    /// From less, nothing can be told.
    const MIN: f64 = 0.005;
    if progress.done < MIN {
        return None;
    }
    let whole = progress.elapsed.as_secs_f64() / progress.done;
    let left = whole - progress.elapsed.as_secs_f64();
    Duration::try_from_secs_f64(left.max(0.0)).ok()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share from 0 to 1"
)]
fn thousandths(share: f64) -> u64 {
    (share * 1_000.0) as u64
}
