//! Printing what goes where while it goes.

use std::{cell::Cell, time::Duration};

use mirror_runtime::{MirrorStats, TargetStats};
use testkit::demo::{Result, settle};
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use crate::{shop, traffic::Traffic};

/// How often a phase prints a line.
const EVERY: Duration = Duration::from_millis(400);

/// How many orders are shown one by one.
const SHOWN: usize = 6;

#[derive(Default)]
pub(crate) struct Live {
    headlines: Cell<u32>,
}

impl Live {
    pub(crate) fn headline(&self, text: &str) {
        self.headlines.set(self.headlines.get() + 1);
        println!("\n  {}   {text}", self.headlines.get());
    }

    /// Sends a few orders one after another and prints what became of each.
    pub(crate) async fn one_by_one(&self, traffic: &mut Traffic) -> Result {
        let mut before = None;
        for _ in 0..SHOWN {
            let (order, answer) = traffic.send_one().await?;
            settle().await;
            let after = shop::mirror()?.stats();
            let outcomes: Vec<_> = after
                .targets
                .iter()
                .map(|now| outcome(now, before.as_ref()))
                .collect();
            println!(
                "      POST /orders {order:<32} primary {}, {}",
                answer.status.as_u16(),
                outcomes.join(", ")
            );
            before = Some(after);
        }
        Ok(())
    }
}

pub(crate) struct Watched {
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Watched {
    /// Prints a line every now and then, until it is ended.
    pub(crate) fn start() -> Result<Self> {
        let mirror = shop::mirror()?;
        let before = mirror.stats();
        println!("{}", columns(&before.targets));
        let (end, mut ended) = oneshot::channel();
        let task = tokio::spawn(async move {
            while timeout(EVERY, &mut ended).await.is_err() {
                println!("{}", progress(&before, &mirror.stats()));
            }
            println!("{}", progress(&before, &mirror.stats()));
        });
        Ok(Self { end, task })
    }

    pub(crate) async fn end(self) -> Result {
        let _ = self.end.send(());
        Ok(self.task.await?)
    }
}

/// What became of the latest request for one target.
fn outcome(now: &TargetStats, before: Option<&MirrorStats>) -> String {
    let before = before.and_then(|before| before.target(&now.name));
    let since = |count: fn(&TargetStats) -> u64| count(now) - before.map_or(0, count);
    let what = if since(|target| target.answered) > 0 {
        "answered"
    } else if since(|target| target.failed) > 0 {
        "failed"
    } else {
        "not sampled"
    };
    format!("{} {what}", now.name)
}

/// The line above those of a phase.
fn columns(targets: &[TargetStats]) -> String {
    let names = row(targets.iter().map(|target| format!("{:<33}", target.name)));
    let counts = row(targets
        .iter()
        .map(|_| "sent  answered  failed  in flight".into()));
    format!("{names}\n{counts}")
}

/// What became of the requests since the beginning of a phase.
fn progress(before: &MirrorStats, now: &MirrorStats) -> String {
    let pairs = now.targets.iter().zip(&before.targets);
    row(pairs.map(|(now, before)| {
        format!(
            "{:>4}  {:>8}  {:>6}  {:>9}",
            now.sent - before.sent,
            now.answered - before.answered,
            now.failed - before.failed,
            now.in_flight
        )
    }))
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<_> = cells.collect();
    format!("      {}", cells.join("     ").trim_end())
}
