//! What the tests share: a recording `Shadow`, a `Primary` to send requests to, and waiting for conditions.

mod authority;
mod directory;
mod faulty;
mod log;
mod primary;
pub mod raw_h2;
mod shadow;

use std::{future::Future, time::Duration};

use mirror_runtime::{Mirror, TargetStats};

pub use authority::{Authority, passes_where_trusted, trusted_file};
pub use directory::Directory;
pub use faulty::{Fault, Faulty};
pub use log::Log;
pub use primary::{Answer, Primary, connect_h2};
pub use raw_h2::{RawH2, prior_knowledge};
pub use shadow::{Recorded, Shadow};

/// How long a condition is waited for before the test fails. Far more than any needs: it is no measure of speed.
const PATIENCE: Duration = Duration::from_secs(20);

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

/// Waits until each target of a mirror has an outcome for so many requests and no copy is in flight. What was not sent
/// by then never will be.
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

/// How many copies were sent once more.
pub fn resends(stats: &TargetStats) -> u64 {
    let told = format!("{stats:?}");
    let (_, number) = told.split_once(", resends: ").unwrap_or_default();
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
    number[..digits].parse().unwrap_or(0)
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

/// A raw answer without the values of its `date` headers: two servers are never asked at the same moment.
pub fn without_date(raw: &[u8]) -> String {
    let mut text = raw.escape_ascii().to_string().replace("\\r\\n", "\r\n");
    while let Some(start) = text.find("\r\ndate: ") {
        let end = text[start + 2..].find("\r\n").map(|end| start + 2 + end);
        text.replace_range(start..end.unwrap_or(text.len()), "");
    }
    text
}
