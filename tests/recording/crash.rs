//! A process that is killed while it writes leaves no half fixture.

use std::{
    path::PathBuf,
    process::{Child, Command},
    time::{Duration, SystemTime},
};

use super::*;

/// Set for the process that is killed.
const VARIABLE: &str = "MIRROR_TESTS_RECORD_UNTIL_KILLED";

/// Killed when it is dropped, whatever became of the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn long(value: u8) -> Response {
    ok(format!("[{value},\"{}\"]", "x".repeat(100_000)))
}

/// In a process of its own; elsewhere there is nothing to do.
#[tokio::test]
async fn recording_without_an_end() {
    let Some(directory) = std::env::var_os(VARIABLE) else {
        return;
    };
    let all = |builder: MirrorBuilder| {
        let builder = builder.max_fixtures(usize::MAX).max_fixture_bytes(u64::MAX);
        builder.record(PathBuf::from(directory))
    };
    let recording = Recording::new("child", all, |_| long(1), |_| long(2)).await;
    for number in 0.. {
        recording.primary.get(&format!("/{number}")).await;
    }
}

#[tokio::test]
async fn a_process_that_is_killed_leaves_whole_fixtures() {
    let directory = Directory::new("crash");
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "recording::crash::recording_without_an_end"])
        .env(VARIABLE, directory.path())
        .spawn();
    let child = Killed(child.unwrap());
    let whole = || {
        let names = directory.names().into_iter();
        names.filter(|name| !name.starts_with('.')).count()
    };
    until("fixtures", || whole() >= 3).await;
    drop(child);
    // What it may have left.
    std::fs::write(directory.path().join(".mirror-fixture-1-1.tmp"), "{").unwrap();
    // A young one may be that of a process that lives.
    let before = SystemTime::now() - Duration::from_hours(1);
    for name in directory.names() {
        let path = directory.path().join(name);
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(before).unwrap();
    }
    let path = directory.path().to_str().unwrap();
    let app = || Router::new().fallback(async || long(1));
    mirror_runtime::__private::replay_others(path, &[], || app).await;
    let whole = directory.fixtures().len();
    let here = directory.path().to_owned();
    let more = |builder: MirrorBuilder| builder.record(here).max_fixtures(usize::MAX);
    let recording = Recording::new("after", more, |_| ok("[1]"), |_| ok("[2]")).await;
    recording.primary.get("/after").await;
    recording.told(1).await;
    assert_eq!(
        directory.names().len(),
        whole + 1,
        "what was left is removed"
    );
}
