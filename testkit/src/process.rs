//! Tests that run once more, in a process of their own.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

/// Runs a test of this program in another process, with environment variables of its own.
pub async fn passes_with(test: &'static str, variables: Vec<(&'static str, String)>) {
    let program = std::env::current_exe().unwrap();
    let run = move || {
        Command::new(program)
            .args(["--exact", test])
            .envs(variables)
            .output()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}

/// What a process of its own has too little room on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// A disk of so many KiB, which nobody else has: `ENOSPC`.
    Disk(u32),
    /// Files of half as many KiB each: `EFBIG`.
    Files(u32),
}

/// Who may mount a disk, for itself alone: the superuser, and anybody else as the superuser of a
/// namespace. Where CI runs, that is mostly forbidden, and `sudo` is not.
const MOUNTING: [&[&str]; 3] = [
    &["unshare", "--mount"],
    &["unshare", "--user", "--map-root-user", "--mount"],
    &["sudo", "-n", "unshare", "--mount"],
];

/// Mounts a disk at `$1`, of the size `$2`, and does what comes then.
const MOUNT: &str = r#"mount -t tmpfs -o "size=$2k" tmpfs "$1" && shift 2 && exec "$@""#;

/// Without the signal, which would kill it. A unit of the limit is 512 bytes.
const LIMIT: &str = r#"trap "" 25; ulimit -f "$2" && shift 2 && exec "$@""#;

/// Runs a test of this program in another process that has too little room in a directory, which a
/// variable names. `false` if that cannot be had here, which is said, and is a failure where `CI` is
/// `true`.
pub async fn passes_with_little_room(
    test: &'static str,
    variable: &'static str,
    directory: PathBuf,
    room: Room,
) -> bool {
    let run = move || {
        let mut command = with_little_room(&directory, room)?;
        let mut named = OsString::from(format!("{variable}="));
        named.push(&directory);
        command.arg("env").arg(named);
        command.arg(std::env::current_exe().unwrap());
        Some(command.args(["--exact", test, "--nocapture"]).output())
    };
    let Some(output) = tokio::task::spawn_blocking(run).await.unwrap() else {
        let left_out = format!("LEFT OUT: {test}, because {room:?} cannot be had here");
        assert!(!is_ci(), "{left_out}");
        eprintln!("\n{left_out}\n");
        return false;
    };
    let output = output.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{room:?}: {printed}{errors}"
    );
    true
}

fn is_ci() -> bool {
    std::env::var_os("CI") == Some(OsString::from("true"))
}

/// What runs a command so, if that is possible.
fn with_little_room(directory: &Path, room: Room) -> Option<Command> {
    let command = |before: &[&str], script: &str, size: u32| {
        let shell = ["sh", "-c", script, "sh"];
        let mut all = before.iter().chain(&shell);
        let mut command = Command::new(all.next()?);
        command.args(all).arg(directory).arg(size.to_string());
        Some(command)
    };
    match room {
        Room::Files(size) => command(&[], LIMIT, size),
        Room::Disk(size) => {
            // Nobody wants a test to be the superuser of his machine.
            let most = if is_ci() { 3 } else { 2 };
            let works = |before: &&&[&str]| {
                let probe = command(before, MOUNT, size);
                let output = probe.and_then(|mut probe| probe.arg("true").output().ok());
                output.is_some_and(|output| output.status.success())
            };
            let before = MOUNTING[..most].iter().find(works)?;
            command(before, MOUNT, size)
        }
    }
}
