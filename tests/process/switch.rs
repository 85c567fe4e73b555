//! Mirrors that the environment switches off.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use axum::routing::get;
use mirror_runtime::{Event, EventKind, Mirror, Observer, SkipReason, Target, mirror};
use testkit::{Log, Primary, Shadow, mirror_named, passes_with, settled, until};

use crate::app;

/// The switch itself.
const SWITCH: &str = "MIRROR_DISABLED";

/// Set in the processes that the tests below start: whether mirrors are on there.
const IS_ON: &str = "MIRROR_TESTS_IS_ON";

#[mirror(targets = [env("MIRROR_TESTS_SWITCHED_URL")], name = "switched")]
async fn switched() -> &'static str {
    "primary"
}

/// Counts the events of requests that were not sent.
struct Counts;

static OBSERVED: AtomicUsize = AtomicUsize::new(0);

impl Observer for Counts {
    fn observe(&self, event: &Event<'_>) {
        if let EventKind::NotSent { .. } = event.kind {
            OBSERVED.fetch_add(1, SeqCst);
        }
    }
}

/// Runs in a process for each value of the switch.
#[tokio::test]
async fn a_request_is_copied_or_counted_as_the_switch_says() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    static SKIPPED: AtomicUsize = AtomicUsize::new(0);
    let Ok(is_on) = std::env::var(IS_ON) else {
        return;
    };
    let is_on = is_on == "true";
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .when(|_| {
            ASKED.fetch_add(1, SeqCst);
            true
        })
        .on_skip(|_: &Target, reason: SkipReason| {
            assert_eq!(reason, SkipReason::SwitchedOff);
            SKIPPED.fetch_add(1, SeqCst);
        })
        .observer(Counts)
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror).route("/attribute", get(switched))).await;
    for _ in 0..3 {
        assert_eq!(primary.get("/").await.text(), "primary");
        assert_eq!(primary.get("/attribute").await.text(), "primary");
    }
    let stats = settled(&mirror, 3).await.remove(0);
    // The layer of `app` is around the routes that it has by then.
    let attribute = settled(&mirror_named("switched"), 3).await.remove(0);
    if is_on {
        assert_eq!((stats.answered, ASKED.load(SeqCst)), (3, 3), "{stats}");
        assert_eq!(attribute.skipped_for(SkipReason::Disabled), 3);
    } else {
        let off = [&stats, &attribute].map(|target| target.skipped_for(SkipReason::SwitchedOff));
        assert_eq!(off, [3, 3], "{stats}, {attribute}");
        assert_eq!((ASKED.load(SeqCst), shadow.connections()), (0, 0));
        until("`on_skip` is called", || SKIPPED.load(SeqCst) == 3).await;
        // As of requests that are not sampled, of which there are as many as there is traffic.
        mirror_runtime::drain(std::time::Duration::from_secs(10)).await;
        assert_eq!(OBSERVED.load(SeqCst), 0);
    }
    let told = log.text();
    let lines: Vec<_> = told.lines().filter(|line| line.contains(SWITCH)).collect();
    assert_eq!(lines.len(), usize::from(!is_on), "{told}");
    assert!(lines.iter().all(|line| line.contains("WARN")), "{told}");
    if std::env::var(SWITCH).is_ok_and(|value| value == "yes") {
        let known = [
            "\"yes\"",
            "write `MIRROR_DISABLED=1`",
            "`MIRROR_DISABLED=0`",
        ];
        assert!(known.iter().all(|word| lines[0].contains(word)), "{told}");
    }
}

async fn with_switch(value: &str, is_on: bool) {
    let test = "switch::a_request_is_copied_or_counted_as_the_switch_says";
    let variables = vec![(SWITCH, value.to_owned()), (IS_ON, is_on.to_string())];
    passes_with(test, variables).await;
}

#[tokio::test]
async fn one_and_true_switch_all_mirrors_off() {
    for value in ["1", "true"] {
        with_switch(value, false).await;
    }
}

#[tokio::test]
async fn nothing_zero_and_false_leave_them_on() {
    for value in ["", "0", "false"] {
        with_switch(value, true).await;
    }
}

#[tokio::test]
async fn a_value_that_is_not_known_switches_them_off_and_the_log_says_what_to_write() {
    with_switch("yes", false).await;
}

/// Runs in a process whose environment switches off one mirror.
#[tokio::test]
async fn a_mirror_is_off_if_its_name_is_that_of_a_pattern() {
    if std::env::var_os("MIRROR_TESTS_PATTERNS").is_none() {
        return;
    }
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let shadow = Shadow::start().await;
    let on = Mirror::builder()
        .name("users.list")
        .target(shadow.url())
        .build()
        .unwrap();
    let primary = Primary::start(app(&on).route("/attribute", get(switched))).await;
    primary.get("/").await;
    primary.get("/attribute").await;
    assert_eq!(settled(&on, 1).await[0].answered, 1);
    let off = settled(&mirror_named("switched"), 1).await.remove(0);
    assert_eq!(off.skipped_for(SkipReason::SwitchedOff), 1);
    let told = log.text();
    let lines: Vec<_> = told.lines().filter(|line| line.contains(SWITCH)).collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(
        lines[0].contains("switche?") && lines[0].contains("named=\"switched\""),
        "{told}"
    );
    assert!(
        lines[1].contains("ordres.*") && lines[1].contains("no mirror"),
        "{told}"
    );
}

#[tokio::test]
async fn patterns_switch_off_whom_they_name_and_the_log_says_whom_nobody_has() {
    let variables = vec![
        (SWITCH, "switche?, ordres.*".to_owned()),
        ("MIRROR_TESTS_PATTERNS", "1".to_owned()),
    ];
    let test = "switch::a_mirror_is_off_if_its_name_is_that_of_a_pattern";
    passes_with(test, variables).await;
}
