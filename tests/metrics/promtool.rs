//! What Prometheus' own tool says.

use std::{
    ffi::OsString,
    io::Write,
    process::{Command, Stdio},
};

use super::scrape;

/// Whether the tool is installed. If it is not, that is said, and is a failure where all programs
/// are needed.
pub(crate) fn is_installed() -> bool {
    let is_installed = Command::new("promtool").arg("--version").output().is_ok();
    if !is_installed {
        let left_out = "LEFT OUT: promtool, which is not installed";
        assert!(
            std::env::var_os("CI") != Some(OsString::from("true")),
            "{left_out}"
        );
        eprintln!("\n{left_out}\n");
    }
    is_installed
}

/// Runs it in a directory with something on its standard input.
#[track_caller]
pub(crate) fn passes(arguments: &[&str], directory: &str, input: &str) {
    if !is_installed() {
        return;
    }
    let mut promtool = Command::new("promtool")
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have seen enough before it has read all.
    let _ = promtool.stdin.take().unwrap().write_all(input.as_bytes());
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

/// Whether a scrape is one, and follows the rules for names.
#[track_caller]
pub(crate) fn check_metrics(text: &str) {
    passes(&["check", "metrics"], ".", text);
}

#[tokio::test]
async fn a_scrape_is_as_prometheus_wants_it() {
    let text = scrape::text().await;
    assert!(text.contains("mirror_buffered_bytes_limit"));
    check_metrics(&text);
}
