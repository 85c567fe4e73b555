//! `mirror replay` in a terminal.

use std::sync::Arc;

use testkit::eventually;
use tokio::sync::Semaphore;

use crate::{
    pty::Terminal,
    replay::{Build, Log, answer, orders},
};

#[tokio::test]
async fn a_bar_shows_how_far_it_is_and_is_gone_at_the_end() {
    let log = Log::new("replay-terminal", &orders(400));
    let slots = Arc::new(Semaphore::new(100));
    let of_build = Arc::clone(&slots);
    let build = Build::start(move |request| {
        let slots = Arc::clone(&of_build);
        async move {
            slots.acquire().await.unwrap().forget();
            answer(&request, 13.0)
        }
    });
    let args = log.args(&build.url(), &["--speed", "max", "--max-concurrent", "8"]);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let mut terminal = Terminal::start(&args);
    // The rest waits, so this stays.
    for part in [
        " 25% 100 replayed, ",
        "/s, lag ",
        ", ETA ",
        ", 100 mismatched",
    ] {
        terminal.sees(part).await;
    }
    let seen = terminal.seen();
    let line = &seen[seen.rfind(" 25% 100 replayed, ").unwrap()..];
    let eta = line.split(", ETA ").nth(1).unwrap();
    assert!(
        eta.starts_with(|first: char| first.is_ascii_digit()),
        "{line:?}"
    );
    slots.add_permits(10_000);
    let status = eventually("the replay ends", terminal.child.wait()).await;
    assert_eq!(status.unwrap().code(), Some(1));
    terminal.sees("regressed").await;
    assert!(terminal.is_as_it_was());
    let seen = terminal.seen();
    let (bars, report) = seen.split_at(seen.rfind(" replayed, ").unwrap());
    assert!(bars.contains("==>") || bars.contains("> "), "{seen:?}");
    // The line is cleared before the report, and the cursor is where it was.
    let cleared = report
        .find("\u{1b}[2K")
        .unwrap_or_else(|| panic!("{report:?}"));
    let verdict = report.find("read 400, responded 400").unwrap();
    assert!(cleared < verdict, "{report:?}");
    let count = |what| seen.matches(what).count();
    assert_eq!(count("\u{1b}[?25l"), count("\u{1b}[?25h"));
    assert_eq!(count("\u{1b}[?1049h"), 0);
}
