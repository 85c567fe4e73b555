//! Waiting for what will happen, or has.

use std::{future::Future, time::Duration};

use mirror_runtime::{Mirror, TargetStats};

/// How long a condition is waited for before the test fails. Far more than any needs: it is no
/// measure of speed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for something that will happen.
pub async fn eventually<T>(what: &str, happens: impl Future<Output = T>) -> T {
    let Ok(value) = tokio::time::timeout(PATIENCE, happens).await else {
        panic!("waited in vain: {what}");
    };
    value
}

/// Waits until a condition holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    eventually(what, async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Waits until each target of a mirror has an outcome for so many requests and no copy is in
/// flight. What was not sent by then never will be.
pub async fn settled(mirror: &Mirror, requests: u64) -> Vec<TargetStats> {
    until(&format!("{requests} outcomes per target"), || {
        let targets = mirror.stats().targets;
        targets
            .iter()
            .all(|target| target.received == requests && target.in_flight == 0)
    })
    .await;
    let stats = mirror.stats();
    for target in &stats.targets {
        assert_eq!(
            target.received,
            target.sent + target.skipped + target.shed,
            "{target}"
        );
        assert_eq!(
            target.sent,
            target.answered + target.failed + target.in_flight,
            "{target}"
        );
    }
    stats.targets
}

/// Lets the clock of a runtime with one thread go on by so many seconds, one by one: what looks
/// every second, does.
pub async fn pass(seconds: u64) {
    for _ in 0..seconds {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::time::resume();
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
    }
}

/// The mirror that an attribute made, by its name.
pub fn mirror_named(name: &str) -> Mirror {
    mirror_runtime::mirror_named(name).unwrap_or_else(|| panic!("no mirror is named `{name}`"))
}

/// The address of a server that is not there: bound once to know that it is free, and closed again.
pub async fn closed_port() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
