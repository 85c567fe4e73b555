//! What goes wrong while a mismatch is written down.

use std::process::Command;

use mirror_runtime::NotComparedReason;
use tracing::{Event, Metadata, Subscriber, span};

use super::*;

/// Set for the process whose log panics.
const VARIABLE: &str = "MIRROR_TESTS_PANICKING_LOG";

/// A log that panics where a mismatch is not recorded.
struct Panicking;

impl Subscriber for Panicking {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().ends_with("recording")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        panic!("the log of recording");
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// In a process of its own, whose log is its own as well; elsewhere there is nothing to do.
#[tokio::test]
async fn recording_with_a_log_that_panics() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    tracing::subscriber::set_global_default(Panicking).unwrap();
    let directory = Directory::new("panics");
    std::fs::write(directory.path(), "a file").unwrap();
    let below = directory.path().join("below");
    let nowhere = move |builder: MirrorBuilder| builder.record(below);
    let recording = Recording::new("nowhere", nowhere, |_| ok("[1]"), |_| ok("[2]")).await;
    recording.primary.get("/").await;
    let target = || recording.mirror.report().targets.remove(0);
    until("a comparison", || {
        let target = target();
        target.mismatched + target.not_compared > 0
    })
    .await;
    mirror_runtime::drain(std::time::Duration::from_secs(20)).await;
    let target = target();
    assert_eq!(
        target.not_compared_for(NotComparedReason::Panicked),
        0,
        "{target:?}"
    );
    assert_eq!((target.mismatched, target.compared), (1, 1), "{target:?}");
    recording.told(1).await;
    std::fs::remove_file(directory.path()).unwrap();
}

#[test]
fn a_panic_while_a_mismatch_is_recorded_is_no_comparison_that_failed() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "recording::panics::recording_with_a_log_that_panics",
            "--nocapture",
        ])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    let [said, log] = [child.stdout, child.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(child.status.success(), "{said}\n{log}");
    // It was run, and it did panic.
    assert!(said.contains("1 passed"), "{said}");
    assert!(log.contains("the log of recording"), "{log}");
}
